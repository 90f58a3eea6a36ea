"""Frames go into inputs by a rule, and points come back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posestream.geometry import InputRule, Letterbox

RULES = st.one_of(
    st.builds(
        InputRule,
        long_side=st.integers(32, 700),
        multiple=st.sampled_from([1, 8, 32]),
        max_stretch=st.sampled_from([0.0, 0.2, float("inf")]),
        centered=st.booleans(),
    ),
    st.builds(
        InputRule,
        fixed_size=st.tuples(st.integers(8, 700), st.integers(8, 700)),
        max_stretch=st.sampled_from([0.0, 0.2, float("inf")]),
        centered=st.booleans(),
    ),
)


@given(RULES, st.integers(1, 5000), st.integers(1, 5000), st.floats(0, 1), st.floats(0, 1))
def test_points_go_to_the_input_and_back(rule, width, height, x, y):
    box = rule.letterbox((width, height))
    points = np.array([[x * width, y * height]], np.float32)
    inside = box.input_from_frame(points) - np.array(box.offset, np.float32)
    assert (inside >= -1e-3).all()
    assert (inside <= np.array(box.content_size) * 1.001).all()
    tolerance = 1e-4 * max(width, height) + 1e-3
    np.testing.assert_allclose(
        box.frame_from_input(box.input_from_frame(points)), points, atol=tolerance
    )


@given(RULES, st.integers(1, 5000), st.integers(1, 5000))
def test_the_frame_lies_inside_its_input(rule, width, height):
    box = rule.letterbox((width, height))
    for start, part, whole in zip(box.offset, box.content_size, box.input_size, strict=True):
        assert start >= 0
        assert 1 <= part <= whole - start


def test_a_fixed_input_is_filled_as_far_as_proportions_allow():
    box = InputRule(fixed_size=(656, 368)).letterbox((640, 480))
    assert (box.content_size, box.input_size) == ((491, 368), (656, 368))


def test_a_network_trained_on_stretched_pictures_gets_them():
    box = InputRule(fixed_size=(224, 224), max_stretch=float("inf")).letterbox((1920, 1080))
    assert box.content_size == (224, 224)
    np.testing.assert_allclose(
        box.frame_from_input(np.array([[112, 112]], np.float32)), [[960, 540]]
    )


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({}, "exactly one of long_side and fixed_size"),
        ({"long_side": 8, "fixed_size": (8, 8)}, "exactly one of long_side and fixed_size"),
        ({"long_side": 0}, "must be at least 1"),
        ({"fixed_size": (8, 0)}, "must be at least 1"),
        ({"long_side": 8, "multiple": 0}, "must be at least 1"),
        ({"long_side": 8, "max_stretch": -1.0}, "out of range"),
        ({"long_side": 8, "pad_value": 256}, "out of range"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong, problem):
    with pytest.raises(ValueError, match=problem):
        InputRule(**wrong)


@pytest.mark.parametrize("make", [Letterbox.fit, Letterbox.inside])
def test_an_empty_frame_is_refused(make):
    settings = {"long_side": 8, "multiple": 1} if make == Letterbox.fit else {"input_size": (8, 8)}
    with pytest.raises(ValueError, match="sizes must be positive"):
        make((0, 5), **settings)
