"""The people of a frame that lies between two frames in which they were looked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.types import Poses, Tracks


def between(before: Tracks, after: Tracks, fraction: float) -> Tracks:
    """Return where people are on their way from one frame to a later one.

    Whoever is in both frames, by identity, is moved from one place to the other at an even pace.
    A keypoint that only one of the frames has stays where it is there, marked as filled. Whoever
    is in one frame only, or has no identity, is there in that frame's half of the time.

    Args:
        before: People of the earlier frame.
        after: People of the later frame.
        fraction: Share of the time that has passed, 0 to 1.

    Returns:
        The people, the surest first.

    Raises:
        ValueError: If the fraction is out of range or the frames differ in keypoints.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction: {fraction} is not in 0 to 1")
    counts = before.poses.keypoint_scores.shape[1], after.poses.keypoint_scores.shape[1]
    if counts[0] != counts[1]:
        raise ValueError(f"frames of {counts[0]} and {counts[1]} keypoints")
    first, second = _pairs(before.ids, after.ids)
    nearer = before if fraction < 0.5 else after
    alone = np.delete(np.arange(len(nearer)), first if fraction < 0.5 else second)
    moved, rest = _moved(before[first], after[second], fraction), nearer[alone]
    everyone = Tracks(
        Poses(
            np.concatenate([moved.poses.keypoints, rest.poses.keypoints]),
            np.concatenate([moved.poses.keypoint_scores, rest.poses.keypoint_scores]),
            np.concatenate([moved.poses.scores, rest.poses.scores]),
            np.concatenate([moved.poses.boxes, rest.poses.boxes]),
        ),
        np.concatenate([moved.ids, rest.ids]),
        np.concatenate([moved.filled, rest.filled]),
    )
    return everyone[np.argsort(-everyone.poses.scores, kind="stable")]


def _pairs(
    before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows of everybody who has the same identity in both frames."""
    first, second = np.nonzero((before[:, None] == after) & (before[:, None] >= 0))
    return first, second


def _moved(before: Tracks, after: Tracks, fraction: float) -> Tracks:
    """Return people of whom row ``p`` is the same in both frames."""
    old, new = before.poses, after.poses
    was, will_be = old.keypoint_scores > 0, new.keypoint_scores > 0
    share = np.where(was & will_be, np.float32(fraction), will_be.astype(np.float32))
    weight = np.where(was | will_be, np.float32(1), np.float32(np.nan))[..., None]
    kept, taken = (1 - share)[..., None], share[..., None]
    points = np.where(was[..., None], old.keypoints, 0) * kept
    points = points + np.where(will_be[..., None], new.keypoints, 0) * taken
    step = np.float32(fraction)
    poses = Poses(
        (points * weight).astype(np.float32),
        old.keypoint_scores * (1 - share) + new.keypoint_scores * share,
        old.scores * (1 - step) + new.scores * step,
        old.boxes * (1 - step) + new.boxes * step,
    )
    return Tracks(poses, before.ids, (was != will_be) | before.filled | after.filled)
