"""One frame's work of a tracker, in compiled code: match, update, begin, confirm, forget, write."""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.tracking.association import associate
from posestream.tracking.camera import move_with, shared_shift
from posestream.tracking.doubles import doubles
from posestream.tracking.memory import BORN_S, EVIDENCE, IDENTITY, SEEN_S, SIGHTINGS
from posestream.tracking.sightings import continue_with, start
from posestream.tracking.similarity import overlap
from posestream.tracking.writing import write

_CONFIDENT = 0.4
"""Mean score from which the time to confirm a track is the shortest."""
_MOST_PATIENCE = 9.0
"""How many times longer a doubtful one may take."""
_LEAST_SIGHTINGS = 2
_TENTATIVE_S = 0.2
"""How long an unconfirmed track outlives its last sighting."""
_WITHIN = 0.75
"""Share of a box that lies in another's from which a weak pose is taken for a part of it."""
_WEAK = 0.9
"""Share of the other's score under which it is weak."""
_ABSURD = 1e7
"""Coordinates that no picture has."""
_TWIN = 0.45
"""Overlap from which two boxes are one person's."""


@compiled
def step(memory, state, raw, now_s, at_once, limits, sigmas, neighbours, size, out):
    """Follow everybody into a frame.

    Args:
        memory: See `Memory`; has room for all tracks and all poses.
        state: ``(2,)`` number of tracks and the next identity; changed.
        raw: Keypoints, keypoint scores, scores and boxes of ``P`` people, as a network gave them.
        now_s: Time of the frame.
        at_once: Whether newcomers are confirmed without delay.
        limits: Score of a sure pose, least score of a new track, and in seconds: how long until
            confirmed, how long keypoints are filled, people bridged, people remembered; half-life
            of the scores of what is filled.
        sigmas: ``(K,)`` spread of keypoints.
        neighbours: ``(K, n)`` keypoints next to each on the skeleton, -1 where there are fewer.
        size: Width and height of the picture, pixels; infinite if unknown.
        out: Arrays of the people to return, with room for all: keypoints, keypoint scores,
            scores, boxes, ids, rows, filled.

    Returns:
        How many people are returned.
    """
    sure, least, confirm_s, _, _, remember_s, _ = limits
    poses = _clean(raw)
    count, people = state[0], len(poses[2])
    camera = shared_shift(memory, count, poses, now_s)
    double = doubles(poses, sigmas)
    pose_of, track_of = associate(memory, count, poses, now_s, sigmas, sure, camera, double)
    for n in range(count):
        if pose_of[n] >= 0:
            continue_with(memory, n, poses, pose_of[n], now_s, neighbours, camera)
        else:
            move_with(memory, n, camera)
    count = _begin(memory, count, poses, track_of, double, now_s, least)
    for p in range(people):
        n = track_of[p]
        unnamed = n >= 0 and not _is_known(memory, n)
        if unnamed and (at_once or _is_confirmed(memory, n, now_s, confirm_s)):
            memory.marks[n, IDENTITY] = state[1]
            state[1] += 1
    shown = write(memory, count, poses, track_of, now_s, limits, size, out)
    state[0] = _forget(memory, count, now_s, remember_s)
    return shown


@compiled(cached=False)
def _begin(memory, count, poses, track_of, double, now_s, least):
    """Begin tracks of poses that have none; return how many tracks there are then."""
    for p in range(len(track_of)):
        if _is_known(memory, track_of[p]) or poses[2][p] < least or double[p]:
            continue
        if _is_part(memory, poses, p, track_of):
            if track_of[p] >= 0:
                memory.motion[track_of[p], SEEN_S] = -np.inf  # a newcomer who was none
                track_of[p] = -1
        elif track_of[p] < 0:
            start(memory, count, poses, p, now_s)
            track_of[p] = count
            count += 1
    return count


@compiled(cached=False)
def _is_known(memory, n):
    return n >= 0 and memory.marks[n, IDENTITY] >= 0


@compiled(cached=False)
def _is_part(memory, poses, p, track_of):
    """Say whether a pose is a double, or a weak piece, of somebody who is tracked."""
    box = poses[3][p]
    area = max((box[2] - box[0]) * (box[3] - box[1]), 1e-6)
    for other in range(len(track_of)):
        surer = _is_known(memory, track_of[other]) or other < p
        if other == p or track_of[other] < 0 or not surer:
            continue
        whole = poses[3][other]
        width = min(box[2], whole[2]) - max(box[0], whole[0])
        height = min(box[3], whole[3]) - max(box[1], whole[1])
        inside = max(width, 0.0) * max(height, 0.0) / area
        if overlap(box, whole, 0.0, 0.0) > _TWIN:
            return True
        if inside > _WITHIN and poses[2][p] < _WEAK * poses[2][other]:
            return True
    return False


@compiled(cached=False)
def _is_confirmed(memory, n, now_s, confirm_s):
    """Say whether a track was seen long enough; the less sure, the longer it takes."""
    sightings = memory.marks[n, SIGHTINGS]
    mean = memory.motion[n, EVIDENCE] / sightings
    patience = min(max((_CONFIDENT / max(mean, 1e-3)) ** 2, 1.0), _MOST_PATIENCE)
    seen_s = now_s - memory.motion[n, BORN_S]
    return sightings >= _LEAST_SIGHTINGS and seen_s >= confirm_s * patience - 1e-6


@compiled(cached=False)
def _forget(memory, count, now_s, remember_s):
    """Close the ranks over tracks that are too old; return how many stay."""
    kept = 0
    for n in range(count):
        unseen_s = now_s - memory.motion[n, SEEN_S]
        stays_s = remember_s if memory.marks[n, IDENTITY] >= 0 else min(_TENTATIVE_S, remember_s)
        if unseen_s <= stays_s:
            if kept < n:
                _move(memory, n, kept)
            kept += 1
    return kept


@compiled(cached=False)
def _move(memory, n, to):
    memory.points[to], memory.point_scores[to] = memory.points[n], memory.point_scores[n]
    memory.point_ages[to], memory.boxes[to] = memory.point_ages[n], memory.boxes[n]
    memory.motion[to], memory.marks[to] = memory.motion[n], memory.marks[n]


@compiled(cached=False)
def _clean(raw):
    """Return poses in which a keypoint is either found, with a score, or missing, with none.

    Boxes that are not finite, or the wrong way round, are made from the keypoints.
    """
    points, scores, people, boxes = raw[0].copy(), raw[1].copy(), raw[2].copy(), raw[3].copy()
    for p in range(len(people)):
        if not 0.0 <= people[p] < np.inf:
            people[p] = 0.0
        left, top, right, bottom = np.inf, np.inf, -np.inf, -np.inf
        for k in range(scores.shape[1]):
            x, y = points[p, k]
            if (
                scores[p, k] > 0.0
                and abs(x) < _ABSURD
                and abs(y) < _ABSURD
                and scores[p, k] < np.inf
            ):
                left, right = min(left, x), max(right, x)
                top, bottom = min(top, y), max(bottom, y)
            else:
                points[p, k], scores[p, k] = np.nan, 0.0
        box = boxes[p]
        if not (np.abs(box).max() < _ABSURD and box[0] <= box[2] and box[1] <= box[3]):
            if left > right:
                people[p], left, top, right, bottom = 0.0, 0.0, 0.0, 0.0, 0.0
            box[0], box[1], box[2], box[3] = left, top, right, bottom
    return points, scores, people, boxes
