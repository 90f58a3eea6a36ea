"""The comparison finds every way in which two networks may differ."""

import numpy as np
import pytest

from posestream.errors import ModelError
from posestream.models.exporting.parity import check_parity, largest_difference

MAPS = np.float32([[0, 1], [-4, 2]])


def test_the_largest_difference_counts_relative_to_the_largest_value():
    found = {"a": MAPS + np.float32([[0, 0.2], [0, 0]]), "b": MAPS}
    assert largest_difference(found, {"a": MAPS, "b": MAPS}) == pytest.approx(0.05)
    assert largest_difference({"a": MAPS}, {"a": MAPS}) == 0
    assert largest_difference({"a": MAPS * 0 + 1}, {"a": MAPS * 0}) == 1


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({}, "output 'a' of the written network is missing"),
        ({"a": MAPS[:1]}, r"output 'a' of the written network is of shape \(1, 2\)"),
        ({"a": MAPS * np.nan}, "output 'a' holds NaN"),
    ],
)
def test_an_output_that_cannot_be_compared_is_refused(found, message: str):
    with pytest.raises(ModelError, match=message):
        largest_difference(found, {"a": MAPS})


def test_more_than_a_ten_thousandth_is_refused():
    check_parity(1e-4)
    for difference in (2e-4, float("nan")):
        with pytest.raises(ModelError, match=r"differs from its original by .*Nothing was written"):
            check_parity(difference)
