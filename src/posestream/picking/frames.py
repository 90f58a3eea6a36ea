"""One frame of an input."""

from __future__ import annotations

from posestream.errors import SourceError
from posestream.sources.addresses import kind_of_input
from posestream.sources.opening import open_source
from posestream.sources.options import SourceOptions
from posestream.types import Frame


def frame_at(text: str, *, at_s: float | None = None) -> Frame:
    """Return a frame of a file, camera or address.

    Args:
        text: The input, as `open_source` takes it.
        at_s: Time of the frame; seconds from the beginning of a recording, or from now on where
            the input is live. By default the first frame.

    Raises:
        SourceError: If there is no such frame.
        ConfigError: If the input has no times.
    """
    live = kind_of_input(text).live
    source = open_source(text, options=SourceOptions(start_s=None if live else at_s))
    try:
        first_s: float | None = None
        for frame in source.frames():
            first_s = frame.pts_s if first_s is None else first_s
            if not live or frame.pts_s - first_s >= (at_s or 0.0):
                return frame
    finally:
        source.close()
    when = "" if at_s is None else f" at {at_s:g} seconds or later"
    raise SourceError(f"{source.name}: has no frame{when}")
