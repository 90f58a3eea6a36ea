"""Decode batches on a GPU as TRTPose's own decoder does: candidates and links come to the host."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from posestream.decoding.gpu_checks import checked_maps, load_for
from posestream.decoding.gpu_paf import candidate_arrays, needed_channels
from posestream.decoding.gpu_paf_steps import (
    compatible_steps,
    limb_table,
    sources_of,
    step_bytes,
)
from posestream.decoding.paf_cells import Cells, cells_of_members, content_cells
from posestream.decoding.paf_compatible import connect_parts
from posestream.decoding.paf_people import connections_of
from posestream.decoding.paf_rules import PafRules
from posestream.geometry import Letterbox
from posestream.kernels import Loader, Maps
from posestream.transfers import Transfer
from posestream.types import Poses

if TYPE_CHECKING:
    import torch


class CompatiblePafBatch:
    """Decodes batches of one size, see `posestream.decoding.gpu_decoder.DeviceBatch`.

    Args:
        rules: What candidates are held to.
        maps: Like those to come; not read.
        load: How kernels are compiled.

    Raises:
        InferenceError: If type or shape of the maps is not the topology's, or too much for the GPU.
    """

    def __init__(self, rules: PafRules, maps: Mapping[str, torch.Tensor], *, load: Loader) -> None:
        first = checked_maps(maps, needed_channels(rules))["confidence_maps"]
        self._rules, self._device, self._size = rules, first.device, len(first)
        self._stride, self._cells = int(rules.stride), (first.shape[2], first.shape[3])
        needed = max(step_bytes(rules, *self._cells))
        self._kernels = load_for(first, sources_of(rules), shared_bytes=needed, load=load)
        self._topology = np.concatenate([rules.channels[:, ::-1], rules.limbs], axis=1)
        self._content = Transfer({"cells": ((self._size, 2), np.int32)}, first.device)
        self._found = Transfer(candidate_arrays(rules, self._size), first.device)
        self._inputs, self._limbs = (Maps(), Maps()), limb_table(rules).to(first.device)
        self._steps = compatible_steps(
            rules,
            *self._inputs,
            content=self._content.on_device("cells"),
            limbs=self._limbs,
            found=self._found,
        )

    @property
    def size(self) -> int:
        """Frames there is room for."""
        return self._size

    @property
    def download_bytes(self) -> int:
        """What comes back of every batch, bytes."""
        return self._found.bytes

    @property
    def found(self) -> dict[str, np.ndarray]:
        """What came back last, by name; tests and measurements look at it."""
        return self._found.host

    def place(self, letterboxes: Sequence[Letterbox]) -> None:
        """Say where each frame lies in its maps; frames past the last are empty.

        Raises:
            ValueError: If there are more than the batch has room for.
        """
        if len(letterboxes) > self._size:
            raise ValueError(f"{len(letterboxes)} frames, room for {self._size}")
        cells = self._content.host["cells"]
        cells[len(letterboxes) :] = 0
        for n, box in enumerate(letterboxes):
            cells[n] = content_cells(box, stride=self._stride, shape=self._cells)

    def launch(self, maps: Mapping[str, torch.Tensor]) -> None:
        """Enqueue decoding, and the copy of what it finds, on the current stream."""
        self._inputs[0].show(maps["confidence_maps"])
        self._inputs[1].show(maps["part_affinity_fields"])
        self._content.upload()
        for step in self._steps:
            self._kernels.launch(step)
        self._found.download()

    def wait(self) -> None:
        """Wait until the current stream has done all it was given."""
        if self._device.type == "cuda":
            import torch

            torch.cuda.current_stream(self._device).synchronize()

    def people(self, frames: Sequence[int], letterboxes: Sequence[Letterbox]) -> list[Poses]:
        """Return everyone in some frames of what was launched last and has run to its end.

        Several threads may ask for different frames at once.

        Args:
            frames: Their places in the batch.
            letterboxes: Where each of them lies in its maps.
        """
        return [
            self._cells_of(frame, box).poses(box, stride=self._stride)
            for frame, box in zip(frames, letterboxes, strict=True)
        ]

    def _cells_of(self, frame: int, box: Letterbox) -> Cells:
        counts, peaks = self._found.host["counts"][frame], self._found.host["peaks"][frame]
        people, members = connect_parts(self.connections(frame), self._topology, counts)
        return cells_of_members(
            members[:people],
            np.ascontiguousarray(peaks[..., 1::-1]),
            peaks[..., 2],
            content_cells(box, stride=self._stride, shape=self._cells),
            min_keypoints=int(self._rules.min_keypoints),
            min_score=float(self._rules.min_score),
        )

    def connections(self, frame: int) -> npt.NDArray[np.int32]:
        """Return ``(L, 2, M)`` partners of all candidates, see `paf_compatible.assignment`."""
        found = self._found.host
        return connections_of(found["link_counts"][frame], found["links"][frame])
