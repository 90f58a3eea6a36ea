"""Draw what was found onto frames."""
