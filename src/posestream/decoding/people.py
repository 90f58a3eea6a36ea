"""Join limbs into people, the best limb first.

A person has one keypoint of each kind: a limb that would give somebody a second one is refused,
so that one wrong limb cannot fuse two people.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled

_BUCKETS = 256


@compiled(cached=False)
def strongest_first(values):
    """Return the order that sorts numbers of at least 0 from large to small; equals stay in order.

    A sort into buckets and then within them: numbers here are spread evenly enough.
    """
    order, starts = np.empty(len(values), np.int32), np.zeros(_BUCKETS + 1, np.int32)
    top = max(values.max(), 1e-30) if len(values) > 0 else 1.0
    for value in values:
        starts[_BUCKETS - int(value / top * (_BUCKETS - 1))] += 1
    for bucket in range(1, _BUCKETS + 1):
        starts[bucket] += starts[bucket - 1]
    for n in range(len(values) - 1, -1, -1):
        bucket = _BUCKETS - int(values[n] / top * (_BUCKETS - 1))
        starts[bucket] -= 1
        order[starts[bucket]] = n
    for place in range(1, len(values)):
        n, before = order[place], place - 1
        while before >= 0 and values[order[before]] < values[n]:
            order[before + 1] = order[before]
            before -= 1
        order[before + 1] = n
    return order


@compiled(cached=False)
def join_limbs(links, kinds, keypoints):
    """Grow people from limbs in order of weight.

    Args:
        links: ``(M,)`` first and second peak and the weight of every limb.
        kinds: ``(N,)`` which keypoint each peak is a candidate of.
        keypoints: ``K``.

    Returns:
        ``(P, K)`` the peak that is each person's keypoint, -1 where there is none.
    """
    firsts, seconds, weights = links
    members = np.full((len(weights), keypoints), np.int32(-1))
    person_of = np.full(len(kinds), np.int32(-1))
    people = 0
    for n in strongest_first(weights):
        a, b = firsts[n], seconds[n]
        if person_of[a] < 0 and person_of[b] < 0:
            members[people, kinds[a]], members[people, kinds[b]] = a, b
            person_of[a] = person_of[b] = people
            people += 1
        elif person_of[a] < 0:
            _join_peak(members, person_of, kinds, a, person_of[b])
        elif person_of[b] < 0:
            _join_peak(members, person_of, kinds, b, person_of[a])
        elif person_of[a] != person_of[b] and are_disjoint(members, person_of[a], person_of[b]):
            _absorb(members, person_of, person_of[a], person_of[b])
    return without_nobody(members, people)


@compiled(cached=False, allocates=False)
def _join_peak(members, person_of, kinds, peak, person):
    if members[person, kinds[peak]] < 0:
        members[person, kinds[peak]] = peak
        person_of[peak] = person


@compiled(cached=False, allocates=False)
def _absorb(members, person_of, person, other):
    for k in range(members.shape[1]):
        if members[other, k] >= 0:
            person_of[members[other, k]] = person
    unite(members, person, other)


@compiled(cached=False, allocates=False)
def are_disjoint(members, person, other):
    """Say whether two people have no kind of keypoint in common."""
    for k in range(members.shape[1]):
        if members[person, k] >= 0 and members[other, k] >= 0:
            return False
    return True


@compiled(cached=False, allocates=False)
def unite(members, person, other):
    """Give all of one person's keypoints to another and leave nobody behind."""
    for k in range(members.shape[1]):
        if members[other, k] >= 0:
            members[person, k] = members[other, k]
            members[other, k] = -1


@compiled(cached=False)
def without_nobody(members, people):
    """Return the rows among the first ``people`` that have a keypoint."""
    kept = 0
    for person in range(people):
        for k in range(members.shape[1]):
            if members[person, k] >= 0:
                members[kept] = members[person]
                kept += 1
                break
    return members[:kept]


@compiled(cached=False)
def rank_people(members, peaks, min_keypoints, min_score):
    """Order people by score and leave out those with too few keypoints or too low a score.

    A person's score is the root mean square of the confidences of all keypoints, 0 for those
    that were not found: many and certain keypoints make a certain person.

    Returns:
        ``(P,)`` rows of ``members``, best first, and ``(P,)`` their scores in [0, 1].
    """
    people, keypoints = members.shape
    scores, rows, kept = np.zeros(people), np.empty(people, np.int32), 0
    for person in range(people):
        found, total = 0, 0.0
        for peak in members[person]:
            if peak >= 0:
                found += 1
                total += min(peaks[peak, 2], 1.0) ** 2
        score = np.sqrt(total / keypoints)
        if found >= min_keypoints and score >= min_score:
            scores[kept], rows[kept] = score, person
            kept += 1
    order = strongest_first(scores[:kept])
    return rows[order], scores[order].astype(np.float32)


@compiled
def bounded(points, right, bottom):
    """Keep points inside the frame and append their bounding boxes.

    Args:
        points: ``(P, K, 2)`` points, NaN where missing.
        right: The frame's right edge.
        bottom: Its bottom edge.

    Returns:
        ``(P, K + 2, 2)`` the points, then the box's left top and right bottom corner.
    """
    people, keypoints, _ = points.shape
    result = np.empty((people, keypoints + 2, 2), np.float32)
    for person in range(people):
        for axis in range(2):
            edge = np.float32(bottom if axis else right)
            low, high = np.float32(np.inf), np.float32(-np.inf)
            for k in range(keypoints):
                value = min(max(points[person, k, axis], np.float32(0)), edge)
                if np.isnan(points[person, k, axis]):
                    value = np.float32(np.nan)
                else:
                    low, high = min(low, value), max(high, value)
                result[person, k, axis] = value
            result[person, keypoints, axis], result[person, keypoints + 1, axis] = low, high
    return result
