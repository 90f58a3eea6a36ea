"""Decode batches of confidence maps and part affinity fields on a GPU, to the end.

Kernels find candidates, match the limbs between them and join those into people; only people come
back to the host.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from posestream.decoding.gpu_checks import checked_maps, load_for
from posestream.decoding.gpu_found import FoundPeople, Placement
from posestream.decoding.gpu_paf_steps import (
    limb_table,
    most_people,
    people_bytes,
    robust_steps,
    shape_table,
    sources_of,
    step_bytes,
)
from posestream.decoding.paf_cells import content_cells
from posestream.decoding.paf_rules import PafRules
from posestream.geometry import Letterbox
from posestream.kernels import Loader, Maps
from posestream.transfers import Transfer
from posestream.types import Poses

if TYPE_CHECKING:
    import torch


def needed_channels(rules: PafRules) -> dict[str, int]:
    """Return the maps that decoding reads, and how many channels of each at least."""
    return {"confidence_maps": rules.keypoints, "part_affinity_fields": rules.fields_needed}


class PafBatch:
    """Decodes batches of one size, see `posestream.decoding.gpu_decoder.DeviceBatch`.

    Args:
        rules: What candidates are held to.
        maps: Like those to come; not read.
        load: How kernels are compiled.

    Raises:
        InferenceError: If type or shape of the maps is not the topology's, or too much for the GPU.
    """

    def __init__(self, rules: PafRules, maps: Mapping[str, torch.Tensor], *, load: Loader) -> None:
        import torch

        first = checked_maps(maps, needed_channels(rules))["confidence_maps"]
        self._device, self._size, self._cells = (
            first.device,
            len(first),
            (first.shape[2], first.shape[3]),
        )
        needed = max(step_bytes(rules, *self._cells))
        self._kernels = load_for(first, sources_of(rules), shared_bytes=needed, load=load)
        self._stride, device = int(rules.stride), first.device
        self._content = Transfer({"cells": ((self._size, 2), np.int32)}, device)
        self._placement = Placement(self._size, stride=self._stride, device=device)
        self._candidates = Transfer(candidate_arrays(rules, self._size), device, on_host=False)
        most = most_people(rules)
        self._found = FoundPeople(self._size, rules.keypoints, most=most, device=device)
        room = (people_bytes(rules) + 15) // 16 * 16
        self._memory = torch.empty((self._size, room), dtype=torch.uint8, device=device)
        self._rules_there = limb_table(rules).to(device), shape_table(rules).to(device)
        self._inputs = Maps(), Maps()
        self._steps = robust_steps(
            rules,
            *self._inputs,
            cells=self._cells,
            content=self._content.on_device("cells"),
            limbs=self._rules_there[0],
            shape=self._rules_there[1],
            candidates=self._candidates,
            memory=self._memory,
            placement=self._placement,
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

    def place(self, letterboxes: Sequence[Letterbox]) -> None:
        """Say where each frame lies in its maps; frames past the last are empty.

        Raises:
            ValueError: If there are more than the batch has room for.
        """
        cells = self._content.host["cells"]
        changed = self._placement.place(letterboxes)
        for n in changed:
            box = letterboxes[n]
            cells[n] = content_cells(box, stride=self._stride, shape=self._cells)
        self._placement.forget(len(letterboxes))
        cells[len(letterboxes) :] = 0

    def launch(self, maps: Mapping[str, torch.Tensor]) -> None:
        """Enqueue decoding, and the copy of what it finds, on the current stream."""
        self._inputs[0].show(maps["confidence_maps"])
        self._inputs[1].show(maps["part_affinity_fields"])
        self._content.upload()
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
        """Return everyone in some frames of what was launched last and has run to its end.

        Args:
            frames: Their places in the batch.
            letterboxes: As given to `place`, which used them.
        """
        return self._found.poses(frames)


def candidate_arrays(
    rules: PafRules, size: int
) -> dict[str, tuple[tuple[int, ...], type[np.generic]]]:
    """Return shapes and types of what is found of a batch before people are."""
    keypoints, limbs, most = rules.keypoints, len(rules.limbs), int(rules.max_peaks)
    return {
        "thresholds": ((size,), np.float32),
        "counts": ((size, keypoints), np.int32),
        "link_counts": ((size, limbs), np.int32),
        "peaks": ((size, keypoints, most, 4), np.float32),
        "links": ((size, limbs, most, 2), np.int32),
    }
