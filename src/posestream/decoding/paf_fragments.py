"""Give people the parts that no limb connects to them.

A keypoint that the network misses cuts whatever hangs on it off the person: without an elbow
nothing links the wrist. The body model tells on whom the part fits.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.decoding.paf_bodies import MIN_ANCHOR, STANCE, misfit, take_stance
from posestream.decoding.people import strongest_first, unite

_WORD = 64
"""People whose verdicts fit into one number."""


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
    united = len(members)
    while united > 0:
        members, kinds, anchors = _largest_first(members)
        people, united = len(members), 0
        fits, hosts = np.zeros(people), np.full(people, -1)
        for person in range(people):
            take_stance(members[person], peaks, limbs, shape, stances, person)
        for part in range(1, people):
            last = min(part, anchors)
            _find_host(members, peaks, shape, stances, kinds, part, last, limits, fits, hosts)
        is_same = np.ones(people, np.bool_)
        for part in strongest_first(fits):
            host = hosts[part]
            if host >= 0 and is_same[part] and kinds[host] != 0 and kinds[part] & kinds[host] == 0:
                unite(members, host, part)
                kinds[host], kinds[part], is_same[host] = kinds[host] | kinds[part], 0, False
                united += 1
    return members


@compiled(cached=False)
def _largest_first(members):
    """Order people by their number of keypoints and leave out those without any.

    Returns:
        ``(P, K)`` people, ``(P,)`` a bit for every keypoint that they have, and how many of them
        have enough for a stance.
    """
    sizes, kinds = np.zeros(len(members)), np.zeros(len(members), np.int64)
    people = anchors = 0
    for person in range(len(members)):
        for k in range(members.shape[1]):
            if members[person, k] >= 0:
                sizes[person] += 1
                kinds[person] |= 1 << k
        people += sizes[person] > 0
        anchors += sizes[person] >= MIN_ANCHOR
    order = strongest_first(sizes)[:people]
    return members[order], kinds[order], anchors


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
    (max_misfit, max_ratio), size = limits, 0
    for peak in members[part]:
        size += peak >= 0
    max_misfit *= size  # one keypoint may use up what all may
    for host in range(start, stop):
        distance, variance = misfit(stances, host, shape, k, x, y)
        other = stances[0, host]
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
        peak = members[part, k]
        if peak >= 0:
            distance, variance = misfit(stances, host, shape, k, peaks[peak, 0], peaks[peak, 1])
            total += distance / variance
            volume *= variance * stances[0, host] ** 2
            size += 1
    return np.exp(-0.5 * (total + np.log(volume)) / size) if total <= max_misfit * size else 0.0


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
    for peak in range(starts[k], starts[k + 1]):
        confidence = min(peaks[peak, 2], np.float32(1))
        if free[peak] and confidence > gain:
            distance, variance = misfit(stances, 0, shape, k, peaks[peak, 0], peaks[peak, 1])
            distance /= variance
            if distance < max_misfit and confidence * np.exp(-0.5 * distance) > gain:
                best, gain = peak, confidence * np.exp(-0.5 * distance)
    return best, gain
