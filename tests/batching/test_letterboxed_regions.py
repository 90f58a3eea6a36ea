import numpy as np

from posestream.batching.letterboxed_regions import letterboxed_regions
from posestream.batching.regions import Region
from posestream.geometry import InputRule
from posestream.images import HostImage

PIXELS = np.zeros((40, 80, 3), np.uint8)
PIXELS[10:30, 20:60] = (200, 100, 50)
IMAGE = HostImage.from_rgb(PIXELS)
INSIDE = Region(0, 20, 10, 60, 30)


def test_a_region_keeps_its_proportions_in_its_input():
    rule = InputRule(fixed_size=(16, 16), centered=True, pad_value=9)
    [(places, batch)] = letterboxed_regions([IMAGE], [INSIDE], rule, batch_size=4)
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
    found = list(letterboxed_regions([IMAGE, IMAGE], [wide, tall, wide], rule, batch_size=8))
    shapes = [(places, batch.pixels.shape) for places, batch in found]
    assert shapes == [([0, 2], (2, 16, 32, 3)), ([1], (1, 32, 16, 3))]


def test_batches_are_no_larger_than_allowed():
    rule = InputRule(fixed_size=(8, 8))
    found = letterboxed_regions([IMAGE], [INSIDE] * 5, rule, batch_size=2)
    assert [places for places, _ in found] == [[0, 1], [2, 3], [4]]


def test_no_regions_make_no_batches():
    assert list(letterboxed_regions([IMAGE], [], InputRule(fixed_size=(8, 8)), batch_size=2)) == []
