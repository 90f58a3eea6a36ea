"""One video of many streams, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from posestream.errors import ConfigError
from posestream.images import HostImage
from posestream.sinks import FrameSink
from posestream.types import Frame

if TYPE_CHECKING:
    from posestream.mosaicking.board import GpuCanvases

Epilogue = Callable[[HostImage, int, Fraction], None]
"""Takes how all streams stand at the end, the tick from which on, and the ticks per second."""


class Mosaic(Protocol):
    """Takes every stream's annotated frames, each stream's from one thread.

    Whatever happens to it, streams go on: once it has failed, it takes frames and drops them.
    """

    @property
    def frames(self) -> int:
        """Pictures written so far."""
        ...

    @property
    def error(self) -> Exception | None:
        """What ended the mosaic before its time; ``None`` while all is well."""
        ...

    def add(
        self,
        stream: str,
        *,
        frame_rate: Fraction | None = None,
        pixel_aspect: Fraction = Fraction(1),
    ) -> None:
        """Give a stream a place, or tell more about one that has a place.

        Args:
            stream: Its name.
            frame_rate: Frames per second; ``None`` where unknown.
            pixel_aspect: Width of a pixel over its height.

        Raises:
            ConfigError: If there is no place left.
        """
        ...

    def remove(self, stream: str) -> None:
        """Take a stream's place away; does nothing if it has none."""
        ...

    def show(self, stream: str, frame: Frame) -> None:
        """Take a stream's next frame; one of a stream without a place is dropped.

        A `DrawnLater` may be its image: its memory of a GPU is held until another one was shown.
        """
        ...

    def ended(self, stream: str) -> None:
        """Expect no more frames of a stream, unless one comes; its last picture stays, dimmed."""
        ...

    def close(self) -> None:
        """Finish the video and close the sinks; may be called twice.

        Raises:
            SinkError: If a sink failed at any time; all are closed nevertheless.
        """
        ...


def open_mosaic(
    sinks: Sequence[FrameSink],
    *,
    live: bool,
    status: Callable[[str], str | None],
    size: tuple[int, int] = (1920, 1080),
    shape: str | None = None,
    rate: Fraction = Fraction(25),
    on_gpu: GpuCanvases | None = None,
    epilogue: Epilogue | None = None,
) -> Mosaic:
    """Start a mosaic; give every stream a place before the first frame comes.

    Args:
        sinks: Take its pictures, on its own thread; it closes them.
        live: Whether it goes by the wall clock and makes nobody wait. Otherwise it goes by the
            times of the frames: the same files give the same mosaic, and who is ahead waits.
        status: Says in a few words why a stream has no pictures, such as ``retrying in 4 s``, or
            ``None`` if it should have some. Called on the mosaic's thread.
        size: Width and height of the mosaic, pixels.
        shape: Columns and rows, such as ``3x2``; by default as many as are needed.
        rate: Pictures per second. Where it is not live, the highest rate of the streams, at most
            60, comes first.
        on_gpu: Makes what pictures of a GPU are drawn on; without it, they are brought here.
        epilogue: Takes one more picture at the end, for those who show it longer.

    Raises:
        ConfigError: If size, shape or rate cannot be.
    """
    from posestream.mosaicking.aligned import AlignedMosaic
    from posestream.mosaicking.board import Board
    from posestream.mosaicking.live import LiveMosaic

    if rate <= 0:
        raise ConfigError(f"mosaic: a rate of {float(rate):g} pictures per second is not above 0")
    board = Board(size=size, shape=shape, on_gpu=on_gpu)
    board.tiles(1)
    mode = LiveMosaic if live else AlignedMosaic
    return mode(sinks, board, rate=rate, status=status, epilogue=epilogue)
