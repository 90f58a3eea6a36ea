"""Decode confidence maps and part affinity fields into people.

Peaks of the maps are candidates; the fields say which of them are ends of one limb; limbs join
into people. `PafDecoder` checks what the network gave, has every frame decoded by compiled code
that holds no lock, and turns cells into frame pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from posestream.decoding import paf_compatible as steps
from posestream.decoding.paf_bodies import body_shape
from posestream.decoding.paf_robust import decode_robust
from posestream.decoding.people import bounded, rank_people
from posestream.errors import ConfigError, InferenceError, suggestion
from posestream.geometry import Letterbox
from posestream.topology import Topology
from posestream.types import Fields, Poses

Setting = Literal["robust", "compatible"]
Maps = npt.NDArray[np.float32]

_WINDOW, _SAMPLES = 5, 7
"""What TRTPose's decoder uses."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """People of one frame, in cells."""

    points: Maps
    """``(P, K, 2)``; NaN where missing."""
    point_scores: Maps
    """``(P, K)``."""
    scores: Maps
    """``(P,)``, best first."""


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
        if setting not in get_args(Setting):
            raise ConfigError(
                f"setting {setting!r} of the PAF decoder is not one of "
                f"{', '.join(get_args(Setting))}.{suggestion(setting, get_args(Setting))}"
            )
        if not topology.paf_channels:
            raise ConfigError(f"topology {topology.name!r} has no PAF channels to decode with")
        robust = setting == "robust"
        threshold = (0.05 if robust else 0.1) if threshold is None else threshold
        min_keypoints = (3 if robust else 1) if min_keypoints is None else min_keypoints
        min_score = (0.1 if robust else 0.0) if min_score is None else min_score
        _check("stride", stride, 1)
        _check("max_peaks", max_peaks, 1)
        _check("threshold", threshold, 1e-6)
        _check("noise_sigmas", noise_sigmas, 0)
        _check("link_threshold", link_threshold, 0)
        _check("support", support, 0)
        _check("samples", samples, 2)
        _check("max_misfit", max_misfit, 0)
        _check("max_scale_ratio", max_scale_ratio, 1)
        _check("min_keypoints", min_keypoints, 1)
        _check("min_score", min_score, 0)
        self._topology, self._stride, self._is_robust = topology, int(stride), robust
        self._limbs = np.array(topology.limbs, np.int64).reshape(-1, 2)
        self._channels = np.array(topology.paf_channels, np.int64).reshape(-1, 2)
        self._shape = body_shape(topology)
        self._fields_needed = int(self._channels.max(initial=-1)) + 1
        self._settings = (
            len(topology.keypoints),
            int(max_peaks),
            float(threshold),
            float(noise_sigmas),
            float(link_threshold),
            float(support),
            int(samples),
            float(max_misfit),
            float(max_scale_ratio),
            int(min_keypoints),
            float(min_score),
        )

    def decode(self, fields: Fields) -> list[Poses]:
        """Return everyone in each frame of the batch, in frame pixels, best first.

        Values that are not finite count as 0. What lies in the padding beside a frame is nobody.

        Raises:
            InferenceError: If a map is missing, or its type or shape is not the topology's.
        """
        maps = self._checked(fields, "confidence_maps", len(self._topology.keypoints))
        pafs = self._checked(fields, "part_affinity_fields", self._fields_needed)
        if maps.shape[2:] != pafs.shape[2:]:
            raise InferenceError(
                f"confidence_maps are {maps.shape[2:]} cells, part_affinity_fields {pafs.shape[2:]}"
            )
        find = self._find_robust if self._is_robust else self._find_compatible
        return [
            self._poses(find(maps[n], pafs[n], letterbox), letterbox)
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
                f"for topology {self._topology.name!r}"
            )
        return np.ascontiguousarray(array)

    def _content(self, maps: Maps, letterbox: Letterbox) -> tuple[int, int]:
        """Return how many rows and columns of cells hold the frame."""
        width, height = letterbox.content_size
        rows, columns = maps.shape[1:]
        return (
            min(math.ceil(height / self._stride), rows),
            min(math.ceil(width / self._stride), columns),
        )

    def _find_robust(self, maps: Maps, fields: Maps, letterbox: Letterbox) -> _Cells:
        rows, columns = self._content(maps, letterbox)
        return _Cells(
            *decode_robust(
                maps,
                fields,
                rows,
                columns,
                self._limbs,
                self._channels,
                self._shape,
                self._settings,
            )
        )

    def _find_compatible(self, maps: Maps, fields: Maps, letterbox: Letterbox) -> _Cells:
        rows, columns = self._content(maps, letterbox)
        keypoints, max_peaks, threshold, _, link_threshold = self._settings[:5]
        maps = _finite(maps[:keypoints, :rows, :columns])
        topology = np.concatenate([self._channels[:, ::-1], self._limbs], axis=1)
        counts, cells = steps.find_peaks(maps, np.float32(threshold), _WINDOW, max_peaks)
        refined = steps.refine_peaks(maps, counts, cells, _WINDOW)
        fields = _finite(fields[:, :rows, :columns])
        graph = steps.paf_score_graph(fields, topology, counts, refined, _SAMPLES)
        connections = steps.assignment(graph, topology, counts, np.float32(link_threshold))
        people, members = steps.connect_parts(connections, topology, counts)
        members = members[:people]
        kinds = np.arange(keypoints)
        peak = np.maximum(members, 0)
        places = refined[kinds, peak][..., ::-1] * np.array([columns, rows], np.float32)
        missing = (members < 0) | ~np.isfinite(places).all(axis=2)
        row, column = cells[kinds, peak, 0], cells[kinds, peak, 1]
        scores = np.clip(maps[kinds, row, column], 0, 1)
        places[missing], scores[missing] = np.nan, 0
        listed = np.stack([*np.moveaxis(places, 2, 0), scores], axis=2).reshape(-1, 3)
        rank = np.where(missing, -1, np.arange(missing.size).reshape(missing.shape))
        order, person_scores = rank_people(rank, listed, *self._settings[-2:])
        return _Cells(places[order], scores[order], person_scores)

    def _poses(self, cells: _Cells, letterbox: Letterbox) -> Poses:
        if len(cells.scores) == 0:
            return Poses.empty(len(self._topology.keypoints))
        width, height = letterbox.content_size
        points = bounded(cells.points, width / self._stride, height / self._stride)
        points = letterbox.frame_from_heatmap(points, stride=self._stride)
        return Poses(
            points[:, :-2], cells.point_scores, cells.scores, points[:, -2:].reshape(-1, 4)
        )


def _check(name: str, value: float, least: float) -> None:
    if not least <= value < math.inf:
        raise ConfigError(f"{name} of the PAF decoder is {value}, must be at least {least:g}")


def _finite(array: Maps) -> Maps:
    """Return a contiguous copy in which values that are not finite are 0."""
    return np.where(np.isfinite(array), array, np.float32(0))
