"""Who is who: tracks and poses are matched in rounds, the surest first."""

from __future__ import annotations

import math

import numpy as np

from posestream.assignment import least_cost
from posestream.compilation import compiled
from posestream.tracking.memory import IDENTITY, SCALE, SEEN_S
from posestream.tracking.motion import drift
from posestream.tracking.similarity import alikeness, grown_by, is_near, moved, overlap

_RECENT_S = 0.6
"""Time for which somebody not seen counts as seen a moment ago."""
_ALIKE = 0.25
"""Likeness under which nobody is the same."""
_WALK = 1.6
"""How fast somebody out of sight may walk another way than thought, body sizes per second."""
_STRAY, _FARTHEST = 0.7, 3.0
"""Distance at which somebody lost may come back, at once and at most, body sizes."""
_LEVEL = 1.7
"""How much rarer people move up and down in a picture than sideways."""
_MOVING = 0.15
"""How much rarer people stop out of sight than walk on, as a share of the distance allowed."""
_SAME_BOX = 0.2
"""How much less than their overlap boxes count, where the poses in them are not alike."""
_GROWN = 0.4
"""How much larger or smaller somebody may come back, logarithm."""


@compiled(cached=False)
def associate(memory, count, poses, now_s, sigmas, sure, camera, double):
    """Match tracks with poses.

    Sure poses go to confirmed tracks; then doubtful poses to those of the rest that were seen a
    moment ago; then what is left to confirmed tracks that are near enough, and in the end to
    those not confirmed yet.

    Args:
        memory: See `Memory`.
        count: ``N``, how many rows of it are tracks.
        poses: Keypoints, keypoint scores, scores and boxes of ``P`` people.
        now_s: Time of the poses.
        sigmas: ``(K,)`` spread of the topology's keypoints.
        sure: Score from which a pose is sure.
        double: ``(P,)`` poses that are nobody's, because somebody was found twice.
        camera: x and y by which the whole picture moved, pixels.

    Returns:
        ``(N,)`` pose of each track and ``(P,)`` track of each pose, -1 where there is none.

    Source:
        Rounds by score: Zhang et al. 2022, ByteTrack. Recovery from the last place seen: Cao et al.
        2023, OC-SORT.
    """
    people = len(poses[2])
    pose_of, track_of = np.full(count, -1), np.full(people, -1)
    alike = np.zeros((count, people))
    for n in range(count):
        for p in range(people):
            if is_near(memory, n, poses, p, now_s, camera):
                alike[n, p] = alikeness(memory, n, poses, p, now_s, sigmas, camera)
    rows, columns = np.empty(count, np.bool_), np.empty(people, np.bool_)
    for turn in range(4):
        for n in range(count):
            known = memory.marks[n, IDENTITY] >= 0
            seen = now_s - memory.motion[n, SEEN_S] <= _RECENT_S
            wanted = (known, known and seen, known, not known)[turn]
            rows[n] = pose_of[n] < 0 and wanted
        for p in range(people):
            wanted = turn > 0 or poses[2][p] >= sure
            columns[p] = track_of[p] < 0 and wanted and not double[p]
        table = alike
        if turn == 2:
            table = np.zeros((count, people))
            _look_around(memory, rows, columns, poses, now_s, camera, table)
        _match(table, rows, columns, pose_of, track_of)
    return pose_of, track_of


@compiled(cached=False)
def _match(alike, rows, columns, pose_of, track_of):
    """Match the given rows and columns so that likeness adds up to the most."""
    tracks, people = alike.shape
    in_row, in_column = np.zeros(tracks, np.int64), np.zeros(people, np.int64)
    may = np.zeros((tracks, people), np.bool_)
    for n in range(tracks):
        for p in range(people):
            may[n, p] = rows[n] and columns[p] and alike[n, p] >= _ALIKE
            in_row[n] += may[n, p]
            in_column[p] += may[n, p]
    for n in range(tracks):
        for p in range(people):
            if may[n, p] and in_row[n] == 1 and in_column[p] == 1:  # neither has a rival
                pose_of[n], track_of[p], in_row[n], in_column[p] = p, n, 0, 0
    rivals, chances = np.flatnonzero(in_row > 0), np.flatnonzero(in_column > 0)
    if len(rivals) > 0:
        _settle(alike, rivals, chances, pose_of, track_of)


@compiled(cached=False)
def _settle(alike, rivals, chances, pose_of, track_of):
    """Match tracks and poses that have rivals."""
    wide = len(rivals) <= len(chances)
    cost = np.empty((len(rivals), len(chances)))
    for a in range(len(rivals)):
        for b in range(len(chances)):
            cost[a, b] = 1.0 - max(alike[rivals[a], chances[b]], _ALIKE)
    chosen = least_cost(cost if wide else np.ascontiguousarray(cost.T))
    for i in range(len(chosen)):
        n, p = (rivals[i], chances[chosen[i]]) if wide else (rivals[chosen[i]], chances[i])
        if alike[n, p] > _ALIKE:
            pose_of[n], track_of[p] = p, n


@compiled(cached=False)
def _look_around(memory, rows, columns, poses, now_s, camera, alike):
    """Make people as alike to poses as these are near, or have their box, whatever they do."""
    for n in np.flatnonzero(rows):
        row = memory.motion[n]
        gap_s, size = max(now_s - row[SEEN_S], 0.0), row[SCALE]
        shift_x, shift_y, _ = drift(row, gap_s)
        reach = min(_STRAY + _WALK * gap_s, _FARTHEST) * size
        for p in np.flatnonzero(columns):
            off_x, off_y, _ = moved(memory, n, poses, p)
            off_x, off_y = off_x - camera[0], off_y - camera[1]
            stayed = math.hypot(off_x, _LEVEL * off_y)
            went_on = math.hypot(off_x - shift_x, _LEVEL * (off_y - shift_y))
            off = min(stayed + _MOVING * reach, went_on) / reach
            grown = abs(math.log(grown_by(memory, n, poses, p))) / _GROWN
            boxed = overlap(memory.boxes[n], poses[3][p], shift_x + camera[0], shift_y + camera[1])
            alike[n, p] = max(1.0 - math.hypot(off, grown), boxed - _SAME_BOX)
