"""Parts of people at the edges of windows."""

import numpy as np
import pytest

from posestream.batching.regions import Region
from posestream.estimation.fragments import are_fragments
from posestream.types import Poses

WINDOW = Region(0, 200, 100, 500, 400)
FRAME = (640, 480)


def people(*boxes, score=0.8):
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    count = len(corners)
    return Poses(
        np.zeros((count, 17, 2), np.float32),
        np.zeros((count, 17), np.float32),
        np.full(count, score, np.float32),
        corners,
    )


def fragments(found, overview, *, window=WINDOW):
    return are_fragments(
        found, window, overview=overview, frame_size=FRAME, pixels_per_input=1.0
    ).tolist()


def test_the_cut_off_half_of_a_person_seen_whole_is_a_fragment():
    whole, half = people((100, 150, 300, 390)), people((202, 150, 300, 390))
    assert fragments(half, whole) == [True]


def test_a_whole_person_of_the_window_is_none():
    assert fragments(people((300, 200, 350, 300)), people((100, 150, 300, 390))) == [False]


def test_at_the_edge_of_the_frame_nobody_is_cut_by_the_window():
    window = Region(0, 0, 0, 300, 300)
    assert fragments(people((0, 0, 100, 200)), people((0, 0, 150, 310)), window=window) == [False]


def test_somebody_at_the_edge_whom_the_overview_missed_is_none():
    assert fragments(people((202, 150, 300, 390)), people()) == [False]


def test_a_person_the_overview_hardly_believes_makes_no_fragments():
    whole = people((100, 150, 300, 390), score=0.1)
    assert fragments(people((202, 150, 300, 390)), whole) == [False]


def test_a_small_person_beside_a_large_one_is_none():
    large, small = people((100, 150, 300, 390)), people((202, 330, 420, 398))
    assert fragments(small, large) == [False]


@pytest.mark.parametrize("found", [people(), people((202, 150, 300, 390))])
def test_every_person_gets_an_answer(found):
    assert len(fragments(found, people((100, 150, 300, 390), (0, 0, 50, 50)))) == len(found)
