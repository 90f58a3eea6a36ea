"""Decode batches of a center network's maps (MoveNet MultiPose) on a GPU.

Kernels find people and their keypoints; the CPU leaves out those found twice.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.gpu_checks import checked_maps, load_for
from posestream.geometry import Letterbox
from posestream.kernels import Arguments, Loader, Maps, Step
from posestream.transfers import Transfer
from posestream.types import Poses

if TYPE_CHECKING:
    import torch

SOURCES = tuple(Path(__file__).with_name(f"gpu_{part}.cu") for part in ("maps", "centers"))
_THREADS = 256


class CenterBatch:
    """Decodes batches of one size, see `posestream.decoding.gpu_decoder.DeviceBatch`.

    Args:
        decoder: Whose rules hold and who chooses among the candidates.
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
        self._decoder, self._device, self._size = decoder, first.device, len(first)
        self._cells = (first.shape[2], first.shape[3])
        side_by_side = ((self._cells[0] + 1) // 2) * ((self._cells[1] + 1) // 2)
        self._kernels = load_for(first, SOURCES, shared_bytes=8 * side_by_side, load=load)
        self._reaches = torch.from_numpy(rules.reaches).to(first.device)
        people, keypoints = (self._size, rules.max_people), rules.keypoints
        arrays = {
            "counts": ((self._size,), np.int32),
            "centers": (people, np.int32),
            "points": ((*people, keypoints, 2), np.float32),
            "heights": ((*people, keypoints), np.float32),
            "boxes": ((*people, 2, 2), np.float32),
            "scores": ((*people, 2), np.float32),
        }
        self._found = Transfer(arrays, first.device)
        self._inputs = {name: Maps() for name in rules.channels}
        self._steps = self._launches(8 * side_by_side)

    def _launches(self, center_bytes: int) -> list[Step]:
        rules, there = self._decoder.rules, self._found.on_device
        centers, sizes, *others = self._inputs.values()
        limit, counts, cells = int(rules.max_people), there("counts"), there("centers")
        found = (there("points"), there("heights"), there("boxes"), there("scores"))
        find_centers = Arguments(
            centers, *self._cells, float(rules.center_threshold), limit, counts, cells
        )
        find_keypoints = Arguments(
            centers,
            sizes,
            *others,
            self._reaches,
            rules.keypoints,
            *self._cells,
            float(rules.keypoint_threshold),
            limit,
            counts,
            cells,
            *found,
        )
        size, shared = self._size, 8 * rules.keypoints
        return [
            Step("find_centers", (1, size, 1), _THREADS, center_bytes, find_centers),
            Step("find_keypoints", (limit, size, 1), _THREADS, shared, find_keypoints),
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
        """Check that the batch has room; people are looked for in padding, too.

        Raises:
            ValueError: If it has not.
        """
        if len(letterboxes) > self._size:
            raise ValueError(f"{len(letterboxes)} frames, room for {self._size}")

    def launch(self, maps: Mapping[str, torch.Tensor]) -> None:
        """Enqueue decoding, and the copy of what it finds, on the current stream."""
        for name, target in self._inputs.items():
            target.show(maps[name])
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
        found = self._found.host
        candidates = (found["points"], found["heights"], found["scores"], found["boxes"])
        return self._decoder.chosen(frames, found["counts"], candidates, letterboxes)
