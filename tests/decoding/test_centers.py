"""The center decoder on maps whose people are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.centers_reference import decode_centers
from posestream.geometry import Letterbox
from posestream.topology import COCO_17, Topology
from posestream.types import Fields

CELLS = (32, 40)
NAMES = (
    "center_heatmap",
    "box_size",
    "keypoint_heatmap",
    "keypoint_regression",
    "keypoint_offset",
)
TINY = Topology("tiny", ("nose", "left_hip", "tail"), ((0, 1),))


def same_size(cells=CELLS, stride=4):
    size = (cells[1] * stride, cells[0] * stride)
    return Letterbox(size, size, size)


def empty_maps(topology=COCO_17, cells=CELLS):
    count = len(topology.keypoints)
    channels = (1, 2, count, 2 * count, 2 * count)
    return {
        name: np.zeros((c, *cells), np.float32) for name, c in zip(NAMES, channels, strict=True)
    }


def paint_person(maps, points, *, center_score=0.9, score=0.8, error=(0.0, 0.0), side=None):
    """Draw what a network would say about somebody; points are (K, 2) in cells."""
    points = np.asarray(points, float)
    middle = points.mean(0)
    y, x = int(middle[1]), int(middle[0])
    maps["center_heatmap"][0, y, x] = center_score
    width, height = np.ptp(points, axis=0)
    maps["box_size"][:, y, x] = (side, side) if side else (height, width)
    for k, (px, py) in enumerate(points):
        maps["keypoint_regression"][2 * k : 2 * k + 2, y, x] = (
            py - y + error[1],
            px - x + error[0],
        )
        cell = (int(py), int(px))
        if 0 <= cell[0] < CELLS[0] and 0 <= cell[1] < CELLS[1]:
            maps["keypoint_heatmap"][k][cell] = score
            maps["keypoint_offset"][2 * k][cell] = py - cell[0]
            maps["keypoint_offset"][2 * k + 1][cell] = px - cell[1]
    return points


def a_pose(left, top, size=16.0):
    """Seventeen points that do not coincide."""
    steps = np.arange(17)
    return np.stack([left + size / 2 * (steps % 4) / 3, top + size * steps / 16.5], 1) + 0.3


def fields(*frames, letterbox=None):
    letterboxes = tuple(letterbox or same_size() for _ in frames)
    return Fields({n: np.stack([maps[n] for maps in frames]) for n in NAMES}, letterboxes)


def decode(*frames, topology=COCO_17, letterbox=None, **options):
    return CenterDecoder(topology, **options).decode(fields(*frames, letterbox=letterbox))


def test_nobody_is_in_empty_maps():
    [poses] = decode(empty_maps())
    assert len(poses) == 0
    assert poses.keypoints.shape == (0, 17, 2)


def test_a_person_stands_where_the_maps_say():
    maps = empty_maps()
    points = paint_person(maps, a_pose(8, 6), error=(1.2, -0.8))
    [poses] = decode(maps)
    assert len(poses) == 1
    np.testing.assert_allclose(poses.keypoints[0], points * 4, atol=1e-3)
    np.testing.assert_allclose(poses.keypoint_scores[0], 0.8)


def test_keypoints_come_in_frame_pixels():
    maps = empty_maps()
    points = paint_person(maps, a_pose(8, 6))
    letterbox = Letterbox((320, 512), (80, 128), (160, 128))
    [poses] = decode(maps, letterbox=letterbox)
    np.testing.assert_allclose(poses.keypoints[0], points * 4 * 4, rtol=1e-5)


def test_the_box_is_the_networks_around_the_center():
    maps = empty_maps()
    maps["center_heatmap"][0, 10, 20] = 0.9
    maps["box_size"][:, 10, 20] = (12, 6)
    [poses] = decode(maps)
    np.testing.assert_allclose(poses.boxes[0], [17.5 * 4, 4.5 * 4, 23.5 * 4, 16.5 * 4])


def test_a_keypoint_hardly_seen_is_where_it_was_regressed():
    maps = empty_maps()
    points = paint_person(maps, a_pose(8, 6), score=0.01)
    [poses] = decode(maps, keypoint_threshold=0.03)
    np.testing.assert_allclose(poses.keypoints[0], points * 4, atol=1e-3)
    np.testing.assert_allclose(poses.keypoint_scores[0], 0.01)


def test_a_keypoint_outside_the_frame_keeps_its_place():
    maps = empty_maps()
    points = a_pose(8, 6)
    points[16] = (20, 45)
    paint_person(maps, points)
    [poses] = decode(maps)
    np.testing.assert_allclose(poses.keypoints[0, 16], (80, 180), atol=1e-3)
    assert poses.keypoint_scores[0, 16] == 0


def test_of_two_peaks_the_one_near_the_regressed_point_is_taken():
    maps = empty_maps()
    points = paint_person(maps, a_pose(8, 6))
    maps["keypoint_heatmap"][10, 25, 35] = 1.0
    [poses] = decode(maps)
    np.testing.assert_allclose(poses.keypoints[0, 10], points[10] * 4, atol=1e-3)


def test_a_far_seen_peak_does_not_belong_to_the_person():
    maps = empty_maps()
    paint_person(maps, a_pose(8, 6), score=0)
    maps["keypoint_heatmap"][0, 30, 38] = 1.0
    [poses] = decode(maps)
    assert poses.keypoint_scores[0, 0] == 0


def test_somebody_found_twice_comes_once_as_the_better_find():
    maps = empty_maps()
    paint_person(maps, a_pose(8, 6), center_score=0.9)
    [once] = decode(maps)
    y, x = np.argwhere(maps["center_heatmap"][0] > 0)[0]
    for name in ("box_size", "keypoint_regression"):
        maps[name][:, y, x + 2] = maps[name][:, y, x]
    maps["keypoint_regression"][1::2, y, x + 2] -= 2
    maps["center_heatmap"][0, y, x + 2] = 0.3
    [poses] = decode(maps)
    np.testing.assert_array_equal(poses.keypoints, once.keypoints)
    np.testing.assert_array_equal(poses.scores, once.scores)


def test_two_people_side_by_side_stay_two():
    maps = empty_maps()
    first = paint_person(maps, a_pose(4, 6))
    second = paint_person(maps, a_pose(22, 7), score=0.6)
    [poses] = decode(maps)
    np.testing.assert_allclose(poses.keypoints, np.stack([first, second]) * 4, atol=1e-3)
    assert poses.scores[0] > poses.scores[1]


def test_there_is_no_limit_of_six_people():
    maps = empty_maps()
    for row in range(3):
        for column in range(6):
            paint_person(maps, a_pose(1 + 6 * column, 0.5 + 10 * row, size=7))
    assert len(decode(maps)[0]) == 18
    assert len(decode(maps, max_people=5)[0]) == 5


def test_a_center_on_a_plateau_counts_once():
    maps = empty_maps()
    maps["center_heatmap"][0, 10:12, 10:12] = 0.7
    maps["keypoint_regression"][::2, 10, 10] = np.arange(17)
    assert len(decode(maps, suppression=1.0)[0]) == 1


def test_scores_grow_with_the_center_and_with_the_keypoints():
    def score(**strength):
        maps = empty_maps()
        paint_person(maps, a_pose(8, 6), **strength)
        return decode(maps)[0].scores[0]

    assert score(score=0.9) > score(score=0.5)
    assert score(center_score=0.9) > score(center_score=0.5)
    assert score(score=1.0, center_score=1.0) <= 1


def test_a_batch_gives_what_its_frames_give_alone():
    first, second = empty_maps(), empty_maps()
    paint_person(first, a_pose(8, 6))
    paint_person(second, a_pose(20, 9))
    together = decode(first, empty_maps(), second)
    alone = decode(first) + decode(empty_maps()) + decode(second)
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)
        np.testing.assert_array_equal(a.scores, b.scores)


def test_any_topology_works():
    maps = empty_maps(TINY)
    points = paint_person(maps, [(8, 6), (14, 20), (20, 9)])
    [poses] = decode(maps, topology=TINY)
    np.testing.assert_allclose(poses.keypoints[0], points * 4, atol=1e-3)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf, 3e38, -3e38])
@pytest.mark.parametrize("name", NAMES)
def test_numbers_that_are_none_count_as_nothing(name, poison):
    maps = empty_maps()
    paint_person(maps, a_pose(8, 6))
    maps[name][...] = poison
    [poses] = decode(maps)
    for array in (poses.keypoints, poses.keypoint_scores, poses.scores, poses.boxes):
        assert np.isfinite(array).all()
    assert ((poses.scores >= 0) & (poses.scores <= 1)).all()
    assert ((poses.keypoint_scores >= 0) & (poses.keypoint_scores <= 1)).all()


def test_one_poisoned_cell_leaves_the_others_as_they_are():
    maps = empty_maps()
    points = paint_person(maps, a_pose(8, 6))
    maps["keypoint_heatmap"][:, 0, 0] = np.nan
    maps["center_heatmap"][0, 0, 0] = np.inf
    [poses] = decode(maps)
    np.testing.assert_allclose(poses.keypoints[0], points * 4, atol=1e-3)


def test_a_missing_map_is_named():
    maps = fields(empty_maps()).maps
    short = {name: array for name, array in maps.items() if name != "box_size"}
    with pytest.raises(ValueError, match="fields lack box_size; they have center_heatmap"):
        CenterDecoder(COCO_17).decode(Fields(short, (same_size(),)))


def test_a_map_of_another_shape_is_named():
    with pytest.raises(ValueError, match=r"keypoint_heatmap is \(1, 3, 32, 40\); wanted \(B, 17"):
        decode(empty_maps(TINY))


@pytest.mark.parametrize(
    "wrong", [{"center_threshold": 2}, {"suppression": -1}, {"stride": 0}, {"max_people": 0}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        CenterDecoder(COCO_17, **wrong)


@st.composite
def random_maps(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cells = (draw(st.integers(1, 14)), draw(st.integers(1, 14)))
    maps = empty_maps(TINY, cells)
    sharpness = draw(st.sampled_from([1, 4]))
    for name in ("center_heatmap", "keypoint_heatmap"):
        maps[name][:] = random.random(maps[name].shape) ** sharpness
    maps["box_size"][:] = random.normal(6, 4, maps["box_size"].shape)
    maps["keypoint_regression"][:] = random.normal(0, 4, maps["keypoint_regression"].shape)
    maps["keypoint_offset"][:] = random.random(maps["keypoint_offset"].shape)
    if draw(st.booleans()):
        for array in maps.values():
            array[random.random(array.shape) < 0.1] = draw(st.sampled_from([np.nan, np.inf, -1e30]))
    return maps


@settings(max_examples=60, deadline=None)
@given(random_maps())
def test_the_compiled_decoder_equals_the_readable_one(maps):
    decoder = CenterDecoder(TINY)
    [poses] = decoder.decode(fields(maps))
    expected = decode_centers(
        **maps,
        reaches=np.array([0.08, 0.13, 0.13], np.float32),
        sigmas=np.full(3, 0.07, np.float32),
    )
    np.testing.assert_allclose(poses.scores, [p.score for p in expected], atol=1e-5)
    for p, person in enumerate(expected):
        np.testing.assert_allclose(poses.keypoint_scores[p], person.heights, atol=1e-6)
        np.testing.assert_allclose(poses.keypoints[p], person.points * 4, atol=1e-2)
