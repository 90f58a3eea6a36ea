"""Tracked poses in, events and activities out."""
