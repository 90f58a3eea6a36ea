"""Where a closer look pays."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posestream.estimation.looks import LookSettings, plan_looks
from posestream.estimation.reliability import reliabilities, reliability
from posestream.types import Poses

FRAME = (1920, 1080)
SETTINGS = LookSettings(input_size=(256, 256), limit=3, min_gain=0.05)


def people(*boxes, score=0.8):
    """Somebody for each (left, top, width, height)."""
    corners = np.array(boxes, np.float32).reshape(-1, 4).copy()
    corners[:, 2:] += corners[:, :2]
    count = len(corners)
    return Poses(
        np.zeros((count, 17, 2), np.float32),
        np.zeros((count, 17), np.float32),
        np.full(count, score, np.float32),
        corners,
    )


def plan(poses, *, frame=FRAME, long_side=256, **changes):
    return plan_looks(
        poses,
        frame,
        image=0,
        scale=long_side / max(frame),
        stride=4,
        settings=dataclasses.replace(SETTINGS, **changes),
    )


def holds(region, box):
    left, top, width, height = box
    return (
        region.left <= left
        and region.top <= top
        and region.right >= left + width
        and region.bottom >= top + height
    )


def test_a_small_person_gets_a_closer_look():
    box = (900, 500, 100, 220)
    [look] = plan(people(box))
    assert holds(look, box)
    assert look.size[0] == look.size[1] < 1080


def test_a_large_person_is_seen_well_enough():
    assert plan(people((100, 0, 1700, 1080))) == []


def test_nobody_deserves_no_look():
    assert plan(people()) == []


def test_people_together_share_one_look():
    group = [(900, 500, 90, 200), (1010, 480, 95, 210), (1110, 510, 85, 190)]
    [look] = plan(people(*group))
    assert all(holds(look, box) for box in group)


def test_people_far_apart_get_looks_of_their_own():
    boxes = [(50, 400, 60, 130), (1750, 420, 60, 130)]
    looks = plan(people(*boxes))
    assert len(looks) == 2
    assert all(sum(holds(look, box) for look in looks) == 1 for box in boxes)


def test_looks_are_limited():
    boxes = [(50, 400, 60, 130), (900, 100, 60, 130), (1750, 420, 60, 130)]
    assert len(plan(people(*boxes), limit=2)) == 2
    assert plan(people(*boxes), limit=0) == []


def test_what_is_hardly_believed_is_not_looked_at():
    assert plan(people((900, 500, 100, 220), score=0.05)) == []


def test_the_zoom_is_limited():
    [look] = plan(people((900, 500, 45, 100)), max_zoom=2.0)
    assert look.size[0] >= 1920 / 2


def test_a_person_at_the_edge_is_looked_at_inside_the_frame():
    [look] = plan(people((-10, 900, 100, 220)))
    assert look.left == 0
    assert look.bottom == pytest.approx(1080, abs=2)


def test_windows_larger_than_the_frame_begin_at_its_corner():
    [look] = plan(people((10, 10, 20, 60)), frame=(640, 120), input_size=(320, 320))
    assert look.top == 0
    assert look.bottom > 120


def test_the_window_has_the_aspect_of_the_input():
    [look] = plan(people((900, 500, 100, 220)), input_size=(384, 256))
    assert look.size[0] / look.size[1] == pytest.approx(1.5, abs=0.02)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-100, 2000), st.floats(-100, 1200), st.floats(1, 900), st.floats(1, 900)
        ),
        max_size=30,
    ),
    st.sampled_from([(1920, 1080), (640, 480), (50, 400), (1, 1)]),
)
def test_every_plan_keeps_to_its_limits(boxes, frame):
    looks = plan(people(*boxes), frame=frame, min_gain=0.001)
    assert len(looks) <= 3
    for look in looks:
        assert look.left >= 0
        assert look.top >= 0
        assert look.left < frame[0]
        assert look.top < frame[1]
        assert look.size[0] >= 2
        assert look.size[0] * 4.01 >= max(frame) or frame == (1, 1)


@pytest.mark.parametrize(
    "wrong", [{"limit": -1}, {"max_zoom": 1.0}, {"input_size": (0, 4)}, {"margin": -0.1}]
)
def test_settings_that_cannot_be_planned_with_are_refused(wrong):
    with pytest.raises(ValueError, match="cannot be planned"):
        dataclasses.replace(SETTINGS, **wrong)


def test_people_of_middling_size_are_found_most_reliably():
    cells = np.array([0, 5, 15, 60, 150, 400], np.float32)
    values = reliabilities(cells)
    assert values.argmax() == 3
    assert (np.diff(values[:4]) > 0).all()
    assert (np.diff(values[3:]) < 0).all()
    np.testing.assert_allclose(values, [reliability(float(c)) for c in cells], rtol=1e-5)
