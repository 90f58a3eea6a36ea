"""Shapes of zones and lines say what is wrong with them."""

import math

import numpy as np
import pytest

from posestream.shapes import checked_polygon, pixels_of
from posestream.zones import Line, Zone

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (((0, 0), (1, 1)), "3 to 100 different points; here are 2"),
        (((0, 0), (1, 1), (0, 0)), "3 to 100 different points; here are 2"),
        (((0, 0), (1, 1), (1, 0), (0, 1)), "crosses itself: side 1-2 and side 3-4"),
        (((0, 0), (1, 0), (0.5, 0), (0.5, 1)), "crosses itself: side 1-2 and side 2-3"),
        (((0, 0), (1, 0), (1, 1), (0, 0), (0, 1)), r"point 4 is point 1 again"),
        (((0, 0), (0.5, 0.5), (1, 1)), "crosses itself|no area"),
        (((0.1, 0.1), (0.1001, 0.1), (0.1, 0.1001)), "no area"),
        (
            ((0.1, 0.2), (1.2, 0.5), (0.5, 0.9)),
            "1.2 is no fraction of the picture.*0.1 is no whole",
        ),
        (((-0.1, 0.2), (1, 0.5), (0.5, 0.9)), "-0.1 is neither"),
        (((math.nan, 0.2), (1, 0.5), (0.5, 0.9)), "nan is neither"),
        (tuple((n, n * n) for n in range(101)), "here are 101"),
    ],
)
def test_what_is_no_polygon_is_refused(points, message):
    with pytest.raises(ValueError, match=message):
        checked_polygon(points)


def test_a_last_point_that_closes_the_outline_is_taken_off():
    assert checked_polygon((*SQUARE, SQUARE[0])) == SQUARE


def test_outlines_with_bays_and_right_angles_are_fine():
    bay = ((0, 0), (90, 0), (90, 90), (60, 90), (60, 30), (30, 30), (30, 90), (0, 90))
    assert checked_polygon(bay) == bay


def test_fractions_and_pixels_become_pixels_of_a_frame():
    np.testing.assert_array_equal(pixels_of(((0.5, 1.0),), (200, 100)), [(100, 100)])
    np.testing.assert_array_equal(pixels_of(((50, 10),), (200, 100)), [(50, 10)])
    np.testing.assert_array_equal(
        pixels_of(((50, 10),), (200, 100), drawn_on=(100, 20)), [(100, 50)]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"end": (0.2, 0.2)}, "two ends apart from each other"),
        ({"end": (3.5, 0.5)}, "3.5 is no fraction"),
        ({"directions": ("in", "in")}, "two different words"),
        ({"directions": ("in", "")}, "two different words"),
        ({"settle_s": -1}, "settle_s must be seconds from 0 on, not -1"),
    ],
)
def test_what_is_no_line_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Line(**{"name": "gate", "start": (0.2, 0.2), "end": (0.5, 0.5), **options})


@pytest.mark.parametrize("options", [{"dwell_s": math.nan}, {"settle_s": math.inf}])
def test_times_of_zones_are_seconds(options):
    with pytest.raises(ValueError, match="must be seconds from 0 on"):
        Zone(name="door", polygon=SQUARE, **options)
