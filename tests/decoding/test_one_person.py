"""Networks that place one person's keypoints: MoveNet, RTMPose, ViTPose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posestream.decoding.heatmaps import heatmaps
from posestream.decoding.one_person import OnePersonDecoder, person_keypoints, simcc
from posestream.geometry import Letterbox
from posestream.types import Fields

SIZE = (48, 64)
LETTERBOX = Letterbox((96, 128), SIZE, SIZE)
"""A crop of 96 x 128 at half size."""
READERS = {
    "single": (person_keypoints, {"person_keypoints": (1, 1, 3, 3)}),
    "simcc": (simcc(2.0), {"simcc_x": (1, 3, 96), "simcc_y": (1, 3, 128)}),
    "heatmap": (heatmaps(stride=4, grid="corners"), {"keypoint_heatmap": (1, 3, 16, 12)}),
    "stride": (heatmaps(stride=4, grid="stride"), {"keypoint_heatmap": (1, 3, 16, 12)}),
}


def decoded(reader, maps, **options):
    fields = Fields({name: np.float32(array) for name, array in maps.items()}, (LETTERBOX,))
    [poses] = OnePersonDecoder(READERS[reader][0], **options).decode(fields)
    return poses


def bells(points, height=0.8, *, step=4.0, sigma=2.0):
    """Return ``(1, K, 16, 12)`` heatmaps around input pixels; cell ``i`` is pixel ``i * step``."""
    step = np.broadcast_to(step, 2)
    x, y = np.arange(12) * step[0] + 0.5, np.arange(16)[:, None] * step[1] + 0.5
    maps = [
        np.exp(-(((x - px) / step[0]) ** 2 + ((y - py) / step[1]) ** 2) / (2 * sigma**2))
        for px, py in points
    ]
    return {"keypoint_heatmap": height * np.array(maps)[None]}


def test_movenet_says_shares_with_y_first():
    rows = [[[[0.25, 0.5, 0.9], [0.5, 0.75, 0.6], [1.0, 0.0, 0.3]]]]
    poses = decoded("single", {"person_keypoints": rows})
    np.testing.assert_allclose(poses.keypoints, [[[48, 32], [72, 64], [0, 128]]])
    np.testing.assert_allclose(poses.scores, [0.6])
    np.testing.assert_allclose(poses.boxes, [[0, 32, 72, 128]])


def test_a_bin_is_the_middle_of_its_pixel_and_the_lesser_peak_is_the_score():
    x, y = np.zeros((1, 3, 96)), np.zeros((1, 3, 128))
    x[0, :, 20], y[0, :, 31] = 0.9, (0.5, 0.6, 0.7)
    poses = decoded("simcc", {"simcc_x": x, "simcc_y": y})
    np.testing.assert_allclose(poses.keypoints[0, 0], [2 * 10.5, 2 * 16])
    np.testing.assert_allclose(poses.keypoint_scores, [[0.5, 0.6, 0.7]])


def test_more_than_certain_is_certain():
    x, y = np.zeros((1, 3, 96)), np.zeros((1, 3, 128))
    x[..., 5], y[..., 5] = 7, 9
    assert decoded("simcc", {"simcc_x": x, "simcc_y": y}).scores == [1]


@settings(max_examples=50, deadline=None)
@given(st.floats(18, 30), st.floats(18, 46), st.floats(0.1, 1))
def test_the_top_of_a_bell_is_found_between_cells(x, y, height):
    corners = np.array([47 / 11, 63 / 15])
    poses = decoded("heatmap", bells([(x, y)] * 3, height, step=corners))
    np.testing.assert_allclose(poses.keypoints[0] / 2, [(x, y)] * 3, atol=0.15)
    np.testing.assert_allclose(poses.keypoint_scores, height, rtol=0.1)
    poses = decoded("stride", bells([(x, y)] * 3, height))
    np.testing.assert_allclose(poses.keypoints[0] / 2, [(x, y)] * 3, atol=0.15)


def test_the_middles_of_the_corner_cells_are_those_of_the_corner_pixels():
    corners = np.array([47 / 11, 63 / 15])
    poses = decoded("heatmap", bells([(0.5, 0.5), (47.5, 63.5), (24, 32)], step=corners))
    np.testing.assert_allclose(poses.keypoints[0, 2] / 2, (24, 32), atol=0.2)
    assert np.abs(poses.keypoints[0, 0] / 2 - (0.5, 0.5)).max() < 3
    assert np.abs(poses.keypoints[0, 1] / 2 - (47.5, 63.5)).max() < 3


def test_a_map_without_a_hill_is_a_keypoint_that_is_not_found():
    maps = bells([(20, 20)] * 3)
    maps["keypoint_heatmap"][0, 1] = -0.1
    poses = decoded("heatmap", maps)
    assert np.isnan(poses.keypoints[0, 1]).all()
    assert poses.keypoint_scores[0, 1] == 0
    np.testing.assert_allclose(poses.scores, poses.keypoint_scores.mean(), rtol=1e-6)


@pytest.mark.parametrize("reader", sorted(READERS))
def test_nothing_but_zeros_is_nobody(reader):
    maps = {name: np.zeros(shape) for name, shape in READERS[reader][1].items()}
    assert decoded(reader, maps).keypoints.shape == (0, 3, 2)


def test_somebody_under_the_least_score_is_nobody():
    assert len(decoded("heatmap", bells([(20, 20)] * 3, 0.4), min_score=0.5)) == 0
    with pytest.raises(ValueError, match="min_score"):
        OnePersonDecoder(person_keypoints, min_score=2)


@pytest.mark.parametrize("reader", sorted(READERS))
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_numbers_ever_raise_or_leave_the_rules(reader, data):
    numbers = st.floats(width=32) | st.floats(-1, 2, width=32)
    maps = {
        name: data.draw(hnp.arrays(np.float32, shape, elements=numbers, fill=numbers))
        for name, shape in READERS[reader][1].items()
    }
    poses = decoded(reader, maps)
    assert len(poses) <= 1
    assert np.isfinite(poses.boxes).all()
    assert ((poses.scores > 0) & (poses.scores <= 1)).all()
    assert (np.isnan(poses.keypoints).any(axis=2) == (poses.keypoint_scores == 0)).all()
