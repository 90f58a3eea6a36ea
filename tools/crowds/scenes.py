"""Who walks where in a made-up scene, who stands before whom, and who is in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crowds.walking import bodies

Array = npt.NDArray[np.float64]

SIZE = (1280, 720)
"""Width and height of the picture, pixels."""
_FARTHEST, _NEAREST = 0.42, 0.97
"""Where feet may stand, in picture heights from the top."""
_CHANGE_S = 0.35
"""How long people take to change their pace."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The truth about a stretch of time."""

    times_s: Array
    """``(T,)`` seconds."""
    keypoints: Array
    """``(T, N, 17, 2)`` where everybody's keypoints are, pixels, also hidden ones."""
    seen: npt.NDArray[np.bool_]
    """``(T, N, 17)`` keypoints in the picture that nothing hides."""
    inside: npt.NDArray[np.bool_]
    """``(T, N, 17)`` keypoints in the picture, hidden or not."""
    heights: Array
    """``(T, N)`` body heights, pixels."""

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """``(T, N)`` who is in the picture with a quarter of the body, hidden or not."""
        return self.inside.mean(axis=2) > 0.25


def walking_scene(
    people: int,
    *,
    seed: int,
    seconds: float = 20.0,
    fps: float = 30.0,
    shake_px: float = 3.0,
    pillars: int = 1,
) -> Scene:
    """Let people walk about, stop, turn, cross, leave and come in.

    Args:
        people: ``N``, over the whole time; a third of them comes in later, and as many leave.
        seed: What makes the scene this one.
        seconds: Length.
        fps: Frames per second.
        shake_px: Standard deviation of the camera's shaking.
        pillars: Things that stand about in the foreground.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * fps)
    feet, headings, paces = _walk(rng, people, count, 1 / fps)
    heights = _height(feet[..., 1]) * rng.uniform(0.9, 1.1, people)
    steps = np.cumsum(paces / fps, axis=0) * 2 * np.pi / 0.85
    phases = steps + rng.uniform(0, 2 * np.pi, people)
    keypoints = bodies(feet, heights, headings, phases, np.minimum(paces, 1.2) * 0.8)
    hidden = _hidden(keypoints, feet, heights, _pillars(rng, pillars))
    keypoints += _shake(rng, count, fps, shake_px)[:, None, None]
    inside = np.all((keypoints >= 0) & (keypoints < SIZE), axis=3)
    return Scene(np.arange(count) / fps, keypoints, inside & ~hidden, inside, heights)


def _height(y: Array) -> Array:
    """Return how tall somebody looks whose feet are there: 0.2 to 0.5 pictures."""
    depth = (y / SIZE[1] - _FARTHEST) / (_NEAREST - _FARTHEST)
    return SIZE[1] * (0.2 + 0.3 * depth)


def _walk(
    rng: np.random.Generator, people: int, count: int, step_s: float
) -> tuple[Array, Array, Array]:
    """Return feet ``(T, N, 2)``, headings ``(T, N)`` and paces ``(T, N)`` in heights per second."""
    feet, velocity = np.empty((count, people, 2)), np.zeros((people, 2))
    headings, paces = np.empty((count, people)), np.empty((count, people))
    here, goals = _places(rng, people), _places(rng, people)
    comes_s = np.where(rng.random(people) < 0.33, rng.uniform(0, 0.6, people), 0) * count * step_s
    here[comes_s > 0, 0] = _outside(rng, people)[comes_s > 0]
    leaves_s = np.where(rng.random(people) < 0.33, rng.uniform(0.4, 1, people), 9) * count * step_s
    pace, pause_until, heading = rng.uniform(0.5, 0.95, people), np.zeros(people), np.zeros(people)
    for t in range(count):
        now_s, tall = t * step_s, _height(here[:, 1])
        away = goals - here
        away[:, 1] *= 2.5  # depth is foreshortened
        far = np.hypot(*away.T)
        arrived = far < 0.1 * tall
        stays = arrived & (rng.random(people) < 0.4)
        pause_until = np.where(stays, now_s + rng.uniform(0.5, 4, people), pause_until)
        goals = np.where(arrived[:, None], _far_from(rng, here), goals)
        gone = now_s > leaves_s
        goals[gone, 0] = np.where(goals[gone, 0] > SIZE[0] / 2, 1.4, -0.4) * SIZE[0]
        moves = (now_s >= pause_until) & (now_s >= comes_s)
        unit = away / np.maximum(far, 1e-9)[:, None]
        wish = unit * (moves * pace * tall)[:, None] * (1, 0.4)
        wish += _make_way(here, tall) * moves[:, None]
        velocity += (wish - velocity) * min(step_s / _CHANGE_S, 1)
        here = here + velocity * step_s
        here[:, 1] = np.clip(here[:, 1], _FARTHEST * SIZE[1], _NEAREST * SIZE[1])
        speed = np.hypot(velocity[:, 0], velocity[:, 1] * 2.5) / tall
        facing = np.arctan2(velocity[:, 1] * 2.5, velocity[:, 0])
        turn = np.angle(np.exp(1j * (facing - heading)))
        heading = heading + turn * min(4 * step_s, 1) * (speed > 0.1)
        feet[t], headings[t], paces[t] = here, heading, speed
    return feet, headings, paces


def _places(rng: np.random.Generator, people: int) -> Array:
    return rng.uniform((0.06, _FARTHEST + 0.04), (0.94, _NEAREST - 0.03), (people, 2)) * SIZE


def _far_from(rng: np.random.Generator, here: Array) -> Array:
    """Return new places to go to, at least a third of the picture away."""
    places = _places(rng, len(here))
    away = rng.uniform(0.33, 0.6, len(here)) * SIZE[0]
    places[:, 0] = here[:, 0] + np.where(here[:, 0] < SIZE[0] / 2, away, -away)
    return places


def _outside(rng: np.random.Generator, people: int) -> Array:
    return np.where(rng.random(people) < 0.5, -0.12, 1.12) * SIZE[0]


def _make_way(here: Array, tall: Array) -> Array:
    """Return where people step aside so as not to walk through one another."""
    apart = here[:, None] - here
    apart[..., 1] *= 3
    near = np.hypot(apart[..., 0], apart[..., 1]) / tall[:, None]
    push = np.where((near < 0.45) & (near > 0), (0.45 - near) / np.maximum(near, 0.05), 0)
    return (apart * push[..., None]).sum(axis=1) * (0.5, 0.4)


def _pillars(rng: np.random.Generator, count: int) -> Array:
    """Return ``(n, 3)`` left, right and depth of pillars that people walk behind."""
    middle, half = rng.uniform(0.2, 0.8, count) * SIZE[0], rng.uniform(20, 45, count)
    depth = rng.uniform(0.65, 0.9, count) * SIZE[1]
    return np.stack([middle - half, middle + half, depth], axis=1)


def _hidden(keypoints: Array, feet: Array, heights: Array, pillars: Array) -> npt.NDArray[np.bool_]:
    """Say which ``(T, N, K)`` keypoints are behind a nearer person's trunk or a pillar."""
    hidden = np.zeros(keypoints.shape[:-1], bool)
    x, y = keypoints[..., 0], keypoints[..., 1]
    for other in range(feet.shape[1]):
        tall, foot = heights[:, other, None, None], feet[:, other, None, None]
        near = feet[:, :, None, 1] < foot[..., 1]
        up = (foot[..., 1] - y) / tall
        half = np.select([up < 0, up < 0.5, up < 0.84, up < 1], [0, 0.08, 0.12, 0.06], 0)
        hidden |= near & (np.abs(x - foot[..., 0]) < half * tall)
    for left, right, depth in pillars:
        hidden |= (x > left) & (x < right) & (feet[..., None, 1] < depth)
    return hidden


def _shake(rng: np.random.Generator, count: int, fps: float, shake_px: float) -> Array:
    """Return ``(T, 2)`` shifts that hang together for a tenth of a second, and a few knocks."""
    shifts, keep = np.zeros((count, 2)), np.exp(-10 / fps)
    noise = rng.normal(0, shake_px * np.sqrt(1 - keep**2), (count, 2))
    noise += rng.normal(0, 5 * shake_px, (count, 2)) * (rng.random((count, 1)) < 0.2 / fps)
    for t in range(1, count):
        shifts[t] = keep * shifts[t - 1] + noise[t]
    return shifts
