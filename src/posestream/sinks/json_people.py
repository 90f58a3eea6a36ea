"""The people of a frame as JSON text, set by compiled code outside the GIL.

What comes out is what ``json`` makes of `Result.to_dict`, byte for byte. With many streams, writing
numbers in Python would leave no time for anything else.
"""

from __future__ import annotations

import functools
import json

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.topology import Topology
from posestream.types import Result

Text = npt.NDArray[np.uint8]

_LARGEST = 1e9
"""Numbers under it have few digits; no picture holds larger ones."""
_DIGITS = 16
"""Characters of a number under `_LARGEST`, sign and comma included."""
_ZERO, _MINUS, _POINT, _COMMA = b"0-.,"


def people_json(result: Result) -> bytes | None:
    """Return the elements of ``people``, without the brackets around them.

    Returns:
        The text, or ``None`` where a number is not finite or absurdly large, so that a box or a
        score needs more care.
    """
    poses = result.poses
    found = (poses.keypoint_scores > 0) & np.isfinite(poses.keypoints).all(axis=2)
    points = np.concatenate([poses.keypoints, poses.keypoint_scores[..., None]], axis=2)
    points[~found] = 0
    for numbers in (points, poses.boxes, poses.scores):
        if not (np.abs(numbers) < _LARGEST).all():
            return None
    names, ends = _names(result.topology)
    room = len(poses) * (64 + 6 * _DIGITS + len(names) + len(ends) * (3 * _DIGITS + 2))
    out = np.empty(room, np.uint8)
    length = set_people(
        out,
        result.tracks.ids,
        np.ascontiguousarray(poses.scores),
        np.ascontiguousarray(poses.boxes),
        points,
        found,
        names,
        ends,
    )
    return out[:length].tobytes()


@functools.lru_cache(maxsize=64)
def _names(topology: Topology) -> tuple[Text, npt.NDArray[np.int64]]:
    """Return ``"nose":[`` and so on in one piece, and where each ends."""
    keys = [f"{json.dumps(name)}:[".encode() for name in topology.keypoints]
    return np.frombuffer(b"".join(keys), np.uint8).copy(), np.cumsum([len(key) for key in keys])


@compiled(cached=False)
def put(out: Text, at: int, text: bytes) -> int:
    """Copy a text; return the position after it."""
    for i in range(len(text)):
        out[at + i] = text[i]
    return at + len(text)


@compiled(cached=False)
def put_whole(out: Text, at: int, value: int) -> int:
    """Write a whole number that is not negative; return the position after it."""
    digits, rest = 1, value // 10
    while rest > 0:
        digits, rest = digits + 1, rest // 10
    for i in range(digits - 1, -1, -1):
        out[at + i] = _ZERO + value % 10
        value //= 10
    return at + digits


@compiled(cached=False)
def put_number(out: Text, at: int, value: float, scale: int) -> int:
    """Write a number rounded to ``1 / scale``, with as few decimals as it takes, at least one."""
    scaled = int(np.rint(np.float64(value) * scale))
    if scaled < 0:
        out[at] = _MINUS
        at, scaled = at + 1, -scaled
    at = put_whole(out, at, scaled // scale)
    out[at] = _POINT
    at, rest = at + 1, scaled % scale
    while True:
        scale //= 10
        out[at] = _ZERO + rest // scale
        at, rest = at + 1, rest % scale
        if rest == 0:
            return at


@compiled
def set_people(
    out: Text,
    ids: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    boxes: npt.NDArray[np.float32],
    points: npt.NDArray[np.float32],
    found: npt.NDArray[np.bool_],
    names: Text,
    ends: npt.NDArray[np.int64],
) -> int:
    """Write everyone as JSON objects with commas between them.

    Args:
        out: ``(n,)`` room for the text.
        ids: ``(P,)`` identities; negative ones become null.
        scores: ``(P,)``, written with four decimals.
        boxes: ``(P, 4)``, two decimals.
        points: ``(P, K, 3)`` x, y, score, three decimals.
        found: ``(P, K)`` keypoints to write.
        names: The keys of the keypoints, each with its opening bracket, one after the other.
        ends: ``(K,)`` where each key ends in ``names``.

    Returns:
        Length of the text.
    """
    at = 0
    for p in range(len(ids)):
        at = put(out, at, b',{"id":' if p else b'{"id":')
        at = put_whole(out, at, ids[p]) if ids[p] >= 0 else put(out, at, b"null")
        at = put_number(out, put(out, at, b',"score":'), scores[p], 10_000)
        at = put(out, at, b',"box":[')
        for side in range(4):
            at = put_number(out, at, boxes[p, side], 100)
            out[at] = _COMMA
            at += 1
        at = put(out, at - 1, b'],"keypoints":{')
        is_first = True
        for k in range(len(ends)):
            if not found[p, k]:
                continue
            if not is_first:
                out[at] = _COMMA
                at += 1
            is_first = False
            for i in range(ends[k - 1] if k else 0, ends[k]):
                out[at] = names[i]
                at += 1
            for c in range(3):
                at = put_number(out, at, points[p, k, c], 1000)
                out[at] = _COMMA
                at += 1
            at = put(out, at - 1, b"]")
        at = put(out, at, b"}}")
    return at
