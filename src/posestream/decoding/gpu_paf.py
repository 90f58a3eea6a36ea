"""Decode batches of confidence maps and part affinity fields on a GPU.

Kernels find candidates and match the limbs between them; what comes back is a list of either and
the confidence maps, which tell where keypoints are that are too faint for a peak. Joining limbs
into people is left to the CPU decoder's own code.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from posestream.decoding.gpu_checks import checked_maps, load_for
from posestream.decoding.gpu_paf_steps import paf_steps, sources_of, step_bytes
from posestream.decoding.in_frame import geometry_rows
from posestream.decoding.paf_cells import Cells, cells_of_members, content_cells
from posestream.decoding.paf_compatible import connect_parts
from posestream.decoding.paf_people import connections_of, people_of_batch
from posestream.decoding.paf_rules import PafRules
from posestream.decoding.paf_traces import HALVES
from posestream.geometry import Letterbox
from posestream.kernels import Loader, Maps
from posestream.transfers import Transfer
from posestream.types import Poses

if TYPE_CHECKING:
    import torch


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

        channels = {
            "confidence_maps": rules.keypoints,
            "part_affinity_fields": rules.fields_needed,
        }
        first = checked_maps(maps, channels)["confidence_maps"]
        self._rules, self._device, self._size = rules, first.device, len(first)
        self._stride, self._cells = int(rules.stride), (first.shape[2], first.shape[3])
        needed = max(step_bytes(rules, *self._cells))
        self._kernels = load_for(first, sources_of(rules), shared_bytes=needed, load=load)
        self._limbs, self._shape, self._numbers = rules.limbs, rules.shape, rules.numbers
        self._topology = np.concatenate([rules.channels[:, ::-1], self._limbs], axis=1)
        halves = first.dtype.itemsize == 2
        self._table = HALVES if halves else None
        ends = np.concatenate([self._limbs, rules.channels], axis=1).astype(np.int32)
        self._limbs_there = torch.from_numpy(ends).to(first.device)
        self._content = Transfer({"cells": ((self._size, 2), np.int32)}, first.device)
        self._found = Transfer(self._arrays(np.uint16 if halves else np.float32), first.device)
        self._inputs = Maps(), Maps()
        self._steps = paf_steps(
            rules,
            *self._inputs,
            cells=self._cells,
            content=self._content,
            limbs=self._limbs_there,
            found=self._found,
        )

    def _arrays(self, kind: type) -> dict[str, tuple[tuple[int, ...], type]]:
        size, keypoints, most = self._size, self._rules.keypoints, int(self._rules.max_peaks)
        limbs = len(self._limbs)
        arrays = {
            "thresholds": ((size,), np.float32),
            "counts": ((size, keypoints), np.int32),
            "link_counts": ((size, limbs), np.int32),
            "peaks": ((size, keypoints, most, 4), np.float32),
            "links": ((size, limbs, most, 2), np.int32),
        }
        if self._rules.is_robust:
            arrays["maps"] = ((size, keypoints, *self._cells), kind)
        return arrays

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
        rows_and_columns = self._content.host["cells"]
        rows_and_columns[len(letterboxes) :] = 0
        for n, letterbox in enumerate(letterboxes):
            rows_and_columns[n] = content_cells(letterbox, stride=self._stride, shape=self._cells)

    def launch(self, maps: Mapping[str, torch.Tensor]) -> None:
        """Enqueue decoding, and the copy of what it finds, on the current stream."""
        names = ("confidence_maps", "part_affinity_fields")
        for target, name in zip(self._inputs, names, strict=True):
            target.show(maps[name])
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
        boxes = list(letterboxes)
        sizes = [content_cells(box, stride=self._stride, shape=self._cells) for box in boxes]
        if self._rules.is_robust:
            return self._robust(frames, boxes, sizes)
        return [
            self._compatible(frame, size).poses(box, stride=self._stride)
            for frame, size, box in zip(frames, sizes, boxes, strict=True)
        ]

    def _robust(
        self, frames: Sequence[int], boxes: list[Letterbox], sizes: list[tuple[int, int]]
    ) -> list[Poses]:
        found = self._found.host
        starts, points, sure, scores = people_of_batch(
            np.array(frames, np.int64),
            geometry_rows(boxes, stride=self._stride),
            np.array(sizes, np.int64).reshape(-1, 2),
            found["maps"],
            self._table,
            found["thresholds"],
            found["counts"],
            found["peaks"],
            found["link_counts"],
            found["links"],
            (self._limbs, self._shape, self._numbers),
        )
        corners = points[:, -2:].reshape(-1, 4)
        points = points[:, :-2]
        ends = starts.tolist()
        return [Poses(points[a:b], sure[a:b], scores[a:b], corners[a:b]) for a, b in pairwise(ends)]

    def _compatible(self, frame: int, size: tuple[int, int]) -> Cells:
        counts, peaks = self._found.host["counts"][frame], self._found.host["peaks"][frame]
        people, members = connect_parts(self.connections(frame), self._topology, counts)
        return cells_of_members(
            members[:people],
            np.ascontiguousarray(peaks[..., 1::-1]),
            peaks[..., 2],
            size,
            min_keypoints=int(self._rules.min_keypoints),
            min_score=float(self._rules.min_score),
        )

    def connections(self, frame: int) -> npt.NDArray[np.int32]:
        """Return ``(L, 2, M)`` partners of all candidates, see `paf_compatible.assignment`."""
        found = self._found.host
        return connections_of(found["link_counts"][frame], found["links"][frame])
