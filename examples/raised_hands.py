"""Print when somebody holds a wrist above their nose.

python examples/raised_hands.py VIDEO
"""

from __future__ import annotations

import sys

import numpy as np

import posestream


def raised(prediction: posestream.Prediction, *, min_score: float = 0.3) -> int:
    """Count people with a wrist above the nose, both of them seen well enough."""
    names = prediction.topology.keypoints
    nose, *wrists = (names.index(name) for name in ("nose", "left_wrist", "right_wrist"))
    height, score = prediction.keypoints[..., 1], prediction.keypoint_scores
    seen = (score[:, wrists] >= min_score) & (score[:, [nose]] >= min_score)
    return int((seen & (height[:, wrists] < height[:, [nose]])).any(axis=1).sum())


def main(video: str) -> None:
    counts = np.array([raised(p) for p in posestream.stream(video, profile="fast")])
    changes = np.flatnonzero(np.diff(counts, prepend=0))
    for frame in changes.tolist():
        print(f"frame {frame}: {counts[frame]} people with a raised hand")
    print(f"{len(counts)} frames, at most {counts.max(initial=0)} raised hands")


if __name__ == "__main__":
    main(sys.argv[1])
