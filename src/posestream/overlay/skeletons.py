"""Skeletons as strokes: which limb in which colour, how wide, and what is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.overlay.canvas import bounded
from posestream.overlay.colours import LEFT, MIDDLE, OUTLINE, RGB, RIGHT, identity_colour
from posestream.overlay.strokes import STROKE_FIELDS
from posestream.topology import Topology
from posestream.types import Poses

_FACE = frozenset({"nose", "eye", "ear", "mouth", "chin"})
_FACE_SHARE = 0.6
"""Width of a limb between two points of the face, in limb widths; faces are small."""
_DENSE = frozenset({"face", "hand", "thumb", "finger", "forefinger"})
_DENSE_SHARE = 0.3
"""Width of a limb of a hand or of a face of a whole body, in limb widths; they have many points."""
_LEAST_BODY = 4
"""Keypoints that are neither of a hand nor of a face, from which a topology is a body's."""
_RIM_SHARE = 0.3
"""Width of the dark rim around a limb, in limb widths."""
_RIM_OPACITY = 0.55
_OPACITY = 0.92
_DOT_SHARE = 0.8
"""Radius of a keypoint's dot, in limb widths."""
_FAR = 1e9
_BOX_SHARE = 0.5
"""Width of a box's sides, in limb widths."""


@dataclass(frozen=True, slots=True, eq=False)
class SkeletonStyle:
    """How a topology is drawn; row ``l`` is limb ``l``, row ``k`` keypoint ``k``."""

    limbs: npt.NDArray[np.intp]
    """``(L, 2)`` keypoints of the limbs that are drawn."""
    limb_shares: npt.NDArray[np.float64]
    """``(L,)`` width in limb widths."""
    limb_colours: npt.NDArray[np.uint8]
    """``(L, 3)`` RGB."""
    dot_shares: npt.NDArray[np.float64]
    """``(K,)`` radius in limb widths."""
    dot_colours: npt.NDArray[np.uint8]
    """``(K, 3)`` RGB."""
    shoulders: tuple[int, int] | None
    """Where to put the neck of a topology that has none; it is keypoint ``K``, without a dot."""

    @classmethod
    def of(cls, topology: Topology) -> SkeletonStyle:
        """Choose colours by side and widths by body part, from the keypoints' names alone.

        Colours that the topology itself has come first.


        A limb from an ear to a shoulder helps decoding, but nobody has one: it is not drawn.
        Where no keypoint is a neck, one between the shoulders carries the head.
        """
        names = topology.keypoints
        drawn = [limb for limb in topology.limbs if not _is_ear_to_shoulder(names, limb)]
        shares = _shares(names)
        dot_shares = _DOT_SHARE * np.array(shares)
        shoulders = None
        if "neck" not in names and {"nose", "left_shoulder", "right_shoulder"} <= set(names):
            shoulders = names.index("left_shoulder"), names.index("right_shoulder")
            drawn.insert(0, (len(names), names.index("nose")))
            names, shares = (*names, "neck"), [*shares, 1.0]
        return cls(
            limbs=np.array(drawn, np.intp).reshape(-1, 2),
            limb_shares=np.array([_limb_share(shares[a], shares[b]) for a, b in drawn]),
            limb_colours=_rgb([_colour(topology, names[a], names[b]) for a, b in drawn]),
            dot_shares=dot_shares,
            dot_colours=_rgb([_colour(topology, name, name) for name in topology.keypoints]),
            shoulders=shoulders,
        )

    def strokes(
        self,
        poses: Poses,
        size: tuple[int, int],
        *,
        threshold: float,
        widths: npt.NDArray[np.float64],
        ids: npt.NDArray[np.int64] | None = None,
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Turn poses into strokes, the best person last so that nobody covers it.

        A limb is drawn if both its keypoints are sure enough and at least one lies in the frame.

        Args:
            poses: Everyone in the frame.
            size: Width and height of the frame, pixels.
            threshold: Keypoints with a lower score are left out.
            widths: ``(P,)`` width of each person's limbs, pixels.
            ids: ``(P,)`` identities; limbs take the colour of theirs, dots still that of their
                side. Those of -1, and by default all, keep the colours of their sides.

        Returns:
            ``(S, 8)`` strokes and their ``(S, 3)`` RGB colours.
        """
        points = _finite(poses.keypoints[::-1])
        sure = poses.keypoint_scores[::-1] >= threshold
        if self.shoulders is not None:
            points, sure = _with_neck(points, sure, self.shoulders)
        near, inside = _visible(points, sure, size)
        a, b = self.limbs.T
        limb_drawn = near[:, a] & near[:, b] & (inside[:, a] | inside[:, b])
        wide = widths[::-1, None]
        limbs = _strokes(points[:, a], points[:, b], wide * self.limb_shares / 2, wide)
        dots = self.dot_shares
        dotted = points[:, : len(dots)]
        drawn = np.concatenate([limb_drawn, inside[:, : len(dots)]], axis=1)
        strokes = np.concatenate([limbs, _strokes(dotted, dotted, wide * dots, wide)], axis=1)
        colours = np.concatenate([self.limb_colours, self.dot_colours])
        everyone = np.broadcast_to(colours, (len(points), *colours.shape))
        if ids is not None and (ids >= 0).any():
            known = ids[::-1] >= 0
            everyone = everyone.copy()
            own = _rgb([identity_colour(i) or MIDDLE for i in ids[::-1][known].tolist()])
            everyone[known, : len(self.limbs)] = own[:, None]
        return strokes[drawn], everyone[drawn]


def limb_widths(
    boxes: npt.NDArray[np.float32], size: tuple[int, int], width: float | None
) -> npt.NDArray[np.float64]:
    """Return the limb width of each person, pixels.

    Args:
        boxes: ``(P, 4)`` of the people.
        size: Width and height of the frame.
        width: Width for everybody; by default it grows with the frame and, more slowly, with the
            person.
    """
    if width is not None:
        return np.full(len(boxes), width)
    frame_side = float(np.sqrt(size[0] * size[1]))
    usual = max(0.0048 * frame_side, 1.6)
    sides = np.max(np.abs(np.diff(_finite(boxes).reshape(-1, 2, 2), axis=1)), axis=(1, 2))
    shares = sides / (0.4 * frame_side)
    return np.maximum(usual * np.clip(shares, 0.05, 2.0) ** 0.35, 1.2)


def box_strokes(
    boxes: npt.NDArray[np.float32],
    size: tuple[int, int],
    *,
    widths: npt.NDArray[np.float64],
    colours: list[RGB],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Turn ``(P, 4)`` boxes into strokes along their sides, clipped to the frame.

    Args:
        boxes: Left, top, right, bottom, frame pixels.
        size: Width and height of the frame, pixels.
        widths: ``(P,)`` width of each person's limbs, pixels; boxes are drawn finer.
        colours: ``P`` RGB colours.

    Returns:
        ``(8P, 8)`` strokes and their ``(8P, 3)`` RGB colours.
    """
    radii = _BOX_SHARE * widths / 2
    left, top, right, bottom = bounded(boxes, size, margin=float(radii.max(initial=0))).T
    xs, ys = (left, right, right, left), (top, top, bottom, bottom)
    corners = np.stack([np.stack(xs, axis=1), np.stack(ys, axis=1)], axis=2)
    sides = _strokes(corners, np.roll(corners, -1, axis=1), radii[:, None], widths[:, None])
    # All four dark sides first: a rim per side would notch the sides that meet it.
    dark = sides.copy()
    dark[..., 4] += dark[..., 5]
    dark[..., 6] = _RIM_OPACITY
    strokes = np.concatenate([dark, sides], axis=1)
    strokes[..., 5] = strokes[..., 7] = 0
    rgb = np.repeat(np.array(colours, np.uint8).reshape(-1, 1, 3), 8, axis=1)
    rgb[:, :4] = OUTLINE
    return strokes.reshape(-1, STROKE_FIELDS), rgb.reshape(-1, 3)


def _with_neck(
    points: npt.NDArray[np.float64], sure: npt.NDArray[np.bool_], shoulders: tuple[int, int]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Append the middle of the shoulders as keypoint ``K``."""
    pair = list(shoulders)
    neck = points[:, pair].mean(axis=1, keepdims=True)
    both = sure[:, pair].all(axis=1, keepdims=True)
    return np.concatenate([points, neck], axis=1), np.concatenate([sure, both], axis=1)


def _visible(
    points: npt.NDArray[np.float64], sure: npt.NDArray[np.bool_], size: tuple[int, int]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Say which ``(P, K)`` points lie within a frame's size of the frame, and which inside it."""
    extent = np.array(size, np.float64)
    near = sure & np.all((points > -extent) & (points < 2 * extent), axis=2)
    inside = near & np.all((points >= 0) & (points < extent), axis=2)
    return near, inside


def _finite(numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Put what is not a number, or absurdly large, far outside any frame."""
    far = np.nan_to_num(numbers.astype(np.float64), nan=_FAR, posinf=_FAR, neginf=-_FAR)
    return np.clip(far, -_FAR, _FAR)


def _strokes(
    starts: npt.NDArray[np.float64],
    ends: npt.NDArray[np.float64],
    radii: npt.NDArray[np.float64],
    widths: npt.NDArray[np.float64],
) -> npt.NDArray[np.float32]:
    strokes = np.empty((*starts.shape[:2], STROKE_FIELDS), np.float32)
    strokes[..., 0:2] = starts
    strokes[..., 2:4] = ends
    strokes[..., 4] = radii
    strokes[..., 5] = widths * _RIM_SHARE
    strokes[..., 6] = _OPACITY
    strokes[..., 7] = _RIM_OPACITY
    return strokes


def _colour(topology: Topology, first: str, second: str) -> RGB:
    """Return a limb's colour: the topology's own of its second keypoint, else its side's."""
    return topology.colour_of(second) or _limb_colour(first, second)


def _limb_colour(first: str, second: str) -> RGB:
    sides = {name.split("_")[0] for name in (first, second)} & {"left", "right"}
    if len(sides) != 1:
        return MIDDLE
    return LEFT if sides == {"left"} else RIGHT


def _shares(names: tuple[str, ...]) -> list[float]:
    """Return how wide each keypoint is drawn, in limb widths: all 1 of a hand or a face alone."""
    words = [set(re.split(r"[^a-z]+", name.lower())) for name in names]
    shares = [
        _DENSE_SHARE if _DENSE & own else _FACE_SHARE if _FACE & own else 1.0 for own in words
    ]
    return shares if shares.count(1.0) >= _LEAST_BODY else [1.0] * len(shares)


def _limb_share(first: float, second: float) -> float:
    """Return a limb's width: that of its wider end in a face, of its finer end in a hand."""
    return min(first, second) if min(first, second) == _DENSE_SHARE else max(first, second)


def _is_ear_to_shoulder(names: tuple[str, ...], limb: tuple[int, int]) -> bool:
    parts = {names[k].split("_")[-1] for k in limb}
    return parts == {"ear", "shoulder"}


def _rgb(colours: list[RGB]) -> npt.NDArray[np.uint8]:
    return np.array(colours, np.uint8).reshape(-1, 3)
