"""How few trials find the most streams."""

import pytest

from posestream.density.search import most_sustained


@pytest.mark.parametrize("capacity", range(65))
def test_the_capacity_is_found_whatever_it_is(capacity: int):
    assert most_sustained(lambda count: count <= capacity, most=64) == capacity


@pytest.mark.parametrize("first", [1, 7, 20, 64])
def test_it_does_not_matter_where_the_search_begins(first: int):
    for capacity in (0, 1, 6, 7, 19, 20, 21, 63, 64):
        assert most_sustained(lambda n, c=capacity: n <= c, most=64, first=first) == capacity


def test_the_count_doubles_until_it_fails_and_then_the_gap_is_halved():
    tried = []

    def sustains(count: int) -> bool:
        tried.append(count)
        return count <= 11

    most_sustained(sustains, most=100)
    assert tried == [1, 2, 4, 8, 16, 12, 10, 11]


def test_more_than_the_most_is_never_tried():
    tried = []
    assert most_sustained(lambda count: not tried.append(count), most=12) == 12
    assert tried == [1, 2, 4, 8, 12]


@pytest.mark.parametrize("capacity", [0, 1, 50, 99, 150, 200])
def test_a_search_may_end_while_a_gap_is_left(capacity: int):
    tried = []

    def sustains(count: int) -> bool:
        tried.append(count)
        return count <= capacity

    held = most_sustained(sustains, most=200, first=100, within=8)
    assert capacity - 8 < held <= capacity
    assert len(tried) <= 6


def test_a_search_that_is_stopped_keeps_what_held():
    answers = iter([True, True, None])
    assert most_sustained(lambda _: next(answers), most=64) == 2


@pytest.mark.parametrize("first", [0, 9])
def test_a_first_count_out_of_range_is_refused(first: int):
    with pytest.raises(ValueError, match=rf"first must be in \[1, 8\], not {first}"):
        most_sustained(bool, most=8, first=first)
