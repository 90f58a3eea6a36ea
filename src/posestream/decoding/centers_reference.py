"""The center decoder written to be read: the oracle of the compiled one.

Plain loops over people, keypoints and cells, in the order of the algorithm; hundreds of times
slower than `posestream.decoding.centers`, and equal to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.decoding.centers_suppression import AREA_OF_EXTENT

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody in one frame's maps."""

    points: npt.NDArray[np.float64]
    """``(K, 2)`` keypoints (x, y), cells."""
    heights: npt.NDArray[np.float64]
    """``(K,)`` confidence in each keypoint."""
    score: float
    """Confidence in the person."""


def decode_centers(
    center_heatmap: Floats,
    box_size: Floats,
    keypoint_heatmap: Floats,
    keypoint_regression: Floats,
    keypoint_offset: Floats,
    *,
    reaches: Floats,
    sigmas: Floats,
    center_threshold: float = 0.05,
    keypoint_threshold: float = 0.03,
    center_weight: float = 0.25,
    suppression: float = 0.5,
    max_people: int = 100,
) -> list[Person]:
    """Find everyone in one frame's maps, best first.

    Args:
        center_heatmap: ``(1, h, w)``.
        box_size: ``(2, h, w)`` height and width, cells.
        keypoint_heatmap: ``(K, h, w)``.
        keypoint_regression: ``(2K, h, w)`` (dy, dx) from the center's cell.
        keypoint_offset: ``(2K, h, w)`` (dy, dx) from the keypoint's cell.
        reaches: ``(K,)`` deviation of the regression per side of the person.
        sigmas: ``(K,)`` tolerances of object keypoint similarity.
        center_threshold: As for `CenterDecoder`, like all that follow.
        keypoint_threshold: As for `CenterDecoder`.
        center_weight: As for `CenterDecoder`.
        suppression: As for `CenterDecoder`.
        max_people: As for `CenterDecoder`.
    """
    people = []
    for y, x in peaks(center_heatmap[0], center_threshold)[:max_people]:
        side = max(cells(box_size[0, y, x]), cells(box_size[1, y, x]), 2.0)
        points, heights, weighted = [], [], []
        for k, heatmap in enumerate(keypoint_heatmap):
            guess_y = y + cells(keypoint_regression[2 * k, y, x])
            guess_x = x + cells(keypoint_regression[2 * k + 1, y, x])
            value, cell = likeliest(heatmap, guess_y, guess_x, float(reaches[k]) * side)
            height = min(float(heatmap[cell]), 1.0) if value > 0 else 0.0
            if height >= keypoint_threshold:
                dy, dx = (cells(keypoint_offset[2 * k + axis][cell]) for axis in (0, 1))
                points.append((cell[1] + dx, cell[0] + dy))
            else:
                points.append((guess_x, guess_y))
            heights.append(height)
            weighted.append(value)
        seen = np.array(heights)
        mean = float((seen * weighted).sum()) / max(float(seen.sum()), 1e-6)
        center = min(float(center_heatmap[0, y, x]), 1.0)
        people.append(Person(np.array(points), seen, center**center_weight * mean))
    people.sort(key=lambda person: -person.score)
    return distinct(people, sigmas, suppression)


def peaks(heatmap: Floats, threshold: float) -> list[tuple[int, int]]:
    """Return the cells (y, x) that no neighbour exceeds, highest first."""
    h, w = heatmap.shape
    found = []
    for y in range(h):
        for x in range(w):
            value = heatmap[y, x]
            if not math.isfinite(value) or value <= threshold:
                continue
            near = [
                (near_y, near_x)
                for near_y in range(max(0, y - 1), min(h, y + 2))
                for near_x in range(max(0, x - 1), min(w, x + 2))
                if (near_y, near_x) != (y, x) and math.isfinite(heatmap[near_y, near_x])
            ]
            higher = any(heatmap[cell] > value for cell in near)
            first_of_equals = all(cell > (y, x) for cell in near if heatmap[cell] == value)
            if not higher and first_of_equals:
                found.append((y, x))
    return sorted(found, key=lambda cell: -heatmap[cell])


def likeliest(
    heatmap: Floats, guess_y: float, guess_x: float, deviation: float
) -> tuple[float, tuple[int, int]]:
    """Return the highest product of heatmap and Gaussian within two deviations, and its cell."""
    best, best_cell = 0.0, (0, 0)
    for y, row in enumerate(heatmap):
        for x, height in enumerate(row):
            distance = math.hypot(y - guess_y, x - guess_x)
            if distance > 2 * deviation or not math.isfinite(height):
                continue
            value = min(float(height), 1.0) * math.exp(-0.5 * (distance / deviation) ** 2)
            if value > best:
                best, best_cell = value, (y, x)
    return best, best_cell


def distinct(people: list[Person], sigmas: Floats, limit: float) -> list[Person]:
    """Keep the people who resemble no better one; best first in and out."""
    kept: list[Person] = []
    for person in people:
        width, height = np.ptp(person.points, axis=0)
        area = AREA_OF_EXTENT * width * height + 1e-6
        if all(similarity(person, other, area, sigmas) < limit for other in kept):
            kept.append(person)
    return kept


def similarity(person: Person, other: Person, area: float, sigmas: Floats) -> float:
    """Return the object keypoint similarity of two people."""
    squares = ((person.points - other.points) ** 2).sum(axis=1)
    return float(np.exp(-squares / (2 * area * (2 * sigmas.astype(float)) ** 2)).mean())


def cells(value: np.floating) -> float:
    """Return a number of cells as it is, and 0 for what is none."""
    return float(value) if abs(value) < 1e5 else 0.0
