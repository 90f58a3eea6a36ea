"""Find everyone in one frame, in one compiled call: the default way to decode PAFs."""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.decoding.limbs import limb_pairs, sample_places
from posestream.decoding.matching import heaviest_matching
from posestream.decoding.paf_people import people_of_links
from posestream.decoding.peaks import noise_level, strongest_peaks


@compiled
def decode_robust(maps, fields, rows, columns, limbs, channels, shape, settings):
    """Find everyone in one frame.

    Args:
        maps: ``(C, h, w)`` confidence maps.
        fields: ``(F, h, w)`` part affinity fields.
        rows: Rows that hold the frame.
        columns: Columns that hold the frame.
        limbs: ``(L, 2)`` keypoints.
        channels: ``(L, 2)`` x and y channel of each limb's field.
        shape: ``(K, 3)`` see `body_shape`, or empty.
        settings: Keypoints and the numbers of `PafDecoder`, in its order.

    Returns:
        ``(P, K, 2)`` points in cells, NaN where missing; ``(P, K)`` and ``(P,)`` scores.
    """
    keypoints, max_peaks, threshold, noise_sigmas, link_threshold, support, samples = settings[:7]
    threshold = max(threshold, noise_sigmas * noise_level(maps, keypoints, rows, columns))
    peaks, starts = strongest_peaks(maps, keypoints, rows, columns, threshold, max_peaks)
    knobs = (link_threshold, support, samples)
    links = _match_limbs(fields, peaks, starts, limbs, channels, knobs)
    limits = (rows, columns, threshold)
    return people_of_links(maps, limits, peaks, starts, links, limbs, shape, settings)


@compiled(cached=False)
def _match_limbs(fields, peaks, starts, limbs, channels, knobs):
    """Return ``(M,)`` first peak, second peak and weight of every limb that is kept."""
    most, room, count = 0, 0, 0
    for a, b in limbs:
        begins, ends = starts[a + 1] - starts[a], starts[b + 1] - starts[b]
        most = max(most, begins * ends)
        room += min(begins, ends)
    pairs, links = _room_for(most + 1), _room_for(room)
    _, rows, columns = fields.shape
    flat, places = (
        fields.reshape((len(fields), rows * columns)),
        sample_places(peaks, rows, columns),
    )
    owners, prices = np.empty(len(peaks), np.int32), np.empty(len(peaks), np.float32)
    for n in range(len(limbs)):
        begins = starts[limbs[n, 0] : limbs[n, 0] + 2]
        ends = starts[limbs[n, 1] : limbs[n, 1] + 2]
        field = (flat[channels[n, 0]], flat[channels[n, 1]])
        found = limb_pairs(field, np.int32(columns), peaks, places, begins, ends, knobs, pairs)
        kept = heaviest_matching(pairs, found, owners, prices)
        for part in range(kept):
            links[0][count], links[1][count] = pairs[0][part], pairs[1][part]
            links[2][count] = pairs[2][part]
            count += 1
    return links[0][:count], links[1][:count], links[2][:count]


@compiled(cached=False)
def _room_for(pairs):
    return np.empty(pairs, np.uint32), np.empty(pairs, np.uint32), np.empty(pairs, np.float32)
