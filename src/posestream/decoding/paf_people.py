"""Make people of candidates and the limbs between them, in compiled code."""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.decoding.in_frame import in_frame
from posestream.decoding.paf_bodies import STANCE
from posestream.decoding.paf_fragments import adopt_peaks, unite_fragments
from posestream.decoding.paf_traces import CALM, FULL, find_traces
from posestream.decoding.people import bounded, join_limbs, rank_people

ADOPTION_MISFIT = 4.0
"""Square of the standard deviations within which a single peak may become a keypoint."""
ADOPTION_SHARE = 0.2
"""Share of the threshold that its confidence must keep after its distance is counted."""
_ROOM = 8
"""People of a frame for whom there is room at first."""


@compiled(cached=False)
def people_of_links(maps, numbers, limits, peaks, starts, links, limbs, shape, settings):
    """Join limbs into people, complete them and say where their keypoints are.

    Args:
        maps: ``(C, h, w)`` confidence maps.
        numbers: None, or what each of the maps' numbers stands for.
        limits: Rows and columns that hold the frame, and the confidence of a peak.
        peaks: ``(N, 3)`` x and y in cells and confidence.
        starts: ``(K + 1,)`` where each keypoint's peaks start.
        links: Three ``(M,)`` arrays: first peak, second peak and weight of every limb.
        limbs: ``(L, 2)`` keypoints.
        shape: ``(K, 3)`` see `body_shape`, or empty.
        settings: See `PafRules.numbers`.

    Returns:
        ``(P, K, 2)`` points in cells, NaN where missing; ``(P, K)`` and ``(P,)`` scores.
    """
    keypoints, max_peaks = settings[:2]
    max_misfit, max_scale_ratio, min_keypoints, min_score = settings[7:]
    threshold = limits[2]
    kinds = np.empty(len(peaks), np.int32)
    for k in range(keypoints):
        kinds[starts[k] : starts[k + 1]] = k
    members = join_limbs(links, kinds, keypoints)
    least = ADOPTION_SHARE * threshold
    if len(shape) > 0:
        members = unite_fragments(members, peaks, limbs, shape, (max_misfit, max_scale_ratio))
        adopt_peaks(members, peaks, starts, limbs, shape, ADOPTION_MISFIT, least)
    order, scores = rank_people(members, peaks, min_keypoints, min_score)
    points = np.full((len(order), keypoints, 2), np.nan, np.float32)
    point_scores = np.zeros((len(order), keypoints), np.float32)
    stances = np.zeros((STANCE, 1))
    traces = len(shape) > 0 and threshold < CALM and len(peaks) < FULL * keypoints * max_peaks
    for p in range(len(order)):
        member = members[order[p]]
        for k in range(keypoints):
            if member[k] >= 0:
                points[p, k] = peaks[member[k], :2]
                point_scores[p, k] = min(peaks[member[k], 2], np.float32(1))
        if traces:
            own, sure = points[p], point_scores[p]
            find_traces(maps, numbers, limits, member, peaks, limbs, shape, stances, own, sure)
    return points, point_scores, scores


@compiled
def people_of_batch(
    frames, boxes, sizes, maps, numbers, thresholds, counts, peaks, link_counts, links, rules
):
    """Make people of what the GPU found in some frames of a batch.

    Args:
        frames: ``(F,)`` which of the frames.
        boxes: ``(F, 7)`` where each lies, see `geometry_row`.
        sizes: ``(F, 2)`` rows and columns that hold it.
        maps: ``(B, K, h, w)`` confidence maps.
        numbers: None, or what each of the maps' numbers stands for.
        thresholds: ``(B,)`` confidence of a peak.
        counts: ``(B, K)`` candidates of each keypoint.
        peaks: ``(B, K, M, 4)`` x and y in cells, confidence, and something else.
        link_counts: ``(B, L)`` links of each limb.
        links: ``(B, L, M, 2)`` index of the first candidate, plus 65536 times that of the second;
            the bits of the link's weight.
        rules: ``(L, 2)`` limbs, their body's shape, see `body_shape`, and `PafRules.numbers`.

    Returns:
        ``(F + 1,)`` where each frame's people start; of all people ``(P, K + 2, 2)`` keypoints and
        two corners of the box in frame pixels, ``(P, K)`` and ``(P,)`` scores.
    """
    limbs, shape, settings = rules
    starts = np.zeros(len(frames) + 1, np.int64)
    points = np.empty((_ROOM * len(frames), settings[0] + 2, 2), np.float32)
    sure = np.empty((len(points), settings[0]), np.float32)
    scores = np.empty(len(points), np.float32)
    for n in range(len(frames)):
        b = frames[n]
        listed, begins = _listed_peaks(counts[b], peaks[b])
        limits = (sizes[n, 0], sizes[n, 1], np.float64(thresholds[b]))
        linked = _listed_links(begins, link_counts[b], links[b], limbs)
        cells, own, own_scores = people_of_links(
            maps[b], numbers, limits, listed, begins, linked, limbs, shape, settings
        )
        first = starts[n]
        starts[n + 1] = last = first + len(cells)
        if last > len(points):
            points, sure = _longer(points, first, last), _longer(sure, first, last)
            scores = _longer(scores, first, last)
        points[first:last] = in_frame(bounded(cells, boxes[n, 0], boxes[n, 1]), boxes[n])
        sure[first:last], scores[first:last] = own, own_scores
    people = starts[-1]
    return starts, points[:people].copy(), sure[:people].copy(), scores[:people].copy()


@compiled(cached=False)
def _longer(array, used, wanted):
    """Return an array with the same beginning and room for at least twice as many rows."""
    longer = np.empty((2 * wanted, *array.shape[1:]), np.float32)
    longer[:used] = array[:used]
    return longer


@compiled
def connections_of(counts, links):
    """Return ``(L, 2, M)`` partners of all candidates, see `paf_compatible.assignment`.

    Args:
        counts: ``(L,)`` links of each limb.
        links: ``(L, M, 2)``, see `people_of_batch`.
    """
    partners = np.full((len(counts), 2, links.shape[1]), np.int32(-1))
    for n in range(len(counts)):
        for link in range(counts[n]):
            pair = links[n, link, 0]
            partners[n, 0, pair & 0xFFFF], partners[n, 1, pair >> 16] = pair >> 16, pair & 0xFFFF
    return partners


@compiled(cached=False)
def _listed_peaks(counts, listed):
    starts = np.zeros(len(counts) + 1, np.int64)
    for k in range(len(counts)):
        starts[k + 1] = starts[k] + counts[k]
    peaks = np.empty((starts[-1], 3), np.float32)
    for k in range(len(counts)):
        for n in range(counts[k]):
            for axis in range(3):
                peaks[starts[k] + n, axis] = listed[k, n, axis]
    return peaks, starts


@compiled(cached=False)
def _listed_links(starts, link_counts, link_lists, limbs):
    total = link_counts.sum()
    firsts, seconds = np.empty(total, np.uint32), np.empty(total, np.uint32)
    weights, count = np.empty(total, np.float32), 0
    for n in range(len(limbs)):
        for link in range(link_counts[n]):
            pair = link_lists[n, link, 0]
            firsts[count] = starts[limbs[n, 0]] + (pair & 0xFFFF)
            seconds[count] = starts[limbs[n, 1]] + (pair >> 16)
            weights[count] = link_lists[n, link, 1:].view(np.float32)[0]
            count += 1
    return firsts, seconds, weights
