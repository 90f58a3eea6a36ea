"""Score the limbs that could be: how far the field along a segment points the segment's way.

A pair of candidates scores the mean alignment of the limb's part affinity field with the segment
between them, times the share of the segment where the field supports it: a field that another
limb crosses somewhere is no limb.

Of a crowd's pairs one in twenty is a limb. Sieves look at all pairs together: first at the fields
of both ends, then at points between them, last all along. Their loops have no branches and no
writes to memory that they read from, so that they are vectorised.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled

_ANY_ORDER = frozenset({"reassoc", "contract"})
"""Lets sums be vectorised."""
_ZERO, _QUARTER, _HALF, _ONE = np.float32(0), np.float32(0.25), np.float32(0.5), np.float32(1)
"""Plain numbers would make everything they meet float64."""
_INFINITE = np.float32(np.inf)
_LARGEST = np.float32(1e6)
"""Score from which all limbs are alike, so that nonsense stays finite."""
_INSIDE = np.float32(1e-3)
"""How far from the outermost cells' middles points stay, so that four cells surround each."""
_FACING = np.float32(0.25)
"""Share of the fields' lengths at both ends of a segment that must point along it."""
_WORD = 64
"""Pairs whose verdicts fit into one number."""
_LANES = 8
"""Samples taken at once."""


@compiled(cached=False)
def sample_places(peaks, rows, columns):
    """Return ``(2, N)`` x and y of every peak, counted in middles of cells and kept inside them.

    A segment between two of them needs no more checks: the map is convex.
    """
    places = np.empty((2, len(peaks)), np.float32)
    for n in range(len(peaks)):
        for axis, size in ((0, columns), (1, rows)):
            largest = max(np.float32(size - 1) - _INSIDE, np.float32(0))
            places[axis, n] = min(max(peaks[n, axis] - _HALF, np.float32(0)), largest)
    return places


@compiled(cached=False, fastmath=_ANY_ORDER)
def limb_pairs(field, columns, peaks, places, begins, ends, knobs, pairs):
    """List the pairs of candidates of one limb that its field supports.

    Args:
        field: Two ``(h * w,)`` components of the limb's part affinity field; non-finite values
            count as 0.
        columns: The field's columns.
        peaks: ``(N, 3)`` x and y in cells and confidence of all candidates.
        places: ``(2, N)`` see `sample_places`.
        begins: First and one past the last candidate of the limb's first keypoint.
        ends: The same of its second keypoint.
        knobs: Score that a pair must exceed, alignment from which a sample supports a pair, and
            how many samples are taken along a segment, ends included.
        pairs: Three ``(...,)`` arrays for the result, with room for all pairs: index of the first
            and of the second candidate, and the weight, which is score times both confidences.

    Returns:
        How many pairs were written, in the order of their first candidates.

    Source:
        Cao et al. 2017, Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields; the
        share is ours.
    """
    link_threshold, support, samples = knobs
    firsts, seconds, weights = pairs
    support, kept = np.float32(support), 0
    count = _facing_pairs(field, columns, places, begins, ends, support, firsts, seconds)
    for part in (_HALF, _QUARTER, _HALF + _QUARTER):
        count = _supported_pairs(field, columns, places, part, support, firsts, seconds, count)
    for n in range(count):
        a, b = firsts[n], seconds[n]
        score = _alignment(field, columns, places, a, b, support, samples)
        if score > link_threshold:
            weight = min(score, _LARGEST) * min(peaks[a, 2], _ONE) * min(peaks[b, 2], _ONE)
            firsts[kept], seconds[kept], weights[kept] = a, b, weight
            kept += 1
    return kept


@compiled(cached=False)
def _facing_pairs(field, columns, places, begins, ends, support, firsts, seconds):
    """List the pairs of whom the fields at both ends together point from one to the other."""
    last, count = ends[1] - ends[0], 0
    end_fields, flags = np.empty((3, last), np.float32), np.empty(last, np.int32)
    xs, ys = places[0, ends[0] : ends[1]], places[1, ends[0] : ends[1]]
    for b in range(last):
        across, down, length = _field_at(field, columns, xs[b], ys[b])
        end_fields[0, b], end_fields[1, b], end_fields[2, b] = across, down, length
    for a in range(begins[0], begins[1]):
        x, y = places[0, a], places[1, a]
        start_field = _field_at(field, columns, x, y)
        _flag_ends(start_field, end_fields, x, y, xs, ys, support, flags)
        for b in range(last):
            firsts[count], seconds[count] = a, ends[0] + b
            count += flags[b]
    return count


