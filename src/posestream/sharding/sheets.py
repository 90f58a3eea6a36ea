"""Pictures of a process's tiles, in memory that it shares with the one that started it.

A process does not know where its tiles stand in the whole mosaic, nor need it: it draws them into a
sheet of its own, tiles of just the whole's size, two in a row. Which tile goes where is for the
parent.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posestream.errors import SinkError
from posestream.images import HostImage, plane_arrays
from posestream.overlay.layout import Tile, grid_of, layout
from posestream.sharding.messages import SheetMade, SheetsOver
from posestream.types import Frame

SLOTS = 2
"""Sheets of one process: one that is shown, one that is drawn."""
_IN_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class SheetForm:
    """How a process's tiles lie on its sheet, and where the sheets are."""

    size: tuple[int, int]
    """Width and height, even pixels."""
    shape: str
    """Columns and rows, such as ``2x4``."""
    live: bool
    """Whether the mosaic goes by the clock on the wall."""
    file: Path
    """File that both processes map."""

    def tiles(self) -> tuple[Tile, ...]:
        """Return its places, in the order of the process's streams."""
        columns, rows = grid_of(self.shape)
        return layout(columns * rows, shape=self.shape, size=self.size)


def sheet_grid(
    streams: int, whole: tuple[int, int], grid: tuple[int, int]
) -> tuple[tuple[int, int], str]:
    """Return size and shape of a sheet whose tiles are as large as those of the whole mosaic.

    Args:
        streams: How many tiles it has.
        whole: Width and height of the whole, pixels.
        grid: Columns and rows of the whole.
    """
    # An even number of each: the room of a tile may be odd, and the sheet's sides must not.
    rows = -(-streams // 4) * 2
    room = (whole[0] // grid[0], whole[1] // grid[1])
    return (2 * room[0], rows * room[1]), f"2x{rows}"


class SheetMemory:
    """Room for sheets of YUV 4:2:0, mapped from a file.

    Args:
        file: What is mapped.
        size: Width and height of a sheet, pixels.
    """

    def __init__(self, file: Path, size: tuple[int, int]) -> None:
        self._file, (self._width, self._height) = file, size
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 0)

    @classmethod
    def made(cls, size: tuple[int, int]) -> SheetMemory:
        """Make the file, in memory where the system has a place for that, and map it.

        Raises:
            SinkError: If there is no room for it.
        """
        length = SLOTS * size[0] * size[1] * 3 // 2
        places = [_IN_MEMORY] if _IN_MEMORY.is_dir() else []
        for place in (*places, Path(tempfile.gettempdir())):
            try:
                number, name = tempfile.mkstemp(prefix="posestream-", dir=place)
            except OSError:
                continue
            try:
                _reserve(number, length)
                return cls(Path(name), size)
            except OSError:
                Path(name).unlink(missing_ok=True)
            finally:
                os.close(number)
        raise SinkError(f"mosaic: no room for {length} bytes of shared memory")

    @property
    def file(self) -> Path:
        """What is mapped."""
        return self._file

    def planes(self, slot: int) -> list[npt.NDArray[np.uint8]]:
        """Return luma and both colour differences of a sheet, as ``(height, width)`` each."""
        width, height = self._width, self._height
        start, planes = slot * width * height * 3 // 2, []
        for wide, tall in ((width, height), *[(width // 2, height // 2)] * 2):
            plane = np.frombuffer(self._map, np.uint8, wide * tall, start).reshape(tall, wide)
            planes.append(plane)
            start += wide * tall
        return planes

    def forget(self) -> None:
        """Remove the file; who has it mapped already, keeps the memory. May be called twice."""
        try:
            self._file.unlink(missing_ok=True)
        except PermissionError:  # Windows, while it is mapped; it goes with the temporary files
            return


class SheetSink:
    """Puts a mosaic's pictures into shared memory and says so.

    Args:
        memory: Where they go.
        send: Tells the other process; its answer is `free`.
    """

    def __init__(self, memory: SheetMemory, send: Callable[[object], object]) -> None:
        self._memory = memory
        self._send = send
        self._free = deque(range(SLOTS))
        self._changed = threading.Condition()
        self._let_go = False

    def write(self, frame: Frame) -> None:
        """Hand a picture over; waits until an earlier one has been used."""
        image = frame.image
        ready = isinstance(image, HostImage) and image.frame.format.name == "yuv420p"
        self._put(image if ready else image.yuv420p_copy(), frame.pts, frame.time_base)

    def write_last(self, picture: HostImage, tick: int, rate: Fraction) -> None:
        """Hand over how the streams stand at the end."""
        self._put(picture, tick, 1 / rate, last=True)

    def free(self, slot: int) -> None:
        """Take note that a picture has been used."""
        with self._changed:
            self._free.append(slot)
            self._changed.notify()

    def let_go(self) -> None:
        """Let nobody wait any more: the other process is gone."""
        with self._changed:
            self._let_go = True
            self._changed.notify_all()

    def close(self) -> None:
        """Say that no more pictures come."""
        self._send(SheetsOver())

    def _put(
        self, picture: HostImage, tick: int, time_base: Fraction, *, last: bool = False
    ) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._free or self._let_go)
            if self._let_go:
                return
            slot = self._free.popleft()
        sources = plane_arrays(picture.frame)
        for target, source in zip(self._memory.planes(slot), sources, strict=True):
            np.copyto(target, source)
        self._send(SheetMade(slot, tick, time_base, last))


def _reserve(number: int, length: int) -> None:
    """Give a file its length, and its memory where the system can, so that none is missing later.

    Raises:
        OSError: If there is no room.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(number, 0, length)
    else:
        os.truncate(number, length)
