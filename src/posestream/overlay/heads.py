"""Where people's heads are, judged generously: a face left uncovered is worse than a neck covered.

Sizes come from whatever is known of a person, by the proportions of an adult, and the largest
estimate wins: eyes and ears give it for a face seen from the front, shoulders and torso for one
that is turned away, the box where nothing else was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from posestream.topology import Topology
from posestream.types import Poses

_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_SHOULDERS = ("left_shoulder", "right_shoulder", "neck")
_HEAD_HEIGHTS = {
    ("left_eye", "right_eye"): 3.9,
    ("left_ear", "right_ear"): 1.55,
    ("left_eye", "left_ear"): 2.1,
    ("right_eye", "right_ear"): 2.1,
    ("left_shoulder", "right_shoulder"): 0.68,
    ("left_shoulder", "left_hip"): 0.52,
    ("right_shoulder", "right_hip"): 0.52,
}
"""Height of a head per distance between two keypoints."""
_USED = {*_FACE, *_SHOULDERS, *(name for pair in _HEAD_HEIGHTS for name in pair)}
_OF_BOX = 0.3
"""Height of a head per longer side of the box, where nothing else tells."""
_MOST_OF_BOX = 0.75
"""No head is a larger share of the longer side of its person's box, give or take a hat."""
_MIN_SCORE = 0.05
"""Even a doubtful keypoint says where not to leave a face uncovered."""
_STRAY = 5
"""A point of the face is not this many times as far from its middle as most others are."""
_FAR = 1e6
"""No picture is that large."""
_MARGIN = 1.2
_NARROWNESS = 0.88
"""Width of the ellipse per height: between that of a face and a circle."""


@dataclass(frozen=True, slots=True)
class Head:
    """An ellipse that covers a head, frame pixels."""

    centre: tuple[float, float]
    """x and y."""
    half_height: float
    """From the centre to the crown or the chin."""
    half_width: float
    """From the centre to either side."""
    up: tuple[float, float]
    """Direction from the chin to the crown, of length 1."""


def has_heads(topology: Topology) -> bool:
    """Tell whether a topology has anything to find a head by; hands and things have not."""
    return bool({*_FACE, *_SHOULDERS} & set(topology.keypoints))


def heads(poses: Poses, topology: Topology) -> list[Head | None]:
    """Return an ellipse for everyone's head; ``None`` where nothing is known of where it is."""
    columns = [(name, k) for k, name in enumerate(topology.keypoints) if name in _USED]
    if not has_heads(topology):
        return [None] * len(poses)
    people = zip(
        poses.keypoints.tolist(), poses.keypoint_scores.tolist(), poses.boxes.tolist(), strict=True
    )
    return [
        _head(_Person({name: points[k] for name, k in columns if scores[k] >= _MIN_SCORE}, box))
        for points, scores, box in people
    ]


class _Person:
    """One person's keypoints by name, as complex numbers x + iy; only those that were found."""

    def __init__(self, points: dict[str, list[float]], box: list[float]) -> None:
        self.box = box if all(abs(side) < _FAR for side in box) else None
        self._points = {
            name: complex(*point)
            for name, point in points.items()
            if abs(point[0]) < _FAR and abs(point[1]) < _FAR  # False for NaN
        }
        for name in _strays({name: self._points[name] for name in _FACE if name in self._points}):
            del self._points[name]

    def found(self, names: Iterable[str]) -> list[complex]:
        return [self._points[name] for name in names if name in self._points]

    def middle(self, *names: str) -> complex | None:
        points = self.found(names)
        return sum(points) / len(points) if points else None

    def distance(self, first: str, second: str) -> float:
        points = self.found((first, second))
        return abs(points[1] - points[0]) if len(points) == 2 else 0.0


def _strays(face: dict[str, complex]) -> list[str]:
    """Name the points of a face that lie on somebody else's: far from where the others are."""
    if len(face) < 3:
        return []
    points = face.values()
    middle = complex(median(point.real for point in points), median(point.imag for point in points))
    distances = {name: abs(point - middle) for name, point in face.items()}
    limit = _STRAY * median(distances.values()) + 1
    return [name for name, distance in distances.items() if distance > limit]


def _head(person: _Person) -> Head | None:
    height, up = _head_height(person), _up(person)
    face, shoulders = person.found(_FACE), person.middle(*_SHOULDERS)
    if not height > 0:
        return None
    half_width = 0.0
    if face:
        xs, ys = [point.real for point in face], [point.imag for point in face]
        centre = complex(min(xs) + max(xs), min(ys) + max(ys)) / 2
        spread = max(abs(point - centre) for point in face)
        half_width = min(spread + 0.1 * height, height)
    elif shoulders is not None:
        centre = shoulders + 0.75 * height * up
    elif person.box is not None:
        left, top, right, _ = person.box
        centre = complex((left + right) / 2, top + height / 2)
    else:
        return None
    half_height = _MARGIN * height / 2
    half_width = max(half_width, _NARROWNESS * half_height)
    half_height = max(half_height, half_width)
    return Head((centre.real, centre.imag), half_height, half_width, (up.real, up.imag))


def _head_height(person: _Person) -> float:
    """Return the largest plausible height of a head, pixels; 0 where nothing tells."""
    height = max(per * person.distance(*pair) for pair, per in _HEAD_HEIGHTS.items())
    if person.box is None:
        return height
    left, top, right, bottom = person.box
    longer = max(right - left, bottom - top)
    return min(height, _MOST_OF_BOX * longer) or _OF_BOX * longer


def _up(person: _Person) -> complex:
    """Return the direction from shoulders to face, or from hips to shoulders, or up the frame."""
    shoulders = person.middle(*_SHOULDERS)
    hips = person.middle("left_hip", "right_hip")
    face = person.middle(*_FACE)
    for low, high in ((shoulders, face), (hips, shoulders)):
        if low is not None and high is not None and abs(high - low) > 1:
            return (high - low) / abs(high - low)
    return -1j
