"""Choose which candidates of a limb belong together: matchings of the greatest total weight."""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled

_FREE, _TAKEN = -1, -2
_HOPELESS = 0.1
"""Share of the best weight at one of its ends under which a pair is no alternative."""
_LARGE_GROUP = 2000
"""Entries of a table from which candidates are matched best first: noise, not people."""


@compiled
def least_cost(cost):
    """Match every row of a table to a column of its own so that the costs add up to the least.

    Args:
        cost: ``(n, m)`` finite costs with ``n <= m``.

    Returns:
        ``(n,)`` the column of each row.

    Source:
        Shortest augmenting paths with potentials: Jonker and Volgenant 1987.
    """
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    row_of = np.full(columns + 1, rows)  # column `columns` stands for the row being placed
    came_from = np.empty(columns, np.int64)
    nearest = np.empty(columns)
    reached = np.empty(columns + 1, np.bool_)
    for row in range(rows):
        row_of[columns] = row
        nearest[:] = np.inf
        reached[:] = False
        last = columns
        while row_of[last] != rows:
            reached[last] = True
            last = _reach_next(
                cost, row_of, row_price, column_price, nearest, reached, came_from, last
            )
        while last != columns:
            row_of[last] = row_of[came_from[last]]
            last = came_from[last]
        row_of[columns] = rows
    column_of = np.full(rows, -1)
    for column in range(columns):
        if row_of[column] < rows:
            column_of[row_of[column]] = column
    return column_of


@compiled(cached=False)
def _reach_next(cost, row_of, row_price, column_price, nearest, reached, came_from, last):
    """Extend the shortest paths by one column, return it, and keep the prices feasible."""
    columns = len(came_from)
    row, step, best = row_of[last], np.inf, 0
    for column in range(columns):
        if reached[column]:
            continue
        reduced = cost[row, column] - row_price[row] - column_price[column]
        if reduced < nearest[column]:
            nearest[column] = reduced
            came_from[column] = last
        if nearest[column] < step:
            step, best = nearest[column], column
    for column in range(columns):
        if reached[column]:
            row_price[row_of[column]] += step
            column_price[column] -= step
        else:
            nearest[column] -= step
    row_price[row_of[columns]] += step
    return best


@compiled(cached=False)
def heaviest_matching(pairs, count, begins, ends):
    """Keep the pairs of a limb whose total weight is greatest, each candidate in one at most.

    Args:
        pairs: ``(..., 3)`` both candidates and a positive weight; the kept ones move to the front.
        count: How many pairs there are.
        begins: First and one past the last candidate of the limb's first keypoint.
        ends: The same of its second keypoint.

    Returns:
        How many pairs are kept.
    """
    if count == 0:
        return 0
    first, candidates = begins[1] - begins[0], begins[1] - begins[0] + ends[1] - ends[0]
    tips, weights = np.empty((count, 2), np.int64), np.empty(count)
    for n in range(count):
        tips[n, 0], tips[n, 1] = int(pairs[n, 0]) - begins[0], int(pairs[n, 1]) - ends[0] + first
        weights[n] = pairs[n, 2]
    keep = np.zeros(count, np.bool_)
    left = _keep_certain(tips, weights, candidates, keep)
    if len(left) > 0:
        _match_groups(tips, weights, candidates, left, keep)
    kept = 0
    for n in range(count):
        if keep[n]:
            for column in range(3):
                pairs[kept, column] = pairs[n, column]
            kept += 1
    return kept


@compiled(cached=False)
def _keep_certain(tips, weights, candidates, keep):
    """Keep pairs that outweigh whatever else both their ends could have, and return the rest.

    Pairs that are far outweighed at one of their ends are in neither.
    """
    best = np.full(candidates, _FREE)
    tops = np.zeros((candidates, 2))
    left, size, before = np.arange(len(weights)), len(weights), -1
    for n in range(size):
        _note_best(best, tops, tips[n, 0], n, weights[n])
        _note_best(best, tops, tips[n, 1], n, weights[n])
    while 0 < size != before:
        before, size = size, 0
        for n in left[:before]:
            a, b = tips[n, 0], tips[n, 1]
            if best[a] == n and best[b] == n and weights[n] >= tops[a, 1] + tops[b, 1]:
                keep[n] = True
                best[a] = best[b] = _TAKEN
        for n in left[:before]:
            a, b = tips[n, 0], tips[n, 1]
            hopeless = weights[n] < _HOPELESS * max(tops[a, 0], tops[b, 0])
            if best[a] != _TAKEN and best[b] != _TAKEN and not hopeless:
                left[size] = n
                size += 1
        for n in left[:size]:
            _forget_best(best, tops, tips[n, 0])
            _forget_best(best, tops, tips[n, 1])
        for n in left[:size]:
            _note_best(best, tops, tips[n, 0], n, weights[n])
            _note_best(best, tops, tips[n, 1], n, weights[n])
    return left[:size]


@compiled(cached=False, inline=True)
def _note_best(best, tops, tip, n, weight):
    """Note a candidate's best pair and the weights of its best two."""
    if weight > tops[tip, 0]:
        tops[tip, 1] = tops[tip, 0]
        tops[tip, 0] = weight
        best[tip] = n
    elif weight > tops[tip, 1]:
        tops[tip, 1] = weight


@compiled(cached=False, inline=True)
def _forget_best(best, tops, tip):
    best[tip], tops[tip, 0], tops[tip, 1] = _FREE, 0.0, 0.0


@compiled(cached=False)
def _match_groups(tips, weights, candidates, left, keep):
    """Match what is left, group by group.

    Pairs that share no candidate, directly or through others, are solved apart: in real frames
    those groups are tiny however many people there are.
    """
    group = np.arange(candidates)
    places = np.full(candidates, _FREE)
    members = np.empty(len(left), np.int64)
    for n in left:
        group[_root(group, tips[n, 1])] = _root(group, tips[n, 0])
    for first in range(len(left)):
        root = _root(group, tips[left[first], 0])
        if places[root] != _FREE:
            continue  # its group is solved
        size = 0
        for n in left[first:]:
            if _root(group, tips[n, 0]) == root:
                members[size] = n
                size += 1
        _match_group(tips, weights, members[:size], places, keep)


@compiled(cached=False)
def _root(group, member):
    while group[member] != member:
        group[member] = group[group[member]]
        member = group[member]
    return member


@compiled(cached=False)
def _match_group(tips, weights, members, places, keep):
    """Mark the pairs of one group that belong to its heaviest matching."""
    sizes = np.zeros(2, np.int64)
    for n in members:
        for side in range(2):
            if places[tips[n, side]] == _FREE:
                places[tips[n, side]] = sizes[side]
                sizes[side] += 1
    if sizes[0] * sizes[1] > _LARGE_GROUP:
        _match_best_first(tips, weights, members, places, keep)
        return
    row = 0 if sizes[0] <= sizes[1] else 1
    cost = np.zeros((sizes[row], sizes[1 - row]))
    for n in members:
        cost[places[tips[n, row]], places[tips[n, 1 - row]]] = -weights[n]
    chosen = least_cost(cost)
    for n in members:
        keep[n] = chosen[places[tips[n, row]]] == places[tips[n, 1 - row]]


@compiled(cached=False)
def _match_best_first(tips, weights, members, places, keep):
    for position in np.argsort(-weights[members]):
        n = members[position]
        a, b = tips[n, 0], tips[n, 1]
        if places[a] != _TAKEN and places[b] != _TAKEN:
            places[a] = places[b] = _TAKEN
            keep[n] = True
