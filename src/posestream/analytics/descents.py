"""How far and how fast each body went down lately, without being fooled by single frames.

Heights lie in a short history that is asked by time, never by number of frames. Of each two
neighbours the lower counts as where somebody was before, so one frame that shows somebody too high
changes nothing; one that shows them too low is passed by, because lying takes a while.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.analytics.bodies import Bodies, Floats
from posestream.analytics.roster import Records

Rows = npt.NDArray[np.intp]

UPPER, HIPS, GROUND, SPEED = range(4)
"""Columns of a sample: heights of head and shoulders, hips and ground, pixels; statures / s."""

_SAMPLES = 48
_LAG_S = (0.24, 1.5)
_RISING_S, _SINKING_S = 0.5, 6.0
_GROUND_UNDER_HIPS, _UPRIGHT_TORSO, _SINKING = 0.45, 0.25, 0.1
"""Statures."""
_LEAP = 6.0
"""Nobody's hips and head both move faster than this, statures / s: it is somebody else."""
_MIN_EXTENT, _MIN_SEEN = 0.33, 0.45
"""What shows less of a body is a remainder at the edge of the picture, or nobody; statures, share
of the keypoints. Of people who have fallen, the worst seen showed 0.42."""

FIELDS = [
    ("stature", np.float64),
    ("stature_s", np.float64),
    ("points", np.float64, (2, 2)),
    ("last", np.float64, (3,)),
    ("last_s", np.float64),
    ("samples", np.float64, (_SAMPLES, 4)),
    ("times", np.float64, (_SAMPLES,)),
    ("next", np.intp),
]
"""What is remembered of a person."""

_HISTORY = ("points", "last", "last_s", "samples", "times")


@dataclass(frozen=True, slots=True, eq=False)
class Descents:
    """What each person's body does and did lately; lengths in statures."""

    elevation: Floats
    """``(P,)`` height of head and shoulders above the ground: 0.8 standing, 0.5 sitting, 0 lying;
    NaN where the ground cannot be told."""
    drop: Floats
    """``(P,)`` how far head and shoulders sank from their highest place lately."""
    hips_drop: Floats
    """``(P,)`` how far the hips did; NaN where they were not seen."""
    speed: Floats
    """``(P,)`` fastest sinking of head and shoulders lately, statures per second."""


def blank_descent(blank: Records) -> None:
    """Fill in what is remembered of somebody new."""
    blank["stature"] = np.nan
    blank["stature_s"] = -np.inf
    for name in _HISTORY:
        blank[name] = np.nan


def learn_statures(records: Records, seen: Floats, time_s: float) -> None:
    """Learn how tall people are: fast upwards, for parts only ever look too short; else slowly."""
    old = records["stature"]
    passed = time_s - records["stature_s"]
    tau = np.where(seen > old, _RISING_S, _SINKING_S)
    share = 1 - np.exp(-np.minimum(passed, 60) / tau)
    learned = np.where(np.isfinite(old), old + share * (seen - old), seen)
    known = np.isfinite(seen)
    records["stature"] = np.where(known, learned, old)
    records["stature_s"] = np.where(known, time_s, records["stature_s"])


def add_samples(records: Records, bodies: Bodies, time_s: float) -> None:
    """Take in one frame; a person of whom too little is seen is left as before."""
    points = np.stack([bodies.upper, bodies.hips], axis=1)
    rows = np.flatnonzero(
        np.isfinite(points[:, UPPER]).all(axis=1)
        & (bodies.extents >= _MIN_EXTENT * records["stature"])
        & (bodies.seen >= _MIN_SEEN)
    )
    if not len(rows):
        return
    _forget_leapers(records, rows, points, time_s)
    records["points"][rows] = points[rows]
    now = np.column_stack([points[rows, :, 1], bodies.ground_y[rows]])
    sample = np.column_stack([np.fmax(now, records["last"][rows]), np.full(len(rows), np.nan)])
    sample[:, SPEED] = _speeds(records, rows, now[:, UPPER], time_s)
    records["last"][rows], records["last_s"][rows] = now, time_s
    slots = records["next"][rows]
    records["samples"][rows, slots] = sample
    records["times"][rows, slots] = time_s
    records["next"][rows] = (slots + 1) % _SAMPLES


def _forget_leapers(records: Records, rows: Rows, points: Floats, time_s: float) -> None:
    """Forget the past of those who are somewhere else at once: a tracker took two for one."""
    way = points[rows] - records["points"][rows]
    passed = np.maximum(time_s - records["last_s"][rows], 0.06)
    speeds = np.hypot(way[..., 0], way[..., 1]) / (passed * records["stature"][rows])[:, None]
    leapers = rows[(speeds > _LEAP).all(axis=1)]
    for name in _HISTORY:
        records[name][leapers] = np.nan


def rescale_descents(records: Records, across: float, down: float) -> None:
    """Turn what is remembered into pixels of a picture of another size."""
    records["stature"] *= down
    records["last"] *= down
    records["samples"][..., :SPEED] *= down
    records["points"] *= (across, down)


def measure_descents(records: Records, time_s: float, *, window_s: Floats) -> Descents:
    """Measure how far and how fast people sank within the last ``window_s``, ``(P,)`` seconds."""
    recent = records["times"] >= (time_s - window_s)[:, None]
    samples = np.where(recent[..., None], records["samples"], np.nan)
    last = records["last"]
    stature = records["stature"]
    highest = np.fmin.reduce(samples[..., UPPER], axis=1)
    hips_highest = np.fmin.reduce(samples[..., HIPS], axis=1)
    with np.errstate(invalid="ignore"):
        drop = (last[:, UPPER] - highest) / stature
        hips_drop = (last[:, HIPS] - hips_highest) / stature
        elevation = (last[:, GROUND] - last[:, UPPER]) / stature
        # Without legs the ground is where it was before somebody sank, or under an upright torso.
        torso = (last[:, HIPS] - last[:, UPPER]) / stature
        guessed = torso + _GROUND_UNDER_HIPS - hips_drop
        guessed[(torso < _UPRIGHT_TORSO) & ~(hips_drop > _SINKING)] = np.nan
    elevation = np.where(np.isnan(elevation), guessed, elevation)
    return Descents(elevation, drop, hips_drop, np.fmax.reduce(samples[..., SPEED], axis=1))


def _speeds(records: Records, rows: Rows, upper: Floats, time_s: float) -> Floats:
    """Return how fast people sink since the latest sample that is a quarter second old."""
    age = time_s - records["times"][rows]
    age = np.where((age >= _LAG_S[0]) & (age <= _LAG_S[1]), age, np.inf)
    nearest = age.argmin(axis=1)
    picked = np.arange(len(rows))
    before = records["samples"][rows, nearest, UPPER]
    return (upper - before) / age[picked, nearest] / records["stature"][rows]
