"""The mosaic of a run in several processes, from its plan to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from posestream.config import Config
from posestream.overlay.layout import layout
from posestream.sharding.assembling import SheetLane, SheetMosaic
from posestream.sharding.messages import SheetMade, SheetsOver
from posestream.sharding.sheets import SheetForm, SheetMemory, sheet_grid
from posestream.sinks import FrameSink


class SharedMosaic:
    """Tiles that stand as they would in one process, drawn in several.

    Args:
        config: Settings of the run.
        names: Names of all streams, in the run's order.
        dealt: Which of them each process has.
        live: Whether it goes by the clock on the wall.

    Raises:
        ConfigError: If the streams do not fit.
        SinkError: If there is no memory to share.
    """

    def __init__(
        self, config: Config, names: Sequence[str], dealt: Sequence[Sequence[int]], *, live: bool
    ) -> None:
        tiling = config.tiling
        self._names, self._dealt, self._live = names, dealt, live
        self._size = tiling.mosaic_size
        self.tiles = layout(len(names), shape=tiling.mosaic_layout, size=self._size)
        columns = sum(tile.top == self.tiles[0].top for tile in self.tiles)
        grid = (columns, len(self.tiles) // columns)
        self._changed = threading.Condition()
        self._lanes: dict[int, SheetLane] = {}
        self._mosaic: SheetMosaic | None = None
        self._memories: list[SheetMemory] = []
        self.forms: list[SheetForm] = []
        with ExitStack() as stack:
            stack.callback(self.forget_files)
            for places in dealt:
                size, shape = sheet_grid(len(places), self._size, grid)
                self._memories.append(SheetMemory.made(size))
                self.forms.append(SheetForm(size, shape, live, self._memories[-1].file))
            stack.pop_all()

    def join(self, process: int, free: Callable[[int], None]) -> None:
        """Take a process's sheets from now on.

        Args:
            process: Which, from 0.
            free: Tells it that a sheet has been used.
        """
        self._lanes[process] = SheetLane(
            self._memories[process],
            self.forms[process].tiles(),
            self._dealt[process],
            changed=self._changed,
            free=free,
        )

    def take(self, process: int, message: SheetMade | SheetsOver, *, lost: bool = False) -> None:
        """Take what a process says of its sheets; ``lost`` says whether it is gone."""
        if isinstance(message, SheetMade):
            self._lanes[process].add(message)
        else:
            self._lanes[process].end(lost=lost)

    def open(self, sinks: Sequence[FrameSink], *, trouble: Callable[[str], str | None]) -> None:
        """Begin to make pictures.

        Args:
            sinks: Take them; closed at the end.
            trouble: Says why a stream has no pictures, or None.
        """
        self._mosaic = SheetMosaic(
            sinks,
            list(self._lanes.values()),
            self._names,
            changed=self._changed,
            tiles=self.tiles,
            size=self._size,
            live=self._live,
            trouble=trouble,
        )

    def let_go(self) -> None:
        """Where it was never opened, let no process wait for it."""
        if self._mosaic is None:
            for lane in self._lanes.values():
                lane.discard()

    def close(self) -> None:
        """Finish it, once the processes are over; may be called twice.

        Raises:
            SinkError: If a sink failed at any time.
        """
        self.forget_files()
        if self._mosaic is not None:
            self._mosaic.close()

    def forget_files(self) -> None:
        """Remove the files of the shared memory, which stays as long as somebody uses it."""
        for memory in self._memories:
            memory.forget()
