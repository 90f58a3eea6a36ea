"""Zones, lines and their counts can be seen where they are."""

import numpy as np
import pytest

from posestream.images import HostImage
from posestream.overlay.canvas import Canvas
from posestream.overlay.colours import MIDDLE, label_colour
from posestream.overlay.zones import ZonePainter, draw_segments
from posestream.zones import Counts, Line, LineCount, Zone, ZoneCount

DOOR = Zone(name="door", polygon=((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))
GATE = Line(name="gate", start=(0.1, 0.5), end=(0.9, 0.5))
COUNTS = Counts((ZoneCount("door", 2, 3, 1, 0),), (LineCount("gate", ("in", "out"), (4, 7)),))


def grey(size=(640, 480)) -> HostImage:
    return HostImage.from_rgb(np.full((size[1], size[0], 3), 128, np.uint8)).yuv420p_copy()


def painted(painter: ZonePainter, *arguments, size=(640, 480)) -> np.ndarray:
    image = grey(size)
    painter.draw(Canvas(image), *arguments)
    return image.rgb().astype(int)


def changed(picture: np.ndarray, *, before: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    plain = grey((picture.shape[1], picture.shape[0])).rgb() if before is None else before
    return np.nonzero(np.abs(picture - plain).max(axis=2) > 8)


def test_a_zone_is_tinted_inside_and_outlined():
    picture = painted(ZonePainter([DOOR]))
    colour = np.array(label_colour("door"))
    tint = 128 + 0.2 * (colour - 128)
    np.testing.assert_allclose(picture[300, 320], tint, atol=10)
    np.testing.assert_allclose(picture[300, 160], colour, atol=60)
    rows, columns = changed(picture)
    assert (rows.min(), rows.max()) == pytest.approx((120, 360), abs=6)
    assert (columns.min(), columns.max()) == pytest.approx((160, 480), abs=6)


def test_a_line_has_an_arrow_each_way():
    rows, columns = changed(painted(ZonePainter(lines=[GATE])))
    assert columns.min() <= 66
    assert columns.max() >= 572
    around = rows[(columns > 300) & (columns < 340)]
    assert 240 - around.min() > 30
    assert around.max() - 240 > 30


def test_counts_are_written_beside_the_names():
    painter = ZonePainter([DOOR], [GATE])
    without = painted(painter)
    rows, _ = changed(painted(painter, COUNTS), before=without)
    assert len(rows)
    other = Counts(COUNTS.zones, (LineCount("gate", ("in", "out"), (4, 8)),))
    rows, columns = changed(painted(painter, other), before=painted(painter, COUNTS))
    assert rows.max() < 240  # "out" is upwards of a line from left to right
    assert abs(columns.mean() - 320) < 60


def test_pixels_are_those_of_the_first_frame():
    pixels = Zone(name="door", polygon=tuple((640 * x, 480 * y) for x, y in DOOR.polygon))
    painter = ZonePainter([pixels])
    np.testing.assert_array_equal(painted(painter), painted(ZonePainter([DOOR])))
    small = painted(painter, size=(320, 240))
    np.testing.assert_array_equal(small, painted(ZonePainter([DOOR]), size=(320, 240)))


@pytest.mark.parametrize("size", [(2, 2), (33, 17), (640, 480)])
def test_shapes_far_outside_or_larger_than_the_frame_never_raise(size):
    far = Zone(name="far", polygon=((5e5, 0), (9e5, 0), (9e5, 9e5)), drawn_on=(640, 480))
    wide = Zone(name="wide", polygon=((0, 0), (9000, 0), (9000, 9000), (0, 9000)),
                drawn_on=(640, 480))  # fmt: skip
    line = Line(name="line", start=(0, 0), end=(1e6, 1e6), drawn_on=(640, 480))
    painted(ZonePainter([far, wide], [line]), size=size)


def test_segments_are_thin_lines():
    image = grey()
    draw_segments(Canvas(image), np.array([[(100, 0), (100, 480)]]), colour=MIDDLE, opacity=1)
    _, columns = changed(image.rgb().astype(int))
    assert 98 <= columns.min() <= columns.max() <= 101
