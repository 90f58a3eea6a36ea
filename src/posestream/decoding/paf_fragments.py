"""Give people the parts that no limb connects to them.

A keypoint that the network misses cuts whatever hangs on it off the person: without an elbow
nothing links the wrist. The body model tells on whom the part fits.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.decoding.paf_bodies import MIN_ANCHOR, STANCE, expected, take_stance
from posestream.decoding.people import strongest_first, unite

_WORD = 64
"""People whose verdicts fit into one number."""
_LENIENCE = 2.0
"""How much further than all keypoints in the mean the first one may be from its place."""
_ROUNDS = 2
"""How often fragments may join that others have joined before; only noise has more to join."""


@compiled(cached=False)
def unite_fragments(members, peaks, limbs, shape, limits):
    """Join people of which one is where the other's missing part should be.

    Goes in rounds: every part looks for its best host as people are, then they join, the best fit
    first, unless another part took the place.

    Args:
        members: ``(P, K)`` peaks of each person.
        peaks: ``(N, 3)`` x, y and confidence.
        limbs: ``(L, 2)``.
        shape: ``(K, 3)`` see `body_shape`.
        limits: Largest mean squared distance in standard deviations, and largest ratio of the
            torsos that two parts suggest.

    Returns:
        ``(Q, K)`` the people that are left.
    """
    stances = np.zeros((STANCE, len(members)))
    for _ in range(_ROUNDS):
        members, kinds, larger, anchors = _largest_first(members)
        people, united = len(members), 0
        fits, hosts = np.zeros(people), np.full(people, -1)
        for person in range(people):
            take_stance(members[person], peaks, limbs, shape, stances, person)
        for part in range(larger, people):
            last = min(part, anchors)
            _find_host(members, peaks, shape, stances, kinds, part, last, limits, fits, hosts)
        is_same = np.ones(people, np.bool_)
        for part in strongest_first(fits):
            host = hosts[part]
            if host >= 0 and is_same[part] and kinds[host] != 0 and kinds[part] & kinds[host] == 0:
                unite(members, host, part)
                kinds[host], kinds[part], is_same[host] = kinds[host] | kinds[part], 0, False
                united += 1
        if united == 0:
            break
    return members


@compiled(cached=False)
def _largest_first(members):
    """Order people by their number of keypoints and leave out those without any.

    Returns:
        ``(P, K)`` people, ``(P,)`` a bit for every keypoint that they have, how many of them have
        more than half of all, and how many have enough for a stance.
    """
    sizes, kinds = np.zeros(len(members)), np.zeros(len(members), np.int64)
    people = larger = anchors = 0
    for person in range(len(members)):
        for k in range(members.shape[1]):
            if members[person, k] >= 0:
                sizes[person] += 1
                kinds[person] |= 1 << k
        people += sizes[person] > 0
        larger += 2 * sizes[person] > members.shape[1]
        anchors += sizes[person] >= MIN_ANCHOR
    order = strongest_first(sizes)[:people]
    return members[order], kinds[order], larger, anchors


@compiled(cached=False, allocates=False)
def _find_host(members, peaks, shape, stances, kinds, part, last, limits, fits, hosts):
    """Note which of the people before ``last`` a part fits best, and how well."""
    k = 0
    while kinds[part] >> k & 1 == 0:
        k += 1
    for start in range(0, last, _WORD):
        host, stop = start, min(start + _WORD, last)
        near = _near_hosts(members, peaks, shape, stances, kinds, part, k, start, stop, limits)
        while near > 0:
            if near & np.uint64(1):
                fit = _fit(members, peaks, shape, stances, part, host, limits[0])
                if fit > fits[part]:
                    fits[part], hosts[part] = fit, host
            near, host = near >> np.uint64(1), host + 1


@compiled(cached=False, allocates=False)
def _near_hosts(members, peaks, shape, stances, kinds, part, k, start, stop, limits):
    """Return a bit for each of some people: may it host a part that has keypoint ``k``?

    Hosts are of like scale, have none of the part's keypoints, and expect ``k`` near where it is.
    A loop without branches, which is vectorised.
    """
    x, y = peaks[members[part, k], 0], peaks[members[part, k], 1]
    scale, kind, near = stances[0, part], kinds[part], np.uint64(0)
    max_misfit, max_ratio = _LENIENCE * limits[0], limits[1]
    for host in range(start, stop):
        to_x, to_y, variance = expected(stances, host, shape, k)
        distance, other = (x - to_x) ** 2 + (y - to_y) ** 2, stances[0, host]
        fits = (other > 0) & (distance <= max_misfit * variance) & (scale <= max_ratio * other)
        fits &= ((scale == 0) | (scale * max_ratio >= other)) & (kind & kinds[host] == 0)
        near |= np.uint64(fits) << np.uint64(host - start)
    return near


@compiled(cached=False, allocates=False)
def _fit(members, peaks, shape, stances, part, host, max_misfit):
    """Return the mean likelihood of a part's keypoints under its host's stance.

    0 if their mean squared distance exceeds its limit.
    """
    total, volume, size = 0.0, 1.0, 0
    for k in range(len(shape)):
        size += members[part, k] >= 0
    for k in range(len(shape)):
        peak = members[part, k]
        if peak >= 0:
            x, y, variance = expected(stances, host, shape, k)
            total += ((peaks[peak, 0] - x) ** 2 + (peaks[peak, 1] - y) ** 2) / variance
            volume *= variance
            if total > max_misfit * size:
                return 0.0
    return np.exp(-0.5 * (total + np.log(volume)) / size)


@compiled(cached=False)
def adopt_peaks(members, peaks, starts, limbs, shape, max_misfit, min_confidence):
    """Give people the free peaks that lie where a keypoint of theirs is missing.

    A peak's confidence counts less the further it is from its place; the best goes first.

    Args:
        members: ``(P, K)`` peaks of each person; changed.
        peaks: ``(N, 3)`` x, y and confidence.
        starts: ``(K + 1,)`` where each keypoint's peaks start.
        limbs: ``(L, 2)``.
        shape: ``(K, 3)`` see `body_shape`.
        max_misfit: Largest squared distance in standard deviations.
        min_confidence: Lowest confidence that is left after the distance.
    """
    people, keypoints = members.shape
    stances, free = np.zeros((STANCE, 1)), np.ones(len(peaks), np.bool_)
    for person in range(people):
        for k in range(keypoints):
            if members[person, k] >= 0:
                free[members[person, k]] = False
    wishes, gains, count = (
        np.empty((people * keypoints, 3), np.int32),
        np.empty(people * keypoints),
        0,
    )
    for person in range(people):
        if take_stance(members[person], peaks, limbs, shape, stances, 0):
            for k in range(keypoints):
                if members[person, k] < 0:
                    peak, gain = _best_free(
                        stances, shape, k, peaks, starts, free, max_misfit, min_confidence
                    )
                    wishes[count, 0], wishes[count, 1], wishes[count, 2] = person, k, peak
                    gains[count] = gain
                    count += peak >= 0
    for n in strongest_first(gains[:count]):
        person, k, peak = wishes[n]
        if free[peak]:
            members[person, k] = peak
            free[peak] = False


@compiled(cached=False, allocates=False)
def _best_free(stances, shape, k, peaks, starts, free, max_misfit, min_confidence):
    """Return the free peak that is the best keypoint, or -1, and what is left of its confidence."""
    best, gain = -1, min_confidence
    x, y, variance = expected(stances, 0, shape, k)
    reach = max_misfit * variance
    for peak in range(starts[k], starts[k + 1]):
        distance = (peaks[peak, 0] - x) ** 2 + (peaks[peak, 1] - y) ** 2
        if distance < reach and free[peak]:
            value = min(peaks[peak, 2], np.float32(1)) * np.exp(-0.5 * distance / variance)
            if value > gain:
                best, gain = peak, value
    return best, gain
