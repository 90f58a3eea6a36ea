"""Random crowds as a perfect network would draw them, and then less perfect ones.

Made to look like the golden scenes: bodies of true proportions, Gaussian peaks, fields that fill
a tube around each limb and add up where limbs cross. Noise is smooth, and comes with keypoints
that are not drawn and with peaks and fields of uneven strength.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from posestream.topology import TRTPOSE_HUMAN

Array = npt.NDArray[np.float64]

SPREAD = 0.025
"""Radius at which a peak or a field falls to 1/e, as a share of the map."""
SPACING = 0.34
"""Least distance of two people's bodies as a share of the map, for one person."""
_NAMES = {name: k for k, name in enumerate(TRTPOSE_HUMAN.keypoints)}


@dataclass(frozen=True, slots=True)
class Scene:
    """Maps of one frame and who is in it."""

    maps: npt.NDArray[np.float32]
    """``(18, h, w)`` confidence maps."""
    fields: npt.NDArray[np.float32]
    """``(42, h, w)`` part affinity fields."""
    keypoints: Array
    """``(P, 18, 2)`` x and y in cells."""
    visible: npt.NDArray[np.bool_]
    """``(P, 18)`` which of them are drawn."""


def scene(rng: np.random.Generator, people: int, *, noise: float = 0.0, size: int = 56) -> Scene:
    """Draw a random scene; with noise, a tenth of the keypoints is not drawn."""
    torso = min(0.25 * people**-0.3, 0.2)
    bodies = [
        _body(rng, torso * rng.uniform(0.72, 1.28), middle) for middle in _places(rng, people)
    ]
    keypoints = np.array(bodies).reshape(-1, 18, 2) * size
    inside = ((keypoints >= 0) & (keypoints < size)).all(axis=2)
    visible = inside & (rng.random(inside.shape) >= (0.1 if noise else 0.0))
    weakest = 0.4 if noise else 1.0
    maps = _draw_maps(keypoints, visible, rng.uniform(weakest, 1, visible.shape), size)
    limbs = len(TRTPOSE_HUMAN.limbs)
    fields = _draw_fields(keypoints, visible, rng.uniform(weakest, 1, (people, limbs)), size)
    for drawn in (maps, fields):
        if noise:
            rough = gaussian_filter(rng.standard_normal(drawn.shape), (0, 0.8, 0.8))
            drawn += rough * (noise / rough.std())
    return Scene(_halved(maps), _halved(fields), keypoints, visible)


def people_found(poses: npt.NDArray[np.float32], scene: Scene, *, reach: float = 2.0) -> int:
    """Count the people of whom one pose has at least 80 % of the drawn keypoints.

    Args:
        poses: ``(Q, 18, 2)`` x and y in cells, NaN where missing.
        scene: What was drawn.
        reach: Distance in cells up to which a keypoint is found.
    """
    found = 0
    for keypoints, visible in zip(scene.keypoints, scene.visible, strict=True):
        near = np.hypot(*np.moveaxis(poses - keypoints, 2, 0)) <= reach
        best = (near & visible).sum(axis=1).max(initial=0)
        found += bool(visible.any() and best >= 0.8 * visible.sum())
    return found


def _places(rng: np.random.Generator, people: int) -> list[Array]:
    places: list[Array] = []
    while len(places) < people:
        place = rng.uniform([0.04, 0.07], [0.95, 0.9])
        for _ in range(200):
            if all(np.hypot(*(place - other)) > SPACING / people**0.5 for other in places):
                break
            place = rng.uniform([0.04, 0.07], [0.95, 0.9])
        places.append(place)
    return places


def _body(rng: np.random.Generator, torso: float, middle: Array) -> Array:
    """Return ``(18, 2)`` keypoints of a body around its middle, as shares of the map."""
    half = rng.uniform(0.75, 1.25) * 0.33 * (rng.uniform(0, 1) if rng.random() < 0.2 else 1)
    half *= rng.choice([-1, 1])
    body = np.zeros((18, 2))
    body[_NAMES["nose"]] = 0, -0.379
    for side, sign in (("left", half), ("right", -half)):
        hip = np.array([0.625 * sign, 1.0])
        body[_NAMES[f"{side}_eye"]] = 0.208 * sign, -0.448
        body[_NAMES[f"{side}_ear"]] = 0.458 * sign, -0.414
        body[_NAMES[f"{side}_shoulder"]] = sign, 0
        body[_NAMES[f"{side}_hip"]] = hip
        arm, leg = rng.normal(0, 0.5), rng.normal(0, 0.3)
        elbow = np.array([sign, 0]) + _turned((0.417 * sign, 0.5865), arm)
        knee = hip + _turned((0.08 * sign, 0.8276), leg)
        body[_NAMES[f"{side}_elbow"]], body[_NAMES[f"{side}_knee"]] = elbow, knee
        wrist = elbow + _turned((0.167 * sign, 0.5177), arm + rng.normal(0, 0.5))
        body[_NAMES[f"{side}_wrist"]] = wrist
        ankle = knee + _turned((0.04 * sign, 0.793), leg + rng.normal(0, 0.28))
        body[_NAMES[f"{side}_ankle"]] = ankle
    body[:, 1] -= 0.5
    return middle + torso * _turned(body, rng.normal(0, 0.117))


def _turned(points: Array | tuple[float, float], angle: float) -> Array:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points) @ turn


def _draw_maps(keypoints: Array, visible: npt.NDArray[np.bool_], peaks: Array, size: int) -> Array:
    maps, cells = np.zeros((18, size, size)), np.arange(size) + 0.5
    for person, k in np.argwhere(visible):
        x, y = np.exp(-(((cells - keypoints[person, k][:, None]) / (SPREAD * size)) ** 2))
        np.maximum(maps[k], peaks[person, k] * y[:, None] * x, out=maps[k])
    return maps


def _draw_fields(
    keypoints: Array, visible: npt.NDArray[np.bool_], strengths: Array, size: int
) -> Array:
    fields = np.zeros((2 * len(TRTPOSE_HUMAN.limbs), size, size))
    y, x = np.mgrid[:size, :size] + 0.5
    for person in range(len(keypoints)):
        for n, (a, b) in enumerate(TRTPOSE_HUMAN.limbs):
            if not (visible[person, a] and visible[person, b]):
                continue
            begin, along = keypoints[person, a], keypoints[person, b] - keypoints[person, a]
            length = np.hypot(*along) + 1e-5
            unit = along / length
            part = np.clip((x - begin[0]) * unit[0] + (y - begin[1]) * unit[1], 0, length)
            square = (x - begin[0] - part * unit[0]) ** 2 + (y - begin[1] - part * unit[1]) ** 2
            tube = strengths[person, n] * np.exp(-square / (SPREAD * size) ** 2)
            for channel, component in zip(TRTPOSE_HUMAN.paf_channels[n], unit, strict=True):
                fields[channel] += tube * component
    return fields


def _halved(array: Array) -> npt.NDArray[np.float32]:
    """Round to half precision, as networks on a GPU do."""
    return array.astype(np.float16).astype(np.float32)
