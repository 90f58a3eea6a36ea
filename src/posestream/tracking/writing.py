"""What a tracker gives out: found people, with keypoints filled in, and people out of sight."""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.tracking.memory import IDENTITY, SCORE, SEEN_S
from posestream.tracking.motion import drift


@compiled(cached=False)
def write(memory, count, poses, track_of, now_s, limits, size, out):
    """Write everyone found, and everyone out of sight for a short time only, the surest first."""
    people, fill_s, bridge_s, half_life_s = len(poses[2]), limits[3], limits[4], limits[6]
    sources, tracks = np.empty(people + count, np.int64), np.empty(people + count, np.int64)
    scores = np.empty(people + count)
    shown = 0
    for p in range(people):
        sources[p], tracks[p], scores[p] = p, track_of[p], poses[2][p]
    shown = people
    for n in range(count):
        gap_s = now_s - memory.motion[n, SEEN_S]
        if 0.0 < gap_s <= bridge_s and _is_bridged(memory, n, gap_s, size):
            sources[shown], tracks[shown] = -1, n
            scores[shown] = memory.motion[n, SCORE] * 0.5 ** (gap_s / half_life_s)
            shown += 1
    order = _surest_first(scores[:shown])
    for row in range(shown):
        i = order[row]
        out[5][row], n = sources[i], tracks[i]
        out[4][row] = memory.marks[n, IDENTITY] if n >= 0 else -1
        if sources[i] < 0:
            gap_s = now_s - memory.motion[n, SEEN_S]
            _put_moved(memory, n, gap_s, gap_s, limits, out, row)
        else:
            _put_found(memory, n, poses, sources[i], fill_s, half_life_s, out, row)
    return shown


@compiled(cached=False)
def _is_bridged(memory, n, gap_s, size):
    """Say whether to show a track out of sight: of a known person, still in the picture."""
    shift_x, shift_y, _ = drift(memory.motion[n], gap_s)
    box = memory.boxes[n]
    x, y = 0.5 * (box[0] + box[2]) + shift_x, 0.5 * (box[1] + box[3]) + shift_y
    known = memory.marks[n, IDENTITY] >= 0
    return known and 0.0 <= x <= size[0] and 0.0 <= y <= size[1]


@compiled(cached=False)
def _put_moved(memory, n, gap_s, unseen_s, limits, out, row):
    """Write a track where it is thought to be ``gap_s`` after its last sighting.

    Scores have faded for ``unseen_s``, the time in which somebody was looked for in vain.
    """
    fill_s, half_life_s = limits[3], limits[6]
    shift_x, shift_y, _ = drift(memory.motion[n], gap_s)
    fades = 0.5 ** (unseen_s / half_life_s)
    for k in range(memory.points.shape[1]):
        age_s = memory.point_ages[n, k]
        known = memory.point_scores[n, k] > 0.0 and age_s <= fill_s
        faded = fades * 0.5 ** (age_s / half_life_s)
        out[0][row, k, 0] = memory.points[n, k, 0] + shift_x if known else np.nan
        out[0][row, k, 1] = memory.points[n, k, 1] + shift_y if known else np.nan
        out[1][row, k] = memory.point_scores[n, k] * faded if known else 0.0
        out[6][row, k] = known and (unseen_s > 0.0 or age_s > 0.0)
    out[2][row] = memory.motion[n, SCORE] * fades
    for side in range(4):
        out[3][row, side] = memory.boxes[n, side] + (shift_x if side % 2 == 0 else shift_y)


@compiled(cached=False)
def _put_found(memory, n, poses, p, fill_s, half_life_s, out, row):
    """Write a pose as it was found, and of its missing keypoints those that its track can tell."""
    out[2][row] = poses[2][p]
    out[3][row] = poses[3][p]
    for k in range(poses[1].shape[1]):
        out[0][row, k] = poses[0][p, k]
        out[1][row, k] = poses[1][p, k]
        out[6][row, k] = False
        if n >= 0 and poses[1][p, k] <= 0.0 and memory.point_scores[n, k] > 0.0:
            age_s = memory.point_ages[n, k]
            if age_s <= fill_s:
                out[0][row, k] = memory.points[n, k]
                out[1][row, k] = memory.point_scores[n, k] * 0.5 ** (age_s / half_life_s)
                out[6][row, k] = True


@compiled(cached=False)
def _surest_first(scores):
    """Return indices by falling score; equals stay in order. Nearly sorted numbers are quick."""
    order = np.arange(len(scores))
    for i in range(1, len(scores)):
        at, j = order[i], i
        while j > 0 and scores[order[j - 1]] < scores[at]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = at
    return order


@compiled
def project(memory, count, now_s, last_s, limits, size, out):
    """Write where everybody shown in the last frame is thought to be at a later time.

    Args:
        memory: See `Memory`.
        count: How many rows of it are tracks.
        now_s: The later time.
        last_s: Time of the last frame.
        limits: See `step`.
        size: Width and height of the picture, pixels; infinite if unknown.
        out: See `step`.

    Returns:
        How many people are returned.
    """
    bridge_s, remember_s, half_life_s = limits[4], limits[5], limits[6]
    tracks, scores, shown = np.empty(count, np.int64), np.empty(count), 0
    for n in range(count):
        unseen_s = max(last_s - memory.motion[n, SEEN_S], 0.0)
        gap_s = now_s - last_s + unseen_s
        if unseen_s <= bridge_s and gap_s <= remember_s and _is_bridged(memory, n, gap_s, size):
            tracks[shown] = n
            scores[shown] = memory.motion[n, SCORE] * 0.5 ** (unseen_s / half_life_s)
            shown += 1
    order = _surest_first(scores[:shown])
    for row in range(shown):
        n = tracks[order[row]]
        unseen_s = max(last_s - memory.motion[n, SEEN_S], 0.0)
        out[4][row], out[5][row] = memory.marks[n, IDENTITY], -1
        _put_moved(memory, n, now_s - last_s + unseen_s, unseen_s, limits, out, row)
    return shown
