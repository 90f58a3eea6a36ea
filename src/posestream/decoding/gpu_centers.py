"""Decode batches of a center network's maps (MoveNet MultiPose) on a GPU.

Kernels find people and their keypoints, and leave out those found twice.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.gpu_checks import checked_maps, load_for
from posestream.decoding.gpu_found import FoundPeople, Placement
from posestream.geometry import Letterbox
from posestream.kernels import ELEMENTS, Arguments, Loader, Maps, Step
from posestream.transfers import Transfer
from posestream.types import Poses

if TYPE_CHECKING:
    import torch

_PARTS = ("maps", "centers", "found", "resembling")
SOURCES = (ELEMENTS, *(Path(__file__).with_name(f"gpu_{part}.cu") for part in _PARTS))
_THREADS = 256


class CenterBatch:
    """Decodes batches of one size, see `posestream.decoding.gpu_decoder.DeviceBatch`.

    Args:
        decoder: Whose rules hold.
        maps: Like those to come; not read.
        load: How kernels are compiled.

    Raises:
        InferenceError: If type or shape of the maps is not the topology's, or too much for the GPU.
    """

    def __init__(
        self, decoder: CenterDecoder, maps: Mapping[str, torch.Tensor], *, load: Loader
    ) -> None:
        import torch

        rules = decoder.rules
        first = checked_maps(maps, rules.channels)["center_heatmap"]
        self._rules, self._device, self._size = rules, first.device, len(first)
        self._cells = (first.shape[2], first.shape[3])
        side_by_side = ((self._cells[0] + 1) // 2) * ((self._cells[1] + 1) // 2)
        most, device = int(rules.max_people), first.device
        shared = max(8 * side_by_side, 12 * most)
        self._kernels = load_for(first, SOURCES, shared_bytes=shared, load=load)
        self._reaches = torch.from_numpy(rules.reaches).to(device)
        self._sigmas = torch.from_numpy(rules.sigmas).to(device)
        people, keypoints = (self._size, most), rules.keypoints
        arrays = {
            "counts": ((self._size,), np.int32),
            "centers": (people, np.int32),
            "points": ((*people, keypoints, 2), np.float32),
            "heights": ((*people, keypoints), np.float32),
            "boxes": ((*people, 2, 2), np.float32),
            "scores": ((*people, 2), np.float32),
        }
        self._candidates = Transfer(arrays, device, on_host=False)
        self._placement = Placement(self._size, stride=int(rules.stride), device=device)
        self._found = FoundPeople(self._size, keypoints, most=most, device=device)
        self._inputs = {name: Maps() for name in rules.channels}
        self._steps = self._launches(8 * side_by_side)

    def _launches(self, center_bytes: int) -> list[Step]:
        rules, there = self._rules, self._candidates.on_device
        centers, sizes, *others = self._inputs.values()
        limit, counts, cells = int(rules.max_people), there("counts"), there("centers")
        keypoints, candidates = rules.keypoints, ("points", "heights", "boxes", "scores")
        found = [there(name) for name in candidates]
        threshold, least = float(rules.center_threshold), float(rules.keypoint_threshold)
        where = (keypoints, *self._cells, least, limit, counts, cells)
        knobs = (float(rules.center_weight), ctypes.c_double(rules.suppression), limit)
        find_centers = (centers, *self._cells, threshold, limit, counts, cells, self._found.used)
        find_keypoints = (centers, sizes, *others, self._reaches, *where, *found)
        choose = (self._placement.where, self._sigmas, keypoints, *knobs, counts, *found)
        launches = (
            ("find_centers", 1, center_bytes, find_centers),
            ("find_keypoints", limit, 8 * keypoints, find_keypoints),
            ("choose_people", 1, 12 * limit, (*choose, self._found.argument)),
        )
        return [
            Step(name, (columns, self._size, 1), _THREADS, shared, Arguments(*arguments))
            for name, columns, shared, arguments in launches
        ]

    @property
    def size(self) -> int:
        """Frames there is room for."""
        return self._size

    @property
    def download_bytes(self) -> int:
        """What comes back of every batch, bytes."""
        return self._found.bytes

    def place(self, letterboxes: Sequence[Letterbox]) -> None:
        """Say where each frame lies in its maps; people are looked for in padding, too.

        Raises:
            ValueError: If there are more than the batch has room for.
        """
        self._placement.place(letterboxes)

    def launch(self, maps: Mapping[str, torch.Tensor]) -> None:
        """Enqueue decoding, and the copy of what it finds, on the current stream."""
        for name, target in self._inputs.items():
            target.show(maps[name])
        self._placement.upload()
        for step in self._steps:
            self._kernels.launch(step)
        self._found.download()

    def wait(self) -> None:
        """Wait until the current stream has done all it was given."""
        if self._device.type == "cuda":
            import torch

            torch.cuda.current_stream(self._device).synchronize()

    def people(self, frames: Sequence[int], letterboxes: Sequence[Letterbox]) -> list[Poses]:
        """Return everyone in some frames of what was launched last and has run to its end."""
        return self._found.poses(frames)
