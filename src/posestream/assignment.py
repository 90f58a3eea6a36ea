"""Match the rows of a table of costs to its columns at the least total cost."""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled


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
