"""Stick figures that act: poses of people who stand, fall, sit, wave, as exact trajectories.

They play the stories of tests, stand model for the pictures of the documentation, and teach the
activity classifier what no recording at hand shows. A figure is a few angles and a height:

    story = [(0, STAND), (1, STAND), (1.6, LIE), (12, LIE)]
    for time_s, poses in act(story, fps=15):
        ...
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from posestream.types import Poses

TORSO, NECK, HEAD, THIGH, SHIN, UPPER_ARM, FOREARM = 0.32, 0.06, 0.08, 0.24, 0.24, 0.16, 0.15
"""Lengths in statures."""

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One posture; angles in degrees, 0 as when standing upright, 90 towards the right."""

    x: float = 0.0
    """Place of the hips along the ground, statures."""
    hips: float = 0.48
    """Height of the hips above the ground, statures."""
    torso: float = 0.0
    """Hips to shoulders."""
    thighs: tuple[float, float] = (0.0, 0.0)
    """Left and right, hips to knees; 0 is down."""
    shins: tuple[float, float] = (0.0, 0.0)
    """Knees to ankles; 0 is down."""
    arms: tuple[float, float] = (0.0, 0.0)
    """Shoulders to elbows; 0 is down, 180 up."""
    forearms: tuple[float, float] = (0.0, 0.0)
    """Elbows to wrists; 0 is down, 180 up."""
    front: float = 0.3
    """How far the figure faces the camera: 0 from the side, 1 from the front."""

    def moved(self, **changes: object) -> Figure:
        """Return the posture with something else."""
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]


STAND = Figure()
SIT = Figure(hips=0.27, torso=-4, thighs=(84, 80), shins=(2, -2), arms=(15, 15), forearms=(60, 60))
STOOP = Figure(hips=0.46, torso=82, thighs=(-8, -6), shins=(4, 6), arms=(10, 10), forearms=(5, 5))
SQUAT = Figure(hips=0.2, torso=35, thighs=(95, 90), shins=(-40, -42), arms=(30, 30))
KNEEL = Figure(hips=0.3, torso=10, thighs=(10, 8), shins=(-88, -88))
LIE = Figure(
    hips=0.05, torso=-89, thighs=(88, 92), shins=(90, 88), arms=(80, 84), forearms=(90, 90)
)
SIT_ON_FLOOR = Figure(hips=0.06, torso=-10, thighs=(85, 80), shins=(92, 88), arms=(20, 10))
LIE_IN_BED = LIE.moved(hips=0.35)
RAISED = Figure(arms=(170, -170), forearms=(176, -176), front=1)


def between(first: Figure, second: Figure, share: float) -> Figure:
    """Return the posture part of the way from one to another."""
    mixed = {}
    for field in fields(Figure):
        a, b = np.array(getattr(first, field.name)), np.array(getattr(second, field.name))
        value = a + share * (b - a)
        mixed[field.name] = tuple(value.tolist()) if value.ndim else float(value)
    return Figure(**mixed)


def keypoints(figure: Figure) -> Points:
    """Return ``(17, 2)`` COCO keypoints in statures: x to the right, y up from the ground."""
    side = np.array([[1.0, 0.0]]) * (0.02 + 0.09 * figure.front)
    hips = np.array([figure.x, figure.hips])
    shoulders = hips + TORSO * _up(figure.torso)
    head = shoulders + (NECK + HEAD) * _up(figure.torso)
    shoulder = (shoulders + side[0], shoulders - side[0])
    hip = (hips + 0.6 * side[0], hips - 0.6 * side[0])
    knee = [hip[i] - THIGH * _up(-figure.thighs[i]) for i in (0, 1)]
    ankle = [knee[i] - SHIN * _up(-figure.shins[i]) for i in (0, 1)]
    elbow = [shoulder[i] - UPPER_ARM * _up(-figure.arms[i]) for i in (0, 1)]
    wrist = [elbow[i] - FOREARM * _up(-figure.forearms[i]) for i in (0, 1)]
    eye = 0.02 * _up(figure.torso)
    nose = head - eye + 0.03 * (1 - figure.front) * np.array([1.0, 0.0])
    eyes = [head + eye + s * 0.2 * side[0] for s in (1, -1)]
    ears = [head + s * 0.45 * side[0] for s in (1, -1)]
    return np.array([nose, *eyes, *ears, *shoulder, *elbow, *wrist, *hip, *knee, *ankle])


def _up(degrees: float) -> Points:
    angle = np.radians(degrees)
    return np.array([np.sin(angle), np.cos(angle)])


