"""How people hold themselves and move over about a second, in numbers without size or place.

Everything is measured in statures and seconds, so the numbers do not depend on the picture's size,
the distance of the camera or the frame rate; NaN where too little of somebody is seen.
"""

from __future__ import annotations

import numpy as np

from posestream.analytics.bodies import Bodies, Floats
from posestream.analytics.body_parts import ANKLES, HEAD, HIPS, KNEES, SHOULDERS, WRISTS
from posestream.analytics.roster import Records

FEATURES = (
    "elevation",
    "hips_height",
    "torso_up",
    "torso_across",
    "thigh_down",
    "shin_down",
    "wrist_height",
    "both_wrists_height",
    "wrist_motion",
    "wrist_turns",
    "stride",
    "stride_turns",
    "travel",
    "approach",
    "hips_bounce",
    "ankles_bounce",
    "energy",
)
"""What `measure_motions` measures, in its order: heights and lengths in statures, motion in
statures, turns and travel per second, approach (growth in the picture) in parts per second,
energy in statures per second."""

_SAMPLES = 20
_POINTS = 13
"""Head, then left and right shoulder, hip, knee, ankle, elbow, wrist."""
_NOISE = 0.006
"""Keypoints of somebody still wander about this far, statures."""

FIELDS = [
    ("poses", np.float64, (_SAMPLES, _POINTS, 2)),
    ("ground", np.float64, (_SAMPLES,)),
    ("moments", np.float64, (_SAMPLES,)),
]
"""What is remembered of a person: poses in frame pixels, the ground under them, and when."""


def blank_motion(blank: Records) -> None:
    """Fill in what is remembered of somebody new."""
    for name in ("poses", "ground", "moments"):
        blank[name] = np.nan


def add_poses(records: Records, bodies: Bodies, time_s: float) -> None:
    """Take in one frame, with the oldest pose making room."""
    rows = np.flatnonzero(bodies.seen > 0)
    points = np.concatenate(
        [bodies.parts[rows, HEAD, None], bodies.sides[rows].reshape(len(rows), 12, 2)], axis=1
    )
    new = {"poses": points, "ground": bodies.ground_y[rows], "moments": np.full(len(rows), time_s)}
    for name, value in new.items():
        records[name][rows] = np.concatenate([records[name][rows, 1:], value[:, None]], axis=1)


def measure_motions(records: Records, time_s: float, *, window_s: float = 1.2) -> Floats:
    """Measure how people held themselves and moved lately.

    Returns:
        ``(P, F)`` the features, in the order of `FEATURES`.
    """
    times = records["moments"]
    inside = times >= time_s - window_s
    first = np.where(inside, times, np.inf).min(axis=1)
    span = np.where(inside, times, -np.inf).max(axis=1) - first
    scale = records["stature"][:, None, None, None]
    poses = np.where(inside[..., None, None], records["poses"], np.nan) / scale * (1, -1)
    ground = -records["ground"] / records["stature"][:, None]
    return np.concatenate(
        [_posture(poses, ground, times, time_s), _motion(poses, times, span)], axis=1
    )


def _posture(poses: Floats, ground: Floats, times: Floats, time_s: float) -> Floats:
    """Measure the posture of the last moments: the middle of what it was then."""
    recent = np.where((times >= time_s - 0.4)[..., None, None], poses, np.nan)
    shoulders, hips, knees, ankles, wrists = (
        recent[:, :, _pair(part)] for part in (SHOULDERS, HIPS, KNEES, ANKLES, WRISTS)
    )
    shoulder, hip = _mean(shoulders), _mean(hips)
    upper = _mean(np.stack([recent[:, :, HEAD], shoulder], axis=2))
    torso = shoulder - hip
    raised = (wrists - shoulders)[..., 1]
    measured = [
        upper[..., 1] - ground,
        hip[..., 1] - ground,
        torso[..., 1],
        np.abs(torso[..., 0]),
        _mean(hips - knees)[..., 1],
        _mean(knees - ankles)[..., 1],
        np.fmax.reduce(raised, axis=2),
        np.fmin.reduce(raised, axis=2),
    ]
    return _median(np.stack(measured, axis=2))


