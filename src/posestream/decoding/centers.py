"""Decode a center network (MoveNet MultiPose): every person grows from a center.

Peaks of the center heatmap are people. Each regresses where its keypoints should be; each keypoint
is then taken from where its heatmap is high near that place. People found twice are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from posestream.decoding.centers_search import boxes_around, find_centers, find_keypoints
from posestream.decoding.centers_suppression import chosen_people, tolerances
from posestream.decoding.in_frame import geometry_rows
from posestream.geometry import Letterbox
from posestream.topology import Topology
from posestream.types import Fields, Poses

REACHES = {
    "nose": 0.08,
    "eye": 0.075,
    "ear": 0.085,
    "shoulder": 0.11,
    "elbow": 0.15,
    "wrist": 0.195,
    "hip": 0.13,
    "knee": 0.165,
    "ankle": 0.18,
}
"""How far off a regressed keypoint may be, as the deviation of a Gaussian per side of the person.

Three times what was measured: the error has long tails, and the farther a body part is from the
trunk, the harder it is to regress.
"""
_OTHER_REACH = 0.13
_Floats = npt.NDArray[np.float32]
_Maps = dict[str, _Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CenterRules:
    """What people are searched with, wherever that runs."""

    keypoints: int
    """Keypoints of a person."""
    stride: int
    """Input pixels per cell."""
    center_threshold: float
    """Confidence from which a peak is a person."""
    keypoint_threshold: float
    """Confidence under which a keypoint is where it was regressed."""
    max_people: int
    """Candidates looked at per frame."""
    reaches: _Floats
    """``(K,)`` how far off regressed keypoints may be, see `REACHES`."""
    center_weight: float
    """Exponent of the center's confidence in a person's score."""
    suppression: float
    """Similarity from which the lesser of two people is left out."""
    sigmas: _Floats
    """``(K,)`` tolerances of similarity, see `tolerances`."""

    @property
    def channels(self) -> dict[str, int]:
        """Every map that is needed and how many channels it has."""
        return {
            "center_heatmap": 1,
            "box_size": 2,
            "keypoint_heatmap": self.keypoints,
            "keypoint_regression": 2 * self.keypoints,
            "keypoint_offset": 2 * self.keypoints,
        }


class CenterDecoder:
    """Finds people by their centers; no limit on how many but ``max_people``."""

    def __init__(
        self,
        topology: Topology,
        *,
        stride: int = 4,
        center_threshold: float = 0.05,
        keypoint_threshold: float = 0.03,
        center_weight: float = 0.25,
        suppression: float = 0.5,
        max_people: int = 100,
    ) -> None:
        """Fix what the maps mean.

        Args:
            topology: Names the keypoints of the maps.
            stride: Input pixels per cell.
            center_threshold: Confidence from which a peak is a person.
            keypoint_threshold: Confidence under which a keypoint is where it was regressed.
            center_weight: Exponent of the center's confidence in a person's score; the rest is
                the mean confidence of the keypoints.
            suppression: Similarity (OKS) from which the lesser of two people is left out.
            max_people: Candidates looked at per frame, the most confident first.

        Raises:
            ValueError: If a setting is out of range.
        """
        shares = (center_threshold, keypoint_threshold, suppression)
        if not all(0 <= share <= 1 for share in shares) or center_weight < 0:
            raise ValueError(f"thresholds must be in [0, 1], weights positive: {shares}")
        if stride < 1 or max_people < 1:
            raise ValueError(f"stride {stride} and max_people {max_people} must be at least 1")
        parts = [name.split("_")[-1] for name in topology.keypoints]
        self.rules = CenterRules(
            keypoints=len(topology.keypoints),
            stride=stride,
            center_threshold=center_threshold,
            keypoint_threshold=keypoint_threshold,
            max_people=max_people,
            reaches=np.array([REACHES.get(part, _OTHER_REACH) for part in parts], np.float32),
            center_weight=center_weight,
            suppression=suppression,
            sigmas=tolerances(topology),
        )
        """What people are searched with."""

    def decode(self, fields: Fields) -> list[Poses]:
        """Return everyone in each frame of the batch, in frame pixels, best first.

        Every person has all keypoints; those hardly seen have a score near 0 and may lie outside
        the frame.

        Raises:
            ValueError: If a map is missing or has another shape than the topology asks for.
        """
        maps = self._checked(fields)
        return [
            self._decode_one({name: array[frame] for name, array in maps.items()}, letterbox)
            for frame, letterbox in enumerate(fields.letterboxes)
        ]

    def _decode_one(self, maps: _Maps, letterbox: Letterbox) -> Poses:
        heatmap, rules = maps["center_heatmap"][0], self.rules
        centers = find_centers(heatmap, rules.center_threshold, rules.max_people)
        if not len(centers):
            return Poses.empty(rules.keypoints)
        points, heights, means = find_keypoints(
            centers,
            maps["box_size"],
            maps["keypoint_heatmap"],
            maps["keypoint_regression"],
            maps["keypoint_offset"],
            rules.reaches,
            rules.keypoint_threshold,
        )
        confidence = np.minimum(heatmap[centers[:, 0], centers[:, 1]], 1)
        boxes = boxes_around(centers, maps["box_size"])
        scores = np.stack([confidence, means], axis=1)
        candidates = (points[None], heights[None], scores[None], boxes[None])
        counts = np.array([len(centers)], np.int32)
        (poses,) = self.chosen((0,), counts, candidates, (letterbox,))
        return poses

    def chosen(
        self,
        frames: Sequence[int],
        counts: npt.NDArray[np.int32],
        candidates: tuple[_Floats, _Floats, _Floats, _Floats],
        letterboxes: Sequence[Letterbox],
    ) -> list[Poses]:
        """Sort the candidates of some frames and leave out those who resemble a better one.

        Args:
            frames: The frames' places on the first axis of what follows.
            counts: ``(B,)`` how many candidates there are.
            candidates: ``(B, M, K, 2)`` keypoints in cells, ``(B, M, K)`` their confidences,
                ``(B, M, 2)`` the centers' confidences and what the keypoints' amount to,
                ``(B, M, 2, 2)`` corners of boxes in cells.
            letterboxes: Where each of the frames lies in its maps' input.
        """
        rows = geometry_rows(letterboxes, stride=self.rules.stride)
        starts, points, heights, scores, boxes = chosen_people(
            np.array(frames, np.int64),
            rows,
            counts,
            candidates,
            (self.rules.center_weight, self.rules.sigmas, self.rules.suppression),
        )
        ends = starts.tolist()
        return [
            Poses(points[a:b], heights[a:b], scores[a:b], boxes[a:b]) for a, b in pairwise(ends)
        ]

    def _checked(self, fields: Fields) -> _Maps:
        """Return the maps as the compiled search takes them: contiguous float32."""
        channels = self.rules.channels
        if missing := sorted(channels.keys() - fields.maps.keys()):
            raise ValueError(
                f"fields lack {', '.join(missing)}; they have {', '.join(fields.maps)}"
            )
        cells = fields.maps["center_heatmap"].shape[2:]
        for name, wanted in channels.items():
            shape = fields.maps[name].shape
            if len(shape) != 4 or shape[1:] != (wanted, *cells):
                raise ValueError(f"{name} is {shape}; wanted (B, {wanted}, h, w), h, w = {cells}")
        return {name: np.ascontiguousarray(fields.maps[name], np.float32) for name in channels}