@compiled(cached=False, allocates=False)
def _field_at(field, columns, x, y):
    """Return both components and the length of the field in a place's cell; 0 if not finite."""
    cell = np.uint32(np.int32(y + _HALF) * columns + np.int32(x + _HALF))
    across, down = field[0][cell], field[1][cell]
    length = np.sqrt(across * across + down * down)
    if length < _INFINITE:
        return across, down, length
    return _ZERO, _ZERO, _ZERO


@compiled(cached=False, fastmath=_ANY_ORDER, allocates=False)
def _flag_ends(start_field, end_fields, x, y, xs, ys, support, flags):
    """Flag the ends where the fields at both ends of the segment point along it."""
    field_x, field_y, strength = start_field
    for b in range(len(flags)):
        across, down = xs[b] - x, ys[b] - y
        length = np.sqrt(across * across + down * down)
        along = (field_x + end_fields[0, b]) * across + (field_y + end_fields[1, b]) * down
        least = max(support, _FACING * (strength + end_fields[2, b])) * length
        flags[b] = np.int32(1) if along > least else np.int32(0)


@compiled(cached=False, allocates=False)
def _supported_pairs(field, columns, places, part, support, firsts, seconds, count):
    """Move the pairs whose field supports them at a part of the way to the front; count them."""
    kept = 0
    for start in range(0, count, _WORD):
        stop = min(start + _WORD, count)
        verdicts = _supports(field, columns, places, part, support, firsts, seconds, start, stop)
        for n in range(start, stop):
            firsts[kept], seconds[kept] = firsts[n], seconds[n]
            kept += verdicts & np.uint64(1)
            verdicts >>= np.uint64(1)
    return kept


@compiled(cached=False, fastmath=_ANY_ORDER, allocates=False)
def _supports(field, columns, places, part, support, firsts, seconds, start, stop):
    """Return a bit for each pair: does the field in the cell at a part of the way support it?"""
    xs, ys, verdicts = places[0], places[1], np.uint64(0)
    for n in range(start, stop):
        a, b = firsts[n], seconds[n]
        across, down = xs[b] - xs[a], ys[b] - ys[a]
        x, y = xs[a] + part * across + _HALF, ys[a] + part * down + _HALF
        cell = np.uint32(np.int32(y) * columns + np.int32(x))
        along = field[0][cell] * across + field[1][cell] * down
        least = support * np.sqrt(across * across + down * down)
        verdict = np.uint64(1) if least < along < _INFINITE else np.uint64(0)
        verdicts |= verdict << np.uint64(n - start)
    return verdicts


@compiled(cached=False, fastmath=_ANY_ORDER, allocates=False)
def _alignment(field, columns, places, a, b, support, samples):
    """Return mean alignment times the share of samples that support the segment."""
    x, y = places[0, a], places[1, a]
    across, down = places[0, b] - x, places[1, b] - y
    length = np.sqrt(across * across + down * down)
    step, least = _ONE / np.float32(samples - 1), support * length
    row = np.uint32(columns if len(field[0]) > columns else 0)
    column = np.uint32(1 if columns > 1 else 0)
    total, supporting = _ZERO, _ZERO
    for first in range(0, samples, _LANES):
        for n in range(_LANES):
            part = np.float32(first + n) * step
            weight = _ONE if first + n < samples else _ZERO
            part = min(part, _ONE)
            px, py = x + part * across, y + part * down
            j, i = np.int32(px), np.int32(py)
            right, below = px - np.float32(j), py - np.float32(i)
            cell = np.uint32(i * columns + j)
            upper = _along(field, cell, across, down) * (_ONE - right)
            upper += _along(field, cell + column, across, down) * right
            lower = _along(field, cell + row, across, down) * (_ONE - right)
            lower += _along(field, cell + row + column, across, down) * right
            along = upper * (_ONE - below) + lower * below
            along = along if -_INFINITE < along < _INFINITE else _ZERO
            total += weight * along
            supporting += weight if along > least else _ZERO
    return total / length * supporting / np.float32(samples * samples)


@compiled(cached=False, allocates=False)
def _along(field, cell, across, down):
    return field[0][cell] * across + field[1][cell] * down
