"""Which keypoints of a topology make which part of a body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.topology import Topology

HEAD, SHOULDERS, HIPS, KNEES, ANKLES, ELBOWS, WRISTS = range(7)
"""Rows of `BodyParts.members`."""

_NAMES = (
    ("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    ("left_knee", "right_knee"),
    ("left_ankle", "right_ankle"),
    ("left_elbow", "right_elbow"),
    ("left_wrist", "right_wrist"),
)
_SIDES = tuple(part for part in _NAMES if len(part) == 2)


@dataclass(frozen=True, slots=True, eq=False)
class BodyParts:
    """The parts of a body as sets of keypoints."""

    members: npt.NDArray[np.float32]
    """``(7, K)`` 1 where a keypoint belongs to a part: `HEAD`, `SHOULDERS`, and so on."""
    pairs: npt.NDArray[np.intp]
    """``(6, 2)`` left and right keypoint of each part but the head; -1 where there is none."""

    @classmethod
    def of(cls, topology: Topology) -> BodyParts:
        """Find the parts by the names of the keypoints.

        Raises:
            ValueError: If the topology has no shoulders, hips, knees or ankles.
        """
        index = {name: k for k, name in enumerate(topology.keypoints)}
        members = np.zeros((len(_NAMES), len(index)), np.float32)
        for part, names in enumerate(_NAMES):
            members[part, [index[name] for name in names if name in index]] = 1
        missing = [
            _NAMES[part][0].split("_")[1]
            for part in (SHOULDERS, HIPS, KNEES, ANKLES)
            if not members[part].any()
        ]
        if missing:
            raise ValueError(
                f"topology {topology.name!r} has no left or right {', '.join(missing)}; "
                "falls and activities need shoulders, hips, knees and ankles"
            )
        pairs = [[index.get(name, -1) for name in names] for names in _SIDES]
        return cls(members, np.array(pairs, np.intp))
