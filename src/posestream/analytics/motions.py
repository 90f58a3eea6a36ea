"""How people hold themselves and move over about a second, in numbers without size or place.

Everything is measured in statures and seconds, so the numbers do not depend on the picture's size,
the distance of the camera or the frame rate; NaN where too little of somebody is seen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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

_SAMPLES = 28
_MIN_STEP_S = 0.045
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
    latest = records["moments"][:, -1]
    rows = np.flatnonzero(~(time_s - latest < _MIN_STEP_S) & (bodies.seen > 0))
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
    return np.column_stack([*_posture(poses, ground, times, time_s), *_motion(poses, times, span)])


def _posture(poses: Floats, ground: Floats, times: Floats, time_s: float) -> list[Floats]:
    """Measure the posture of the last moments: the middle of what it was then."""
    now = (times >= time_s - 0.4)[..., None, None]
    recent = np.where(now, poses, np.nan)
    head, (shoulders, hips, knees, ankles, wrists) = (
        recent[:, :, HEAD],
        (recent[:, :, _pair(part)] for part in (SHOULDERS, HIPS, KNEES, ANKLES, WRISTS)),
    )
    shoulder, hip = _mean(shoulders), _mean(hips)
    upper = _mean(np.stack([head, shoulder], axis=2))
    torso = shoulder - hip
    raised = (wrists - shoulders)[..., 1]
    thigh, shin = _mean(hips - knees), _mean(knees - ankles)
    return [
        _median(upper[..., 1] - ground),
        _median(hip[..., 1] - ground),
        _median(torso[..., 1]),
        _median(np.abs(torso[..., 0])),
        _median(thigh[..., 1]),
        _median(shin[..., 1]),
        _median(np.fmax.reduce(raised, axis=2)),
        _median(np.fmin.reduce(raised, axis=2)),
    ]


def _motion(poses: Floats, times: Floats, span: Floats) -> list[Floats]:
    """Measure motion over the whole window."""
    wrists = poses[:, :, _pair(WRISTS)] - poses[:, :, _pair(SHOULDERS)]
    ankles = poses[:, :, _pair(ANKLES)]
    stride = ankles[:, :, 0] - ankles[:, :, 1]
    hip = _mean(poses[:, :, _pair(HIPS)])
    torso = _mean(poses[:, :, _pair(SHOULDERS)]) - hip
    lower = np.fmin.reduce(ankles[..., 1], axis=2)
    seconds = np.where(span > 0.25, span, np.nan)
    swings = _spread(wrists)
    return [
        np.fmax.reduce(swings, axis=1),
        np.fmax.reduce(_turns(wrists[..., 0]), axis=1) / seconds,
        _spread(stride),
        np.fmax.reduce(_turns(stride), axis=1) / seconds,
        _pace(hip[..., 0], times),
        _pace(np.log(np.maximum(np.hypot(*np.moveaxis(torso, -1, 0)), 1e-3)), times),
        _deviation(_detrended(hip[..., 1], times)),
        _deviation(_detrended(lower, times)),
        _energy(poses - hip[:, :, None], times),
    ]


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
    return np.take_along_axis(ordered, middle[:, None], axis=1)[:, 0]


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


def _detrended(values: Floats, times: Floats) -> Floats:
    """Take out of each row its straight line through time: walking nearer is no bounce."""
    seen = np.isfinite(values)
    count = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    t = np.where(seen, times, 0)
    t = np.where(seen, t - t.sum(axis=1, keepdims=True) / count, 0)
    v = np.where(seen, values, 0)
    v = np.where(seen, v - v.sum(axis=1, keepdims=True) / count, 0)
    slope = (t * v).sum(axis=1, keepdims=True) / np.maximum(
        (t * t).sum(axis=1, keepdims=True), 1e-9
    )
    return np.where(seen, v - slope * t, np.nan)


def _pace(values: Floats, times: Floats) -> Floats:
    """Return the steady change of something per second over axis 1, without sign."""
    seen = np.isfinite(values)
    count = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    t = np.where(seen, times, 0)
    t = np.where(seen, t - t.sum(axis=1, keepdims=True) / count, 0)
    squares = (t * t).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (t * np.where(seen, values, 0)).sum(axis=1) / squares
    return np.where(count[:, 0] > 3, np.abs(slope), np.nan)


def _turns(values: Floats) -> Floats:
    """Return how often each value crosses its middle over axis 1, wandering aside."""
    seen = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, values, 0).sum(axis=1) / seen.sum(axis=1)
        off = np.where(seen, values - np.expand_dims(mean, 1), 0)
    side = np.where(np.abs(off) > 2 * _NOISE, np.sign(off), 0)
    side = _held(side)
    return ((side[:, 1:] * side[:, :-1]) < 0).sum(axis=1).astype(np.float64)


def _held(side: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Put in place of each zero along axis 1 what came before it."""
    place = np.where(side != 0, np.arange(side.shape[1]).reshape(1, -1, *[1] * (side.ndim - 2)), 0)
    return np.take_along_axis(side, np.maximum.accumulate(place, axis=1), axis=1)


def _energy(points: Floats, times: Floats) -> Floats:
    """Return the mean speed of all keypoints against the hips, statures per second."""
    step = np.diff(points, axis=1)
    way = np.maximum(np.hypot(step[..., 0], step[..., 1]) - _NOISE, 0)
    speed = way / np.maximum(np.diff(times, axis=1), _MIN_STEP_S)[..., None]
    seen = np.isfinite(speed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(seen, speed, 0).sum(axis=(1, 2)) / seen.sum(axis=(1, 2))
