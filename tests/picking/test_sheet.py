"""A frame of an input shows its zones, lines and ground with coordinates."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from posestream.analytics.ground import GroundPlane
from posestream.config import validated
from posestream.config_zones import ZonesConfig
from posestream.errors import SourceError
from posestream.images import HostImage
from posestream.picking.frames import frame_at
from posestream.picking.sheet import draw_sheet, encoded, ground_grid, outside

GREY = HostImage.from_rgb(np.full((360, 640, 3), 128, np.uint8))
SQUARE = [[0.3, 0.5], [0.7, 0.5], [0.9, 0.9], [0.1, 0.9]]
METRES = [[0, 4], [4, 4], [4, 0], [0, 0]]


def drawn(*, grid: bool = True, **values) -> np.ndarray:
    return draw_sheet(GREY, validated(ZonesConfig, values), grid=grid).rgb().astype(int)


def test_every_tenth_has_a_line():
    row = np.abs(drawn()[100] - 128).max(axis=1)
    assert all(row[x - 1 : x + 1].max() > 10 for x in range(64, 640, 64))
    assert row[80:120].max() < 10


def test_the_ground_has_a_line_every_metre():
    plane = GroundPlane(SQUARE, METRES)
    pieces = ground_grid(plane, np.array(METRES, float), (640, 360))
    assert len(pieces) == 10 * 39
    np.testing.assert_allclose(pieces[0, 0], (0.1 * 640, 0.9 * 360), atol=1e-6)
    yellow = drawn(grid=False, ground={"picture": SQUARE, "metres": METRES})
    red, _, blue = yellow[180, 300]
    assert red - blue > 20


def test_a_wide_ground_has_fewer_lines_and_none_behind_the_camera():
    wide = np.array(METRES, float) * 1000
    pieces = ground_grid(GroundPlane(SQUARE, wide), wide, (640, 360))
    assert 0 < len(pieces) < 130 * 39
    assert np.isfinite(pieces).all()


def test_shapes_that_reach_out_of_the_picture_are_named():
    given = {
        "zones": {
            "far": {"polygon": [[0, 0], [700, 0], [9, 9]]},
            "near": {"polygon": [[0, 0], [600, 0], [9, 9]]},
            "scaled": {"polygon": [[0, 0], [700, 0], [9, 9]], "drawn_on": [1280, 720]},
        },
        "lines": {"low": {"from": [1, 2], "to": [3, 400]}},
    }
    assert outside(validated(ZonesConfig, given), (640, 360)) == ["far", "low"]


def test_a_picture_is_a_file():
    png = cv2.imdecode(np.frombuffer(encoded(GREY, ".png"), np.uint8), cv2.IMREAD_COLOR)
    assert png is not None
    assert png.shape == (360, 640, 3)


def test_a_frame_is_taken_at_its_time(demo_clip: Path):
    assert frame_at(str(demo_clip)).pts_s == pytest.approx(0)
    assert frame_at(str(demo_clip), at_s=0.5).pts_s == pytest.approx(0.5, abs=0.04)
    with pytest.raises(SourceError, match="60"):
        frame_at(str(demo_clip), at_s=60)


def test_generated_pictures_have_frames_too():
    assert frame_at("fake:320x180@30").image.size == (320, 180)
