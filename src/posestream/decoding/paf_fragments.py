"""Give people the parts that no limb connects to them.

A keypoint that the network misses cuts whatever hangs on it off the person: without an elbow
nothing links the wrist. The body model tells on whom the part fits.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.decoding.paf_bodies import MIN_ANCHOR, misfit, take_stance
from posestream.decoding.people import strongest_first, unite, without_nobody


@compiled(cached=False)
def unite_fragments(members, peaks, limbs, shape, limits):
    """Join people of which one is where the other's missing part should be, the best fit first.

    Args:
        members: ``(P, K)`` peaks of each person; changed.
        peaks: ``(N, 3)`` x, y and confidence.
        limbs: ``(L, 2)``.
        shape: ``(K, 3)`` see `body_shape`.
        limits: Largest mean squared distance in standard deviations, and largest ratio of the
            torsos that two parts suggest.

    Returns:
        The ``members`` that are left.
    """
    people = len(members)
    stances = np.zeros((people, 13))
    sizes = np.zeros(people, np.int64)
    kinds = np.zeros(people, np.int64)  # a bit for every keypoint a person has
    costs, hosts = np.full(people, np.inf), np.full(people, -1)
    for person in range(people):
        sizes[person], kinds[person] = _size_and_kinds(members[person])
        take_stance(members[person], peaks, limbs, shape, stances[person])
    state = (sizes, kinds, costs, hosts)
    for part in range(people):
        _find_host(members, peaks, shape, stances, state, part, 0, people, limits)
    while people > 0:
        part = np.argmin(costs)
        host = hosts[part]
        if host < 0:
            break
        unite(members, host, part)
        sizes[host], kinds[host] = sizes[host] + sizes[part], kinds[host] | kinds[part]
        sizes[part], stances[part] = 0, 0
        take_stance(members[host], peaks, limbs, shape, stances[host])
        for other in range(people):
            first, last = host, host + 1
            if hosts[other] in (host, part) or other in (host, part):
                costs[other], hosts[other] = np.inf, -1
                first, last = 0, people
            _find_host(members, peaks, shape, stances, state, other, first, last, limits)
    return without_nobody(members, people)


@compiled(cached=False)
def _size_and_kinds(member):
    size = kinds = 0
    for k in range(len(member)):
        if member[k] >= 0:
            size += 1
            kinds |= 1 << k
    return size, kinds


@compiled(cached=False)
def _find_host(members, peaks, shape, stances, state, part, first, last, limits):
    """Note which of the people from ``first`` to ``last`` a part fits best, and how well."""
    sizes, kinds, costs, hosts = state
    max_misfit, max_scale_ratio = limits
    size = sizes[part]
    for host in range(first, last):
        if kinds[part] & kinds[host] or sizes[host] < max(size, MIN_ANCHOR) or size == 0:
            continue
        if stances[host, 0] == 0 or (size == sizes[host] and part <= host):
            continue
        ratio = stances[part, 0] / stances[host, 0]
        if ratio > max_scale_ratio or 0 < ratio < 1 / max_scale_ratio:
            continue
        cost = _mean_misfit(members, peaks, shape, stances, part, host, max_misfit * size) / size
        if cost < costs[part]:
            costs[part], hosts[part] = cost, host


@compiled(cached=False)
def _mean_misfit(members, peaks, shape, stances, part, host, limit):
    """Return twice the negative log likelihood of a part under its host's stance.

    Infinite once the squared distances exceed the limit.
    """
    total, volume = 0.0, 1.0
    for k in range(len(shape)):
        if members[part, k] >= 0:
            peak = members[part, k]
            distance, variance = misfit(stances, host, shape, k, peaks[peak, 0], peaks[peak, 1])
            total += distance
            volume *= variance * stances[host, 0] ** 2
            if total > limit:
                return np.inf
    return total + np.log(volume)


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
    stances, free = np.zeros((1, 13)), np.ones(len(peaks), np.bool_)
    for person in range(people):
        for k in range(keypoints):
            if members[person, k] >= 0:
                free[members[person, k]] = False
    wishes, gains, count = np.empty((people * keypoints, 3), np.int32), np.empty(people * keypoints), 0
    for person in range(people):
        if take_stance(members[person], peaks, limbs, shape, stances[0]):
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


@compiled(cached=False)
def _best_free(stances, shape, k, peaks, starts, free, max_misfit, min_confidence):
    """Return the free peak that is the best keypoint, or -1, and what is left of its confidence."""
    best, gain = -1, min_confidence
    for peak in range(starts[k], starts[k + 1]):
        confidence = min(peaks[peak, 2], np.float32(1))
        if free[peak] and confidence > gain:
            distance, _ = misfit(stances, 0, shape, k, peaks[peak, 0], peaks[peak, 1])
            if distance < max_misfit and confidence * np.exp(-0.5 * distance) > gain:
                best, gain = peak, confidence * np.exp(-0.5 * distance)
    return best, gain