def poses_of(
    figures: Sequence[Figure],
    *,
    stature: float = 300.0,
    ground: float = 440.0,
    left: float = 320.0,
    score: float = 0.8,
) -> Poses:
    """Return figures as poses in a picture.

    Args:
        figures: The people.
        stature: Height of a standing one, pixels.
        ground: Where they stand, pixels from the top.
        left: Where x = 0 is, pixels from the left.
        score: Score of people and keypoints.
    """
    if not figures:
        return Poses.empty(17)
    points = np.array([keypoints(figure) for figure in figures])
    pixels = (points * (stature, -stature) + (left, ground)).astype(np.float32)
    boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    people = len(figures)
    scores = np.full((people, 17), score, np.float32)
    return Poses(pixels, scores, np.full(people, score, np.float32), boxes)


def stride(time_s: float, *, pace: float, steps_hz: float, swing: float, bounce: float) -> Figure:
    """Return somebody who walks or runs to the right, seen from the side.

    Args:
        time_s: Since they were at x = 0.
        pace: Statures per second.
        steps_hz: Double steps per second.
        swing: How far each leg swings to both sides, degrees.
        bounce: How far the hips go up and down, statures.
    """
    phase = 2 * np.pi * steps_hz * time_s
    leg, arm = swing * np.sin(phase), 0.8 * swing * np.sin(phase)
    bent = np.maximum(0, np.cos(phase)) * swing, np.maximum(0, -np.cos(phase)) * swing
    return Figure(
        x=pace * time_s,
        hips=0.47 + bounce * abs(np.cos(phase)),
        torso=4,
        thighs=(leg, -leg),
        shins=(leg - bent[0], -leg - bent[1]),
        arms=(-arm, arm),
        forearms=(-arm + 20, arm + 20),
    )


def walk(time_s: float) -> Figure:
    """Return somebody walking to the right."""
    return stride(time_s, pace=0.7, steps_hz=0.9, swing=25, bounce=0.015)


def run(time_s: float) -> Figure:
    """Return somebody running to the right."""
    return stride(time_s, pace=1.8, steps_hz=1.5, swing=45, bounce=0.04)


def jump(time_s: float) -> Figure:
    """Return somebody jumping in place twice a second."""
    high = 0.12 * max(0.0, np.sin(4 * np.pi * time_s))
    return STAND.moved(hips=0.48 + high, front=1)


def wave(time_s: float) -> Figure:
    """Return somebody waving a hand above the head."""
    swing = 25 * np.sin(4 * np.pi * time_s)
    return STAND.moved(arms=(130, 0), forearms=(175 + swing, 0), front=1)


def dance(time_s: float) -> Figure:
    """Return somebody dancing in place: arms, hips and knees all move."""
    a, b = np.sin(2.4 * np.pi * time_s), np.cos(3.6 * np.pi * time_s)
    return Figure(
        x=0.02 * a,
        hips=0.46,
        torso=6 * a,
        thighs=(15 + 10 * b, -15 + 10 * b),
        shins=(-8 - 10 * b, 8 - 10 * b),
        arms=(70 + 50 * a, -70 + 50 * b),
        forearms=(60 + 70 * b, -60 + 70 * a),
        front=1,
    )


def play(
    posture: Callable[[float], Figure],
    seconds: float,
    *,
    fps: float = 15.0,
    shake: float = 0.0,
    **view: float,
) -> Iterator[tuple[float, Poses]]:
    """Play a motion of one person; options as for `act`."""
    random = np.random.default_rng(0)
    for number in range(round(seconds * fps) + 1):
        poses = poses_of([posture(number / fps)], **view)
        if shake:
            poses.keypoints[:] += random.normal(0, shake, poses.keypoints.shape)
        yield number / fps, poses


def figure_at(story: Sequence[tuple[float, Figure]], time_s: float) -> Figure:
    """Return the posture at a time of a story: between two it changes smoothly."""
    for (begin, first), (end, second) in itertools.pairwise(story):
        if time_s <= end:
            share = min(max((time_s - begin) / max(end - begin, 1e-9), 0), 1)
            return between(first, second, share * share * (3 - 2 * share))
    return story[-1][1]


def act(
    story: Sequence[tuple[float, Figure]], *, fps: float = 15.0, shake: float = 0.0, **view: float
) -> Iterator[tuple[float, Poses]]:
    """Play a story of one person.

    Args:
        story: When which posture is reached, seconds; between two it changes smoothly.
        fps: Pictures per second.
        shake: Standard deviation of each keypoint, pixels; always the same random numbers.
        **view: As for `poses_of`.

    Yields:
        Time and the person in each picture.
    """
    begin, end = story[0][0], story[-1][0]
    frames = play(
        lambda since_s: figure_at(story, begin + since_s), end - begin, fps=fps, shake=shake, **view
    )
    yield from ((begin + since_s, poses) for since_s, poses in frames)
