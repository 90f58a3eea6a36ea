"""Bring everyone that kernels found in a batch to the host, in one small copy.

All frames share a pool of rows. The first are copied with every batch, the others only after a
crowd, in a second copy.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from posestream.decoding.in_frame import geometry_row
from posestream.geometry import Letterbox
from posestream.transfers import Transfer
from posestream.types import Poses

if TYPE_CHECKING:
    import torch

FIRST_ROWS = 16
"""People of a frame, in the mean of a batch, whom the copy has room for."""
_ROWS = ("points", "sure", "scores", "boxes")


class _Found(ctypes.Structure):
    """``Found`` of the kernels: where everything goes."""

    _fields_ = (("addresses", ctypes.c_void_p * 11), ("room", ctypes.c_int))


class FoundPeople:
    """Where kernels put people, and people as poses.

    Args:
        size: Frames of a batch.
        keypoints: Keypoints of a person.
        most: People of a frame at most.
        device: Where the kernels run.
    """

    def __init__(self, size: int, keypoints: int, *, most: int, device: torch.device) -> None:
        heads = {"used": ((1,), np.int32)}
        heads |= dict.fromkeys(("starts", "counts"), ((size,), np.int32))
        self._room = size * min(FIRST_ROWS, most)
        rows = _rows(self._room, keypoints)
        self._found = Transfer(heads | rows, device)
        self._more = Transfer(_rows(size * most - self._room, keypoints), device, on_host=False)
        places = [self._found.on_device(name) for name in (*heads, *rows)]
        places += [self._more.on_device(name) for name in rows]
        pointers = (ctypes.c_void_p * 11)(*(place.data_ptr() for place in places))
        self._argument = _Found(pointers, self._room)
        self._keypoints = keypoints

    @property
    def argument(self) -> ctypes.Structure:
        """What kernels are told, the last of their arguments."""
        return self._argument

    @property
    def used(self) -> torch.Tensor:
        """``(4,)`` bytes: how many rows are taken; a kernel sets it to 0 before."""
        return self._found.on_device("used")

    @property
    def bytes(self) -> int:
        """Size of the copy."""
        return self._found.bytes

    def download(self) -> None:
        """Enqueue the copy to the host on the current stream."""
        self._found.download()

    def poses(self, frames: Sequence[int]) -> list[Poses]:
        """Return everyone in some frames of the last copy, which has arrived."""
        host = self._found.host
        used = int(host["used"][0])
        rows = [host[name][: min(used, self._room)].copy() for name in _ROWS]
        if used > self._room:
            rows = [
                np.concatenate([first, self._more.fetched(name, used - self._room)])
                for first, name in zip(rows, _ROWS, strict=True)
            ]
        starts, counts = host["starts"].tolist(), host["counts"].tolist()
        spans = [(starts[frame], starts[frame] + counts[frame]) for frame in frames]
        return Poses.split(Poses(*rows), spans)


class Placement:
    """Tells kernels where each frame lies in its maps; streams keep their letterboxes.

    Args:
        size: Frames of a batch.
        stride: Input pixels per cell.
        device: Where the kernels run.
    """

    def __init__(self, size: int, *, stride: int, device: torch.device) -> None:
        self._stride = stride
        self._where = Transfer({"where": ((size, 7), np.float64)}, device)
        self._known: list[Letterbox | None] = [None] * size

    @property
    def where(self) -> torch.Tensor:
        """``(size, 7)`` of `geometry_row`, as bytes."""
        return self._where.on_device("where")

    def place(self, letterboxes: Sequence[Letterbox]) -> list[int]:
        """Note where frames lie; say for which of them that has changed.

        Raises:
            ValueError: If there are more than the batch has room for.
        """
        known = self._known
        if len(letterboxes) > len(known):
            raise ValueError(f"{len(letterboxes)} frames, room for {len(known)}")
        changed = [n for n, box in enumerate(letterboxes) if box is not known[n]]
        for n in changed:
            known[n] = letterboxes[n]
            self._where.host["where"][n] = geometry_row(letterboxes[n], self._stride)
        return changed

    def forget(self, count: int) -> None:
        """Take the frames from a place on for changed when they come again."""
        self._known[count:] = [None] * (len(self._known) - count)

    def upload(self) -> None:
        """Enqueue the copy to the device on the current stream."""
        self._where.upload()


def _rows(count: int, keypoints: int) -> dict[str, tuple[tuple[int, ...], npt.DTypeLike]]:
    shapes = ((count, keypoints, 2), (count, keypoints), (count,), (count, 4))
    return {name: (shape, np.float32) for name, shape in zip(_ROWS, shapes, strict=True)}
