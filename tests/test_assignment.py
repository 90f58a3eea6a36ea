import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from posestream.assignment import least_cost


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (4, 4), (5, 12), (30, 30), (40, 60)])
def test_rows_are_matched_at_the_least_cost(shape):
    rng = np.random.default_rng(0)
    for _ in range(10):
        cost = rng.random(shape)
        columns = least_cost(cost)
        assert len(set(columns.tolist())) == shape[0]
        best = cost[linear_sum_assignment(cost)].sum()
        assert cost[np.arange(shape[0]), columns].sum() == pytest.approx(best)


def test_equal_costs_still_give_every_row_a_column_of_its_own():
    assert sorted(least_cost(np.ones((6, 9))).tolist()) == sorted(set(least_cost(np.ones((6, 9)))))
    assert least_cost(np.zeros((0, 3))).tolist() == []
