"""Score the limbs that could be: how far the field along a segment points the segment's way.

A pair of candidates scores the mean alignment of the limb's part affinity field with the segment
between them, times the share of the segment where the field supports it: a field that another
limb crosses somewhere is no limb.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled

_ZERO, _QUARTER, _HALF, _ONE = np.float32(0), np.float32(0.25), np.float32(0.5), np.float32(1)
"""Plain numbers would make everything they meet float64."""
_LARGEST = np.float32(1e6)
"""Score from which all limbs are alike, so that nonsense stays finite."""
_INSIDE = np.float32(1e-3)
"""How far from the outermost cells' middles points stay, so that four cells surround each."""


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


@compiled(cached=False)
def limb_pairs(fields, channels, peaks, places, begins, ends, knobs, flags, end_fields, pairs):
    """List the pairs of candidates of one limb that its field supports.

    Args:
        fields: ``(F, h * w)`` part affinity fields; non-finite values count as 0.
        channels: Which of them are the limb's x and y component, and the fields' columns.
        peaks: ``(N, 3)`` x and y in cells and confidence of all candidates.
        places: ``(2, N)`` see `sample_places`.
        begins: First and one past the last candidate of the limb's first keypoint.
        ends: The same of its second keypoint.
        knobs: Score that a pair must exceed, alignment from which a sample supports a pair, and
            how many samples are taken along a segment, ends included.
        flags: ``(N,)`` room for intermediate results.
        end_fields: ``(2, N)`` the same.
        pairs: ``(..., 3)`` room for the result.

    Returns:
        How many pairs were written to ``pairs``: index of either candidate and the weight, which
        is score times both confidences.

    Source:
        Cao et al. 2017, Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields; the
        share is ours.
    """
    link_threshold, support, samples = knobs
    x_channel, y_channel, columns = channels
    field_x, field_y, xs, ys = fields[x_channel], fields[y_channel], places[0], places[1]
    wanted, count = np.float32(support * support), 0
    for n in range(ends[0], ends[1]):
        end_fields[0, n], end_fields[1, n] = _field_at(field_x, field_y, columns, xs[n], ys[n])
    for a in range(begins[0], begins[1]):
        start_field = _field_at(field_x, field_y, columns, xs[a], ys[a])
        _flag_ends(start_field, end_fields, xs, ys, a, ends[0], ends[1], wanted, flags)
        for b in range(ends[0], ends[1]):
            if flags[b] == _ZERO or not _middle_supports(
                field_x, field_y, columns, xs[a], ys[a], xs[b], ys[b], wanted
            ):
                continue
            score = _alignment(field_x, field_y, columns, xs, ys, a, b, support, samples)
            if score > link_threshold:
                weight = min(score, _LARGEST) * min(peaks[a, 2], _ONE) * min(peaks[b, 2], _ONE)
                pairs[count, 0], pairs[count, 1], pairs[count, 2] = a, b, weight
                count += 1
    return count


@compiled(cached=False, inline=True)
def _field_at(field_x, field_y, columns, x, y):
    """Return the field's two components in the cell of a place; 0 where they are not finite."""
    cell = np.uint32(np.int32(y + _HALF) * columns + np.int32(x + _HALF))
    across, down = field_x[cell], field_y[cell]
    if -np.inf < across < np.inf and -np.inf < down < np.inf:
        return across, down
    return _ZERO, _ZERO


@compiled(cached=False)
def _flag_ends(start_field, end_fields, xs, ys, a, begin, end, wanted, flags):
    """Flag the ends where the fields at both ends of the segment from ``a`` support it together.

    Without a branch: half of all pairs end here at almost no cost.
    """
    x, y, field_x, field_y = xs[a], ys[a], start_field[0], start_field[1]
    for b in range(begin, end):
        across, down = xs[b] - x, ys[b] - y
        along = (field_x + end_fields[0, b]) * across + (field_y + end_fields[1, b]) * down
        forward = along if along > _ZERO else _ZERO
        enough = forward * forward > wanted * (across * across + down * down)
        flags[b] = _ONE if enough else _ZERO


@compiled(cached=False, inline=True)
def _middle_supports(field_x, field_y, columns, x, y, end_x, end_y, wanted):
    """Look at the middle first: most wrong pairs end here.

    Of the cells at 1/2, 1/4 and 3/4 of the segment two must support it.
    """
    across, down = end_x - x, end_y - y
    least = wanted * (across * across + down * down)
    half = _supports(field_x, field_y, columns, x, y, across, down, _HALF, least)
    early = _supports(field_x, field_y, columns, x, y, across, down, _QUARTER, least)
    if half == early:
        return half
    return _supports(field_x, field_y, columns, x, y, across, down, _HALF + _QUARTER, least)


@compiled(cached=False, inline=True)
def _supports(field_x, field_y, columns, x, y, across, down, part, least):
    field = _field_at(field_x, field_y, columns, x + part * across, y + part * down)
    along = field[0] * across + field[1] * down
    return along > _ZERO and along * along > least


@compiled(cached=False)
def _alignment(field_x, field_y, columns, xs, ys, a, b, support, samples):
    """Return mean alignment times the share of samples that support the segment."""
    across, down = xs[b] - xs[a], ys[b] - ys[a]
    length = np.sqrt(across * across + down * down)
    step, least = _ONE / np.float32(samples - 1), np.float32(support) * length
    row = columns if len(field_x) > columns else 0
    column = 1 if columns > 1 else 0
    total, supporting = _ZERO, 0
    for n in range(samples):
        part = np.float32(n) * step
        x, y = xs[a] + part * across, ys[a] + part * down
        j, i = np.int32(x), np.int32(y)
        right, below, cell = x - np.float32(j), y - np.float32(i), np.uint32(i * columns + j)
        upper = _along(field_x, field_y, cell, across, down) * (_ONE - right)
        upper += _along(field_x, field_y, cell + column, across, down) * right
        lower = _along(field_x, field_y, cell + row, across, down) * (_ONE - right)
        lower += _along(field_x, field_y, cell + row + column, across, down) * right
        along = upper * (_ONE - below) + lower * below
        if -np.inf < along < np.inf:
            total += along
            supporting += along > least
    return total / length * np.float32(supporting) / np.float32(samples * samples)


@compiled(cached=False, inline=True)
def _along(field_x, field_y, cell, across, down):
    return field_x[cell] * across + field_y[cell] * down
