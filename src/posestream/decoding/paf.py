"""Decode confidence maps and part affinity fields into people.

Peaks of the maps are candidates; the fields say which of them are ends of one limb; limbs join
into people. `PafDecoder` checks what the network gave, has every frame decoded by compiled code
that holds no lock, and turns cells into frame pixels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.decoding import paf_compatible as steps
from posestream.decoding.paf_cells import Cells, cells_of_members, content_cells
from posestream.decoding.paf_robust import decode_robust
from posestream.decoding.paf_rules import PafRules, Setting
from posestream.errors import InferenceError
from posestream.geometry import Letterbox
from posestream.topology import Topology
from posestream.types import Fields, Poses

Maps = npt.NDArray[np.float32]

WINDOW = 5
"""Side of the window that TRTPose's decoder looks for peaks in, cells."""
SAMPLES = 7
"""Points that it looks at along a limb."""


class PafDecoder:
    """Find people in ``confidence_maps`` and ``part_affinity_fields``.

    Setting ``robust`` stands noise, crowds and missing keypoints; ``compatible`` repeats what
    TRTPose's own decoder does, to the last bit where that is defined, and ignores the knobs that
    are not the original's. Several threads may decode at once.

    Args:
        topology: Keypoints, limbs and PAF channels. Maps past the last keypoint, such as
            OpenPose's background, are ignored.
        stride: Input pixels per cell.
        setting: ``robust`` or ``compatible``.
        max_peaks: Candidates kept of each keypoint: the strongest (``compatible``: the first).
        threshold: Lowest confidence of a candidate; 0.05, ``compatible`` 0.1 if not given.
        noise_sigmas: Candidates must also exceed the maps' own noise by so many standard
            deviations.
        link_threshold: Score in [0, 1] that a limb must exceed.
        support: Alignment from which the field supports a limb at a point.
        samples: Points looked at along a limb.
        max_misfit: Mean squared distance from its place, in standard deviations of the body
            model, up to which a fragment may join a person.
        max_scale_ratio: Ratio of their sizes up to which a fragment may join a person.
        min_keypoints: Keypoints that a person must have; 3, ``compatible`` 1 if not given.
        min_score: Score that a person must have; 0.1, ``compatible`` 0 if not given.

    Raises:
        ConfigError: If the topology has no PAF channels or a number is out of its range.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        stride: int,
        setting: Setting = "robust",
        max_peaks: int = 100,
        threshold: float | None = None,
        noise_sigmas: float = 4.0,
        link_threshold: float = 0.1,
        support: float = 0.1,
        samples: int = 7,
        max_misfit: float = 9.0,
        max_scale_ratio: float = 3.0,
        min_keypoints: int | None = None,
        min_score: float | None = None,
    ) -> None:
        robust = setting == "robust"
        threshold = (0.05 if robust else 0.1) if threshold is None else threshold
        min_keypoints = (3 if robust else 1) if min_keypoints is None else min_keypoints
        min_score = (0.1 if robust else 0.0) if min_score is None else min_score
        self.rules = PafRules(
            topology=topology,
            stride=stride,
            setting=setting,
            max_peaks=max_peaks,
            threshold=threshold,
            noise_sigmas=noise_sigmas,
            link_threshold=link_threshold,
            support=support,
            samples=samples,
            max_misfit=max_misfit,
            max_scale_ratio=max_scale_ratio,
            min_keypoints=min_keypoints,
            min_score=min_score,
        )
        """The settings, checked."""
        self._limbs, self._channels = self.rules.limbs, self.rules.channels
        self._shape, self._numbers = self.rules.shape, self.rules.numbers
        self._fields_needed = self.rules.fields_needed

    def decode(self, fields: Fields) -> list[Poses]:
        """Return everyone in each frame of the batch, in frame pixels, best first.

        Values that are not finite count as 0. What lies in the padding beside a frame is nobody.

        Raises:
            InferenceError: If a map is missing, or its type or shape is not the topology's.
        """
        maps = self._checked(fields, "confidence_maps", self.rules.keypoints)
        pafs = self._checked(fields, "part_affinity_fields", self._fields_needed)
        if maps.shape[2:] != pafs.shape[2:]:
            raise InferenceError(
                f"confidence_maps are {maps.shape[2:]} cells, part_affinity_fields {pafs.shape[2:]}"
            )
        find = self._find_robust if self.rules.is_robust else self._find_compatible
        stride = int(self.rules.stride)
        return [
            find(maps[n], pafs[n], letterbox).poses(letterbox, stride=stride)
            for n, letterbox in enumerate(fields.letterboxes)
        ]

    def _checked(self, fields: Fields, name: str, channels: int) -> Maps:
        array = fields.maps.get(name)
        if array is None:
            raise InferenceError(f"{name} missing: PAF decoding got {sorted(fields.maps)}")
        if array.dtype != np.float32:
            raise InferenceError(f"{name} are {array.dtype}, must be float32")
        if array.ndim != 4 or array.shape[1] < channels:
            raise InferenceError(
                f"{name} are {array.shape}, must be (B, C, h, w) with C of at least {channels} "
                f"for topology {self.rules.topology.name!r}"
            )
        return np.ascontiguousarray(array)

    def _find_robust(self, maps: Maps, fields: Maps, letterbox: Letterbox) -> Cells:
        rows, columns = content_cells(letterbox, stride=self.rules.stride, shape=maps.shape[1:])
        return Cells(
            *decode_robust(
                maps,
                fields,
                rows,
                columns,
                self._limbs,
                self._channels,
                self._shape,
                self._numbers,
            )
        )

    def _find_compatible(self, maps: Maps, fields: Maps, letterbox: Letterbox) -> Cells:
        rules = self.rules
        rows, columns = content_cells(letterbox, stride=rules.stride, shape=maps.shape[1:])
        if rows * columns == 0:
            return Cells.nobody(rules.keypoints)
        maps = _finite(maps[: rules.keypoints, :rows, :columns])
        topology = np.concatenate([self._channels[:, ::-1], self._limbs], axis=1)
        most, threshold = int(rules.max_peaks), np.float32(rules.threshold)
        counts, cells = steps.find_peaks(maps, threshold, WINDOW, most)
        refined = steps.refine_peaks(maps, counts, cells, WINDOW)
        fields = _finite(fields[:, :rows, :columns])
        graph = steps.paf_score_graph(fields, topology, counts, refined, SAMPLES)
        limit = np.float32(rules.link_threshold)
        connections = steps.assignment(graph, topology, counts, limit)
        people, members = steps.connect_parts(connections, topology, counts)
        heights = maps[np.arange(rules.keypoints)[:, None], cells[..., 0], cells[..., 1]]
        return cells_of_members(
            members[:people],
            refined,
            heights,
            (rows, columns),
            min_keypoints=int(rules.min_keypoints),
            min_score=float(rules.min_score),
        )


def _finite(array: Maps) -> Maps:
    """Return a contiguous copy in which values that are not finite are 0."""
    return np.where(np.isfinite(array), array, np.float32(0))
