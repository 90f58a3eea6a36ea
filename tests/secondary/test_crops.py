import numpy as np
import pytest

from posestream.images import HostImage
from posestream.secondary.crops import CropRule
from posestream.types import Poses


def people(*boxes) -> Poses:
    count = len(boxes)
    return Poses(
        np.zeros((count, 1, 2), np.float32),
        np.ones((count, 1), np.float32),
        np.ones(count, np.float32),
        np.array(boxes, np.float32).reshape(-1, 4),
    )


def crops(rule: CropRule, *groups: Poses, size=(200, 100)):
    image = HostImage.from_rgb(np.zeros((size[1], size[0], 3), np.uint8))
    regions, rows = rule.regions([image] * len(groups), groups)
    return [(r.image, r.left, r.top, r.right, r.bottom) for r in regions], rows


def test_padding_is_a_share_of_each_side():
    found, _ = crops(CropRule(padding=0.1), people((50, 20, 90, 80)))
    assert found == [(0, 46, 14, 94, 86)]


def test_a_crop_ends_at_the_edge_of_the_frame():
    found, _ = crops(CropRule(padding=0.5), people((-30, 10, 40, 200)))
    assert found == [(0, 0, 0, 60, 100)]


def test_people_who_are_too_small_are_left_out_and_rows_stay_right():
    rule = CropRule(padding=0, min_size=20)
    found, rows = crops(rule, people((0, 0, 19.9, 90), (50, 0, 70, 20), (150, 0, 300, 20)))
    assert rows == [1, 2]
    assert found == [(0, 50, 0, 70, 20), (0, 150, 0, 200, 20)]


def test_only_the_visible_part_counts():
    assert crops(CropRule(min_size=20), people((-100, 0, 15, 90)))[1] == []


def test_people_of_all_pictures_are_cut_out_together():
    found, rows = crops(
        CropRule(padding=0), people((0, 0, 40, 40)), people(), people((9, 9, 60, 60))
    )
    assert [one[0] for one in found] == [0, 2]
    assert rows == [0, 0]


@pytest.mark.parametrize("box", [(np.nan,) * 4, (-np.inf, 0, np.inf, 50), (500, 0, 600, 50)])
def test_a_box_that_is_none_or_elsewhere_is_left_out(box):
    assert crops(CropRule(), people(box))[1] == []
