"""Choosing zones on a picture: a drawing with a grid, or a page to click points on."""
