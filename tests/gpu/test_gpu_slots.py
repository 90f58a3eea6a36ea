"""Which batch sizes get graphs."""

from itertools import pairwise

import pytest

from posestream.gpu.slots import graph_sizes


@pytest.mark.parametrize("largest", [1, 5, 32, 64, 100])
def test_every_batch_up_to_the_largest_fits_a_size_without_much_waste(largest: int):
    sizes = graph_sizes(largest)
    assert sizes[-1] == largest
    for count in range(1, largest + 1):
        fitting = min(size for size in sizes if size >= count)
        assert fitting < 2 * count


@pytest.mark.parametrize("largest", [1, 5, 32, 100])
def test_where_sizes_are_costly_there_are_few(largest: int):
    sizes = graph_sizes(largest, few=True)
    assert sizes[0] == 1
    assert sizes[-1] == largest
    assert len(sizes) <= 5
    assert all(after <= 4 * before for before, after in pairwise(sizes))
