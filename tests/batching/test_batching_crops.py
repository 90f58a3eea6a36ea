"""Whole frames, and parts of them, into network inputs."""

import numpy as np
import pytest

from posestream.batching.crops import Crop, cropped
from posestream.batching.regions import Region
from posestream.geometry import InputRule
from posestream.images import HostImage


def picture(width, height, value=200):
    return HostImage.from_rgb(np.full((height, width, 3), value, np.uint8))


def batches(images, **options):
    batch_size = options.pop("batch_size", 4)
    rule = InputRule(**({"long_side": 128, "multiple": 32} | options))
    crops = [Crop.whole(place, image.size, rule) for place, image in enumerate(images)]
    return list(cropped(images, crops, pad_value=rule.pad_value, batch_size=batch_size))


def test_a_frame_lies_in_the_top_left_corner_with_zeros_around():
    [(places, batch)] = batches([picture(200, 90)])
    assert places == [0]
    assert batch.pixels.shape == (1, 64, 128, 3)
    assert (batch.pixels[0, :58] == 200).all()
    assert not batch.pixels[0, 58:].any()
    assert batch.letterboxes[0].content_size == (128, 58)


def test_a_frame_that_nearly_fills_its_input_is_stretched_over_it():
    [(_, batch)] = batches([picture(200, 90)], max_stretch=0.15)
    assert batch.letterboxes[0].content_size == (128, 64)
    assert (batch.pixels == 200).all()
    points = np.array([[200, 90], [0, 0]], np.float32)
    inside = batch.letterboxes[0].input_from_frame(points)
    np.testing.assert_allclose(inside, [[128, 64], [0, 0]], rtol=1e-6)


def test_a_frame_is_never_stretched_too_far():
    [(_, batch)] = batches([picture(200, 70)], max_stretch=0.15)
    assert batch.letterboxes[0].content_size == (128, 45)


def test_small_pictures_are_scaled_up():
    [(_, batch)] = batches([picture(10, 10)])
    assert batch.letterboxes[0].content_size == (128, 128)


def test_pictures_that_need_one_input_size_share_a_batch():
    images = [picture(200, 90), picture(90, 200), picture(400, 180)]
    found = {tuple(places): batch.pixels.shape for places, batch in batches(images)}
    assert found == {(0, 2): (2, 64, 128, 3), (1,): (1, 128, 64, 3)}


def test_no_batch_is_larger_than_asked_for():
    assert [p for p, _ in batches([picture(64, 64)] * 5, batch_size=2)] == [[0, 1], [2, 3], [4]]


def test_no_pictures_make_no_batches():
    assert batches([]) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3000, 2), (33, 31)])
def test_tiny_and_extreme_pictures_fit(size):
    [(_, batch)] = batches([picture(*size)])
    height, width = batch.pixels.shape[1:3]
    assert height % 32 == width % 32 == 0
    assert max(height, width) == 128
    assert (batch.pixels[0, 0, 0] == 200).all()


def test_a_centered_frame_has_padding_of_the_right_value_all_around():
    rule = {"long_side": None, "multiple": 1, "fixed_size": (64, 64)}
    [(_, batch)] = batches([picture(200, 100)], **rule, centered=True, pad_value=114)
    assert batch.letterboxes[0].offset == (0, 16)
    assert (batch.pixels[0, 16:48] == 200).all()
    assert (batch.pixels[0, :16] == 114).all()
    assert (batch.pixels[0, 48:] == 114).all()


# Parts of frames

PIXELS = np.zeros((40, 80, 3), np.uint8)
PIXELS[10:30, 20:60] = (200, 100, 50)
IMAGE = HostImage.from_rgb(PIXELS)
INSIDE = Region(0, 20, 10, 60, 30)


def regions_in(images, regions, rule, *, batch_size):
    crops = [region.inside(rule) for region in regions]
    return list(cropped(images, crops, pad_value=rule.pad_value, batch_size=batch_size))


def test_a_region_keeps_its_proportions_in_its_input():
    rule = InputRule(fixed_size=(16, 16), centered=True, pad_value=9)
    [(places, batch)] = regions_in([IMAGE], [INSIDE], rule, batch_size=4)
    assert places == [0]
    picture = batch.pixels[0]
    assert (picture[:4] == 9).all()
    assert (picture[12:] == 9).all()
    np.testing.assert_allclose(picture[4:12], np.broadcast_to((200, 100, 50), (8, 16, 3)), atol=2)
    corners = np.array([[0, 4], [16, 12]], np.float32)
    points = batch.letterboxes[0].frame_from_input(corners)
    np.testing.assert_allclose(points, [[0, 0], [40, 20]])


def test_regions_of_any_picture_share_batches_of_one_size():
    wide, tall = INSIDE, Region(1, 20, 10, 30, 30)
    rule = InputRule(long_side=32, multiple=16)
    found = regions_in([IMAGE, IMAGE], [wide, tall, wide], rule, batch_size=8)
    shapes = [(places, batch.pixels.shape) for places, batch in found]
    assert shapes == [([0, 2], (2, 16, 32, 3)), ([1], (1, 32, 16, 3))]


def test_batches_are_no_larger_than_allowed():
    rule = InputRule(fixed_size=(8, 8))
    found = regions_in([IMAGE], [INSIDE] * 5, rule, batch_size=2)
    assert [places for places, _ in found] == [[0, 1], [2, 3], [4]]


def test_no_regions_make_no_batches():
    assert regions_in([IMAGE], [], InputRule(fixed_size=(8, 8)), batch_size=2) == []
