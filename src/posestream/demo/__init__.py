"""A video for machines that have none, made from photographs in the public domain."""
