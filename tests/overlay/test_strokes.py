"""The rasteriser, against slow arithmetic on every pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posestream.overlay.strokes import draw_strokes

RIM = np.array([20, 130, 126], np.uint8)
COLOUR = np.array([[220, 60, 180]], np.uint8)


def planes(width=64, height=48, line_size=None):
    half = (width + 1) // 2, (height + 1) // 2
    line_size = line_size or width
    return (
        np.full((height, line_size), 100, np.uint8),
        np.full((half[1], line_size), 128, np.uint8),
        np.full((half[1], line_size), 128, np.uint8),
    )


def draw(stroke, **size):
    y, u, v = planes(**size)
    draw_strokes(y, u, v, size.get("width", 64), np.array([stroke], np.float32), COLOUR, RIM)
    return y, u, v


def expected(stroke, shape, background, colour, rim_colour):
    """What every pixel of a plane should hold, from its distance to the segment."""
    x0, y0, x1, y1, radius, rim, opacity, rim_opacity = stroke
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    dx, dy = x1 - x0, y1 - y0
    along = ((columns - x0) * dx + (rows - y0) * dy) / max(dx * dx + dy * dy, 1e-6)
    t = np.clip(along, 0, 1)
    distance = np.hypot(columns - x0 - t * dx, rows - y0 - t * dy)

    def cover(r):
        return np.clip(r + 0.5 - distance, 0, min(1, 2 * r))

    rimmed = background + (rim_colour - background) * cover(radius + rim) * rim_opacity
    return rimmed + (colour - rimmed) * cover(radius) * opacity


coordinate = st.floats(-70, 140, width=32)
strokes = st.tuples(
    coordinate,
    coordinate,
    coordinate,
    coordinate,
    st.floats(0.25, 12, width=32),
    st.floats(0, 4, width=32),
    st.floats(0, 1, width=32),
    st.floats(0, 1, width=32),
)


@settings(max_examples=150, deadline=None)
@given(strokes)
def test_each_pixel_is_covered_by_its_distance_from_the_stroke(stroke):
    y, u, v = draw(stroke)
    np.testing.assert_allclose(y, expected(stroke, y.shape, 100.0, 220.0, 20.0), atol=1.01)
    coarse = (*(value / 2 for value in stroke[:6]), *stroke[6:])
    half = (slice(None), slice(0, 32))
    np.testing.assert_allclose(u[half], expected(coarse, (24, 32), 128.0, 60.0, 130.0), atol=1.01)
    np.testing.assert_allclose(v[half], expected(coarse, (24, 32), 128.0, 180.0, 126.0), atol=1.01)


@settings(max_examples=100, deadline=None)
@given(strokes, st.integers(1, 40), st.integers(1, 40))
def test_strokes_fit_pictures_of_any_size(stroke, width, height):
    y, *_ = draw(stroke, width=width, height=height, line_size=max(32, width))
    seen = expected(stroke, (height, width), 100.0, 220.0, 20.0)
    np.testing.assert_allclose(y[:, :width], seen, atol=1.01)


def test_half_a_pixel_makes_a_difference():
    at_centre, _, _ = draw((20.5, 20.5, 20.5, 20.5, 1.2, 0, 1, 0))
    off_centre, _, _ = draw((21.0, 20.5, 21.0, 20.5, 1.2, 0, 1, 0))
    assert at_centre[20, 19] == at_centre[20, 21]
    assert off_centre[20, 19] < off_centre[20, 21]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("field", range(8))
def test_a_stroke_with_a_number_that_is_not_finite_is_left_out(bad, field):
    stroke = [10, 10, 30, 30, 3, 1, 1, 1]
    stroke[field] = bad
    for plane, untouched in zip(draw(stroke), planes(), strict=True):
        np.testing.assert_array_equal(plane, untouched)


def test_later_strokes_lie_on_top():
    y, u, v = planes()
    both = np.array([(10, 24, 50, 24, 4, 0, 1, 1), (30, 4, 30, 44, 4, 0, 1, 1)], np.float32)
    colours = np.array([[200, 128, 128], [50, 128, 128]], np.uint8)
    draw_strokes(y, u, v, 64, both, colours, RIM)
    assert y[24, 30] == 50
    assert y[24, 15] == 200
