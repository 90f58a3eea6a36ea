"""Make people of candidates and the limbs between them, in compiled code."""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.decoding.paf_bodies import STANCE
from posestream.decoding.paf_fragments import adopt_peaks, unite_fragments
from posestream.decoding.paf_traces import CALM, FULL, find_traces
from posestream.decoding.people import join_limbs, rank_people

ADOPTION_MISFIT = 4.0
"""Square of the standard deviations within which a single peak may become a keypoint."""
ADOPTION_SHARE = 0.2
"""Share of the threshold that its confidence must keep after its distance is counted."""


@compiled(cached=False)
def people_of_links(maps, limits, peaks, starts, links, limbs, shape, settings):
    """Join limbs into people, complete them and say where their keypoints are.

    Args:
        maps: ``(C, h, w)`` confidence maps.
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
            find_traces(maps, limits, member, peaks, limbs, shape, stances, own, sure)
    return points, point_scores, scores


@compiled
def connections_of(counts, links):
    """Return ``(L, 2, M)`` partners of all candidates, see `paf_compatible.assignment`.

    Args:
        counts: ``(L,)`` links of each limb.
        links: ``(L, M, 2)`` index of the first candidate, plus 65536 times that of the second; the
            bits of the link's weight.
    """
    partners = np.full((len(counts), 2, links.shape[1]), np.int32(-1))
    for n in range(len(counts)):
        for link in range(counts[n]):
            pair = links[n, link, 0]
            partners[n, 0, pair & 0xFFFF], partners[n, 1, pair >> 16] = pair >> 16, pair & 0xFFFF
    return partners
