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
    poses, tracks = result.poses, result.tracks
    names, ends = _names(result.topology)
    keypoints = len(ends) * (3 * _DIGITS + 2)
    out = np.empty(len(poses) * (80 + 6 * _DIGITS + 2 * len(names) + keypoints), np.uint8)
    length = set_people(
        out,
        tracks.ids,
        np.ascontiguousarray(poses.scores),
        np.ascontiguousarray(poses.boxes),
        np.ascontiguousarray(poses.keypoints),
        np.ascontiguousarray(poses.keypoint_scores),
        np.ascontiguousarray(tracks.filled),
        names,
        ends,
    )
    return out[:length].tobytes() if length >= 0 else None


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


@compiled(cached=False)
def put_numbers(out: Text, at: int, values: npt.NDArray[np.float32], scale: int) -> int:
    """Write numbers with commas between them; return the position after the last."""
    for i in range(len(values)):
        at = put_number(out, at, values[i], scale)
        out[at] = _COMMA
        at += 1
    return at - 1


@compiled(cached=False)
def put_name(out: Text, at: int, names: Text, ends: npt.NDArray[np.int64], k: int) -> int:
    """Write a comma and the key of a keypoint, with its colon and bracket."""
    out[at] = _COMMA
    at += 1
    for i in range(ends[k - 1] if k else 0, ends[k]):
        out[at] = names[i]
        at += 1
    return at


@compiled(cached=False)
def is_found(score: float, x: float, y: float) -> bool:
    """Say whether a keypoint is to be written."""
    return score > 0.0 and np.isfinite(x) and np.isfinite(y)


@compiled(cached=False)
def needs_care(
    score: float, box: npt.NDArray[np.float32], points: npt.NDArray, scores: npt.NDArray
) -> bool:
    """Say whether a number of a person that is to be written is not finite or absurdly large."""
    if not (abs(score) < _LARGEST and (np.abs(box) < _LARGEST).all()):
        return True
    for k in range(len(scores)):
        x, y = points[k]
        large = not max(abs(x), abs(y), scores[k]) < _LARGEST
        if large and is_found(scores[k], x, y):
            return True
    return False


@compiled(cached=False)
def put_keypoints(
    out: Text,
    at: int,
    points: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    names: Text,
    ends: npt.NDArray[np.int64],
) -> int:
    """Write the keypoints that were found, in braces; return the position after them."""
    begun = at
    for k in range(len(ends)):
        x, y = points[k]
        if is_found(scores[k], x, y):
            at = put_name(out, at, names, ends, k)
            at = put_number(out, at, x, 1000)
            at = put_number(out, put(out, at, b","), y, 1000)
            at = put_number(out, put(out, at, b","), scores[k], 1000)
            at = put(out, at, b"]")
    put(out, begun, b"{")  # in the place of the first comma
    return put(out, max(at, begun + 1), b"}")


@compiled(cached=False)
def put_filled(
    out: Text, at: int, marks: npt.NDArray[np.bool_], names: Text, ends: npt.NDArray[np.int64]
) -> int:
    """Write the names of keypoints that tracking filled in, if any."""
    if not marks.any():
        return at
    at = put(out, at, b',"filled":')
    begun = at
    for k in range(len(ends)):
        if marks[k]:
            at = put_name(out, at, names, ends, k) - 2  # without its colon and bracket
    put(out, begun, b"[")  # in the place of the first comma
    return put(out, at, b"]")


@compiled
def set_people(
    out: Text,
    ids: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    boxes: npt.NDArray[np.float32],
    points: npt.NDArray[np.float32],
    point_scores: npt.NDArray[np.float32],
    filled: npt.NDArray[np.bool_],
    names: Text,
    ends: npt.NDArray[np.int64],
) -> int:
    """Write everyone as JSON objects with commas between them.

    Args:
        out: ``(n,)`` room for the text.
        ids: ``(P,)`` identities; negative ones become null.
        scores: ``(P,)``, written with four decimals.
        boxes: ``(P, 4)``, two decimals.
        points: ``(P, K, 2)``, three decimals.
        point_scores: ``(P, K)``, three decimals; 0 for keypoints to leave out.
        filled: ``(P, K)`` keypoints whose names are written once more.
        names: The keys of the keypoints, each with its opening bracket, one after the other.
        ends: ``(K,)`` where each key ends in ``names``.

    Returns:
        Length of the text; -1 where a number needs more care.
    """
    at = 0
    for p in range(len(ids)):
        if needs_care(scores[p], boxes[p], points[p], point_scores[p]):
            return -1
        at = put(out, at, b',{"id":' if p else b'{"id":')
        at = put_whole(out, at, ids[p]) if ids[p] >= 0 else put(out, at, b"null")
        at = put_number(out, put(out, at, b',"score":'), scores[p], 10_000)
        at = put_numbers(out, put(out, at, b',"box":['), boxes[p], 100)
        at = put(out, at, b'],"keypoints":')
        at = put_keypoints(out, at, points[p], point_scores[p], names, ends)
        at = put_filled(out, at, filled[p], names, ends)
        at = put(out, at, b"}")
    return at
