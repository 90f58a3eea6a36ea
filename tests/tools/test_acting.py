import numpy as np
import pytest
from acting import LIE, SIT, STAND, act, between, figure_at, keypoints, poses_of, walk


def test_a_standing_figure_is_about_a_stature_tall_and_stands_on_the_ground():
    points = keypoints(STAND)
    assert points.shape == (17, 2)
    assert 0.9 < points[:, 1].max() < 1
    assert points[:, 1].min() == pytest.approx(0, abs=0.01)


def test_lying_is_low_and_sitting_between():
    heights = [keypoints(figure)[:5, 1].mean() for figure in (STAND, SIT, LIE)]
    assert heights[0] > heights[1] > heights[2]
    assert heights[2] < 0.1


def test_limbs_keep_their_lengths_while_walking():
    lengths = [
        np.hypot(*(keypoints(walk(t / 10))[11] - keypoints(walk(t / 10))[13])) for t in range(9)
    ]
    assert lengths == pytest.approx([lengths[0]] * 9)


def test_a_story_goes_from_posture_to_posture():
    story = [(1.0, STAND), (2.0, SIT)]
    assert figure_at(story, 0.0) == between(STAND, SIT, 0)
    assert figure_at(story, 1.5).hips == pytest.approx((STAND.hips + SIT.hips) / 2)
    assert figure_at(story, 9.0) == SIT


def test_playing_gives_every_picture_and_the_same_noise_every_time():
    one, two = (list(act([(0, STAND), (1, SIT)], fps=10, shake=2)) for _ in range(2))
    assert [round(time, 3) for time, _ in one] == [round(n / 10, 3) for n in range(11)]
    for (_, first), (_, second) in zip(one, two, strict=True):
        np.testing.assert_array_equal(first.keypoints, second.keypoints)


def test_people_are_placed_in_the_picture():
    poses = poses_of([STAND], stature=100, ground=200, left=50)
    assert poses.boxes[0, 3] == pytest.approx(200, abs=2)
    assert poses.boxes[0, 1] == pytest.approx(106, abs=5)
    assert len(poses_of([])) == 0
