"""Which batch sizes get graphs."""

import pytest

from posestream.gpu.slots import graph_sizes


@pytest.mark.parametrize("largest", [1, 5, 32, 64, 100])
def test_every_batch_up_to_the_largest_fits_a_size_without_much_waste(largest: int):
    sizes = graph_sizes(largest)
    assert sizes[-1] == largest
    for count in range(1, largest + 1):
        fitting = min(size for size in sizes if size >= count)
        assert fitting - count <= count / 2


def test_where_sizes_cost_minutes_there_is_one_for_a_frame_and_one_for_many():
    assert graph_sizes(32, few=True) == (1, 32)
    assert graph_sizes(1, few=True) == (1,)
