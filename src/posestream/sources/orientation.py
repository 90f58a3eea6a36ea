"""Turn decoded pictures so that up is up, in their own pixel format.

Orientations are Exif's numbers, 1 to 8, for video as well: each names the turn or mirroring that
the stored picture needs. Planes are turned as they are, without a conversion to RGB.
"""

from __future__ import annotations

import struct

import av
from av.filter import Graph

from posestream.sources.exif import UPRIGHT

# Half turns are two quarter turns: FFmpeg's own vertical flip leaves rows in reverse memory
# order, which arrays over the planes would not see.
_FILTERS = {
    1: ("clock", "cclock"),
    2: ("hflip",),
    3: ("clock", "clock"),
    4: ("cclock_flip", "cclock"),
    5: ("cclock_flip",),
    6: ("clock",),
    7: ("clock_flip",),
    8: ("cclock",),
}
_FIRST_QUARTER_TURN = 5
_SQUARE = 64
_EIGHT_BITS = 8


def matrix_orientation(a: int, b: int, c: int, d: int) -> int:
    """Return the orientation of a display matrix that sends ``x, y`` to ``ax + cy, bx + dy``.

    An angle that is no quarter turn counts as the nearest one.
    """
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[
            a < 0, d < 0
        ]
    return {(False, False): 5, (False, True): 6, (True, True): 7, (True, False): 8}[b < 0, c < 0]


class Uprighter:
    """Applies the rotation metadata of a video's frames to their pixels."""

    def __init__(self) -> None:
        self._turner = Turner()
        self._rotation: int | None = None
        self._orientation = UPRIGHT

    @property
    def swaps_axes(self) -> bool:
        """Whether the latest frame's columns became rows."""
        return self._orientation >= _FIRST_QUARTER_TURN

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the frame upright: itself where nothing is to be done."""
        # Looking into side data ties a knot of references that keeps a frame alive until the
        # next garbage collection, so it is done only where the angle is new.
        if frame.rotation != self._rotation:
            self._rotation = frame.rotation
            self._orientation = frame_orientation(frame)
        return self._turner.turn(frame, self._orientation)


def frame_orientation(frame: av.VideoFrame) -> int:
    """Return the orientation that a video frame's display matrix asks for."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except (KeyError, ValueError):  # side data of a kind that PyAV does not know
        matrix = None
    if matrix is not None:
        a, b, _, c, d = struct.unpack("=9i", bytes(matrix))[:5]
        return matrix_orientation(a, b, c, d)
    return {0: 1, 90: 8, -90: 6}.get(frame.rotation, 3)


class Turner:
    """Turns pictures, keeping FFmpeg's filters for the next one of the same kind."""

    def __init__(self) -> None:
        self._kind: object = None
        self._graph: Graph | None = None

    def turn(self, frame: av.VideoFrame, orientation: int) -> av.VideoFrame:
        """Return the picture as it is to be seen: itself where it is stored so."""
        kind = (frame.format.name, frame.width, frame.height, orientation)
        if kind != self._kind:
            needed = orientation != UPRIGHT or any(plane.line_size < 0 for plane in frame.planes)
            self._graph = _graph(frame, orientation) if needed else None
            self._kind = kind
        if self._graph is None:
            return frame
        pts = frame.pts
        self._graph.push(frame)
        turned = self._graph.pull()
        assert isinstance(turned, av.VideoFrame)
        turned.pts = pts
        return turned


def _graph(frame: av.VideoFrame, orientation: int) -> Graph:
    graph = Graph()
    last = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base,
    )
    steps = [("format", square) for square in _square_format(frame.format)]
    steps += [
        ("hflip", None) if name == "hflip" else ("transpose", name)
        for name in _FILTERS[orientation]
    ]
    for name, arguments in [*steps, ("buffersink", None)]:
        node = graph.add(name, arguments) if arguments else graph.add(name)
        last.link_to(node)
        last = node
    graph.configure()
    return graph


def _square_format(form: av.VideoFormat) -> list[str]:
    """Name the format to turn in, where samples of the picture's own are not square."""
    if form.has_palette or form.is_bit_stream:
        return ["rgb24"]
    if form.is_rgb or len(form.components) < 3:
        return []
    if form.chroma_width(_SQUARE) == form.chroma_height(_SQUARE):
        return []
    if form.name.startswith("yuvj"):
        return ["yuvj444p"]
    bits = form.components[0].bits
    return ["yuv444p" if bits <= _EIGHT_BITS else f"yuv444p{bits}le"]
