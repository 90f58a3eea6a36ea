"""Make network inputs out of frames."""
