"""Choose which candidates of a limb belong together: matchings of the greatest total weight."""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled

_FREE, _TAKEN = -1, -2
_RAISE = np.float32(0.01)
"""Share of its weight that every bid adds to a price, and at most is lost of the best total."""


@compiled(cached=False, allocates=False)
def heaviest_matching(pairs, count, owners, prices):
    """Keep the pairs of a limb whose total weight is greatest, each candidate in one at most.

    First candidates bid for second ones: each takes the one that is worth most to it beyond its
    price and raises the price to where it would as soon have its next best. Real frames have
    few rivals, so that this ends after little more than one bid for each candidate.

    Args:
        pairs: Three ``(...,)`` arrays: first and second candidate and a positive weight, in the
            order of first candidates; the kept ones move to the front.
        count: How many pairs there are.
        owners: ``(N,)`` room for the pair that has each candidate.
        prices: ``(N,)`` room for the candidates' prices.

    Returns:
        How many pairs are kept.

    Source:
        The auction algorithm, Bertsekas 1988.
    """
    firsts, seconds, weights = pairs
    for n in range(count):
        owners[seconds[n]], prices[seconds[n]] = _FREE, np.float32(0)
    for n in range(count):
        bidder = n if n == 0 or firsts[n] != firsts[n - 1] else _FREE
        while bidder != _FREE:
            bidder = _bid(pairs, count, owners, prices, bidder)
    kept = 0
    for n in range(count):
        if owners[seconds[n]] == n:
            owners[seconds[n]] = _TAKEN
            firsts[kept], seconds[kept], weights[kept] = firsts[n], seconds[n], weights[n]
            kept += 1
    return kept


@compiled(cached=False, allocates=False)
def _bid(pairs, count, owners, prices, first):
    """Give a candidate what it wants most; return the first pair of whoever lost that, or -1."""
    firsts, seconds, weights = pairs
    best, gain, next_gain, n = _FREE, np.float32(0), np.float32(0), first
    while n < count and firsts[n] == firsts[first]:
        value = weights[n] - prices[seconds[n]]
        if value > gain:
            best, gain, next_gain = n, value, gain
        elif value > next_gain:
            next_gain = value
        n += 1
    loser = _FREE
    if best != _FREE:
        wanted = seconds[best]
        loser, owners[wanted] = owners[wanted], best
        prices[wanted] += gain - next_gain + _RAISE * weights[best]
        while loser > 0 and firsts[loser - 1] == firsts[loser]:
            loser -= 1
    return loser
