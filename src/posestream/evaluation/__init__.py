"""Measure accuracy."""
