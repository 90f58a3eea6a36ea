"""Let ``python -m posestream`` be the ``posestream`` command."""

from posestream.cli import program

program()