def _motion(poses: Floats, times: Floats, span: Floats) -> Floats:
    """Measure motion over the whole window."""
    wrists = poses[:, :, _pair(WRISTS)] - poses[:, :, _pair(SHOULDERS)]
    ankles = poses[:, :, _pair(ANKLES)]
    hip = _mean(poses[:, :, _pair(HIPS)])
    torso = _mean(poses[:, :, _pair(SHOULDERS)]) - hip
    limbs = np.concatenate([wrists, ankles[:, :, :1] - ankles[:, :, 1:]], axis=2)
    swings, turns = _spread(limbs), _turns(limbs)
    turns /= np.where(span > 0.25, span, np.nan)[:, None, None]
    length = np.log(np.maximum(np.hypot(torso[..., 0], torso[..., 1]), 1e-3))
    bounces = np.stack([hip[..., 1], np.fmin.reduce(ankles[..., 1], axis=2)], axis=2)
    return np.column_stack(
        [
            np.fmax.reduce(swings[:, :2], axis=1),
            np.fmax.reduce(turns[:, :2, 0], axis=1),
            swings[:, 2],
            np.fmax.reduce(turns[:, 2], axis=1),
            np.abs(_slopes(np.stack([hip[..., 0], length], axis=2), times)),
            _deviation(_detrended(bounces, times)),
            _energy(poses - hip[:, :, None], times),
        ]
    )


def _pair(part: int) -> list[int]:
    return [2 * part - 1, 2 * part]


def _mean(values: Floats) -> Floats:
    """Return the mean over axis 2 of what is not NaN."""
    seen = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(seen, values, 0).sum(axis=2) / seen.sum(axis=2)


def _median(values: Floats) -> Floats:
    """Return the middle over axis 1 of what is not NaN; the lower one of two."""
    ordered = np.sort(values, axis=1)
    middle = np.maximum(np.isfinite(values).sum(axis=1) - 1, 0) // 2
    people, columns = np.ogrid[: values.shape[0], : values.shape[2]]
    return ordered[people, middle, columns]


def _deviation(values: Floats) -> Floats:
    """Return the standard deviation over axis 1 of what is not NaN; NaN of fewer than four."""
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, values, 0).sum(axis=1) / count
        off = np.where(seen, values - np.expand_dims(mean, 1), 0)
        return np.where(count > 3, np.sqrt((off * off).sum(axis=1) / count), np.nan)


def _spread(points: Floats) -> Floats:
    """Return how far points move about their middle over axis 1."""
    deviation = _deviation(points)
    return np.hypot(deviation[..., 0], deviation[..., 1])


def _slopes(values: Floats, times: Floats) -> Floats:
    """Return the steady change per second over axis 1 of what is not NaN; NaN of too few."""
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    t = np.where(seen, times[..., None], 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(seen, t - (t.sum(axis=1) / count)[:, None], 0)
        slopes = (t * np.where(seen, values, 0)).sum(axis=1) / (t * t).sum(axis=1)
    return np.where(count > 3, slopes, np.nan)


def _detrended(values: Floats, times: Floats) -> Floats:
    """Take the straight line through time out of values: coming nearer is no bounce."""
    since = times - times[:, -1:]
    return values - _slopes(values, times)[:, None] * since[..., None]


def _turns(values: Floats) -> Floats:
    """Return how often each value crosses its middle over axis 1, wandering aside."""
    seen = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, values, 0).sum(axis=1) / seen.sum(axis=1)
        off = np.where(seen, values - np.expand_dims(mean, 1), 0)
    side = np.where(np.abs(off) > 2 * _NOISE, np.sign(off), 0)
    place = np.where(side != 0, np.arange(side.shape[1])[:, None, None], 0)
    people, _, columns, axes = np.ogrid[tuple(slice(n) for n in side.shape)]
    side = side[people, np.maximum.accumulate(place, axis=1), columns, axes]
    return ((side[:, 1:] * side[:, :-1]) < 0).sum(axis=1).astype(np.float64)


def _energy(points: Floats, times: Floats) -> Floats:
    """Return the mean speed of all keypoints against the hips, statures per second."""
    step = np.diff(points, axis=1)
    way = np.maximum(np.hypot(step[..., 0], step[..., 1]) - _NOISE, 0)
    speed = way / np.maximum(np.diff(times, axis=1), 1e-3)[..., None]
    seen = np.isfinite(speed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(seen, speed, 0).sum(axis=(1, 2)) / seen.sum(axis=(1, 2))
