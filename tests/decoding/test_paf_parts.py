"""The compiled parts of the default decoder, each against a slow and simple way to say the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from posestream.decoding.limbs import limb_pairs, sample_places
from posestream.decoding.matching import heaviest_matching
from posestream.decoding.peaks import strongest_peaks
from posestream.decoding.people import strongest_first

KNOBS = 0.1, 0.1, 7


def matched(weights):
    """Return the pairs that are kept of a table in which 0 means no pair."""
    firsts, seconds = np.nonzero(weights)
    pairs = firsts.astype(np.uint32), (seconds + len(weights)).astype(np.uint32)
    listed = (*pairs, weights[firsts, seconds].astype(np.float32))
    room = np.empty(sum(weights.shape), np.int32), np.empty(sum(weights.shape), np.float32)
    kept = heaviest_matching(listed, len(firsts), *room)
    return [(int(listed[0][n]), int(listed[1][n]) - len(weights)) for n in range(kept)]


@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (8, 3), (30, 30)])
@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
def test_a_matching_weighs_within_a_hundredth_of_the_heaviest(shape, density):
    rng = np.random.default_rng(0)
    for _ in range(20):
        weights = rng.random(shape).astype(np.float32) * (rng.random(shape) < density)
        pairs = matched(weights)
        assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
        rows, columns = linear_sum_assignment(-weights)
        best = weights[rows, columns].sum()
        assert sum(weights[pair] for pair in pairs) >= 0.99 * best - 1e-6


def test_many_rivals_of_equal_weight_are_matched_too():
    assert len(matched(np.ones((40, 20), np.float32))) == 20
    assert matched(np.zeros((3, 3), np.float32)) == []


def test_numbers_are_sorted_from_large_to_small_and_equals_stay_in_order():
    rng = np.random.default_rng(0)
    for values in (
        rng.random(700),
        rng.integers(0, 5, 300) / 4,
        np.array([1e6, 1e-9, 0.0, 1e-9]),
        np.zeros(3),
        np.zeros(0),
    ):
        assert np.array_equal(strongest_first(values), np.argsort(-values, kind="stable"))


def peaks_seen(heatmap, rows, columns, threshold):
    """Return cells above the threshold and above all neighbours inside the frame, one by one."""
    framed = np.full((rows + 2, columns + 2), -np.inf)
    framed[1:-1, 1:-1] = np.where(np.isfinite(heatmap), heatmap, 0)[:rows, :columns]
    found = set()
    for i, j in np.ndindex(rows, columns):
        around = framed[i : i + 3, j : j + 3].copy()
        value, around[1, 1] = around[1, 1], -np.inf
        if value > threshold and value > around.max():
            found.add((i, j))
    return found


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (9, 17), (20, 18), (23, 19), (30, 56)])
@pytest.mark.parametrize("padding", [0, 3])
def test_every_peak_is_found_at_any_size(size, padding):
    rng = np.random.default_rng(0)
    rows, columns = size
    maps = rng.random((3, rows + padding, columns + padding), dtype=np.float32)
    maps[1][rng.random(maps[1].shape) < 0.1] = np.nan
    maps[2][rng.random(maps[2].shape) < 0.1] = np.inf
    peaks, starts = strongest_peaks(maps, 3, rows, columns, 0.3, 2000)
    for k in range(3):
        cells = peaks[starts[k] : starts[k + 1]]
        seen = {(int(y), int(x)) for x, y, _ in np.floor(np.nextafter(cells, 0))}
        assert seen == peaks_seen(maps[k], rows, columns, 0.3)


def pairs_of(field, points_a, points_b, confidences=(1.0, 1.0)):
    """Return the pairs of one limb's candidates as (first, second, weight)."""
    rows, columns = field.shape[1:]
    peaks = np.array(
        [(*p, confidences[0]) for p in points_a] + [(*p, confidences[1]) for p in points_b],
        np.float32,
    )
    middle, count = len(points_a), len(peaks)
    room = len(points_a) * len(points_b) + 1
    pairs = np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room, np.float32)
    found = limb_pairs(
        (field[0].ravel(), field[1].ravel()),
        np.int32(columns),
        peaks,
        sample_places(peaks, rows, columns),
        np.array([0, middle]),
        np.array([middle, count]),
        KNOBS,
        pairs,
    )
    return [
        (int(a), int(b) - middle, float(w))
        for a, b, w in zip(*(part[:found] for part in pairs), strict=True)
    ]


def test_a_limb_weighs_its_alignment_times_both_confidences():
    field = np.zeros((2, 20, 20), np.float32)
    field[0] = 0.8
    (pair,) = pairs_of(field, [(3.5, 10.5)], [(15.5, 10.5)], confidences=(0.5, 0.9))
    assert pair[:2] == (0, 0)
    assert pair[2] == pytest.approx(0.8 * 0.5 * 0.9, rel=1e-5)


def test_a_limb_is_found_among_more_pairs_than_fit_one_number():
    field = np.zeros((2, 60, 40), np.float32)
    heights = [float(y) + 0.5 for y in range(2, 58, 4)]
    for y in heights:
        field[0, int(y)] = 1
    pairs = pairs_of(field, [(4.5, y) for y in heights], [(35.5, y) for y in heights])
    assert [(a, b) for a, b, weight in pairs if weight > 0.9] == [
        (n, n) for n in range(len(heights))
    ]


def test_a_field_against_a_limb_or_with_a_hole_in_its_middle_is_no_limb():
    field = np.zeros((2, 20, 20), np.float32)
    field[0] = -1
    assert pairs_of(field, [(3.5, 10.5)], [(15.5, 10.5)]) == []
    field[0], field[0, :, 8:11] = 1, 0
    assert pairs_of(field, [(3.5, 10.5)], [(15.5, 10.5)]) == []
    field[0, :, 8:11] = np.nan
    assert pairs_of(field, [(3.5, 10.5)], [(15.5, 10.5)]) == []
