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
        _find_host(members, peaks, shape, stances, state, part, limits)
    while people > 0:
        part = _cheapest(costs)
        host = hosts[part]
        if host < 0:
            break
        unite(members, host, part)
        sizes[host], kinds[host] = sizes[host] + sizes[part], kinds[host] | kinds[part]
        sizes[part], kinds[part], costs[part], hosts[part] = 0, 0, np.inf, -1
        take_stance(members[host], peaks, limbs, shape, stances[host])
        _find_host(members, peaks, shape, stances, state, host, limits)
        _reconsider(members, peaks, shape, stances, state, host, part, limits)
    return without_nobody(members, people)


@compiled(cached=False, allocates=False)
def _cheapest(costs):
    best = 0
    for part in range(1, len(costs)):
        best = part if costs[part] < costs[best] else best
    return best


@compiled(cached=False, allocates=False)
def _size_and_kinds(member):
    size = kinds = 0
    for k in range(len(member)):
        if member[k] >= 0:
            size += 1
            kinds |= 1 << k
    return size, kinds


@compiled(cached=False, allocates=False)
def _find_host(members, peaks, shape, stances, state, part, limits):
    """Note which of all people a part fits best, and how well."""
    sizes, _, costs, hosts = state
    costs[part], hosts[part] = np.inf, -1
    for host in range(len(members)):
        if _may_host(stances, state, part, host, limits):
            cost = _mean_misfit(members, peaks, shape, stances, part, host, sizes[part], limits)
            if cost < costs[part]:
                costs[part], hosts[part] = cost, host


@compiled(cached=False, allocates=False)
def _reconsider(members, peaks, shape, stances, state, host, gone, limits):
    """Note for all parts whether they fit a host that has grown, or another if they did before."""
    sizes, _, costs, hosts = state
    for part in range(len(members)):
        cost = np.inf
        if _may_host(stances, state, part, host, limits):
            cost = _mean_misfit(members, peaks, shape, stances, part, host, sizes[part], limits)
        if cost < costs[part]:
            costs[part], hosts[part] = cost, host
        elif hosts[part] == host or hosts[part] == gone:
            _find_host(members, peaks, shape, stances, state, part, limits)


@compiled(cached=False, allocates=False)
def _may_host(stances, state, part, host, limits):
    """Say whether a part is smaller than a host, of like scale, and has no keypoint that it has."""
    sizes, kinds, _, _ = state
    larger = sizes[host] > sizes[part] or (sizes[host] == sizes[part] and part > host)
    larger = larger and 0 < sizes[part] and sizes[host] >= MIN_ANCHOR
    alike = stances[part, 0] <= limits[1] * stances[host, 0]
    alike = alike and (stances[part, 0] == 0 or stances[part, 0] * limits[1] >= stances[host, 0])
    return larger and alike and stances[host, 0] > 0 and kinds[part] & kinds[host] == 0


@compiled(cached=False, allocates=False)
def _mean_misfit(members, peaks, shape, stances, part, host, size, limits):
    """Return twice a part's mean negative log likelihood under its host's stance.

    Infinite once the mean squared distance exceeds its limit.
    """
    total, volume = 0.0, 1.0
    for k in range(len(shape)):
        peak = members[part, k]
        if peak >= 0:
            distance, variance = misfit(stances, host, shape, k, peaks[peak, 0], peaks[peak, 1])
            total += distance
            volume *= variance * stances[host, 0] ** 2
            if total > limits[0] * size:
                return np.inf
    return (total + np.log(volume)) / size


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


@compiled(cached=False, allocates=False)
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
