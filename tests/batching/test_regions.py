"""Parts of frames into network inputs."""

import numpy as np
import pytest

from posestream.batching.crops import cropped
from posestream.batching.regions import Region
from posestream.images import HostImage
from posestream.types import Poses


def numbered_picture():
    """Red is the column, green the row."""
    y, x = np.mgrid[:100, :120]
    return HostImage.from_rgb(np.stack([x, y, np.zeros_like(x)], 2).astype(np.uint8))


def test_a_region_fills_its_input():
    crop = Region(0, 10, 20, 74, 84).filling((64, 64))
    [(_, batch)] = cropped([numbered_picture()], [crop], batch_size=1)
    assert batch.pixels[0, 0, 0].tolist() == [10, 20, 0]
    assert batch.pixels[0, 63, 63].tolist() == [73, 83, 0]


def test_points_of_the_input_come_back_to_the_frame():
    region = Region(0, -20, 10, 60, 50)
    [(_, batch)] = cropped([numbered_picture()], [region.filling((160, 80))], batch_size=1)
    corners = np.array([[0, 0], [160, 80]], np.float32)
    in_region = batch.letterboxes[0].frame_from_input(corners)
    poses = Poses(
        in_region[None], np.ones((1, 2), np.float32), np.ones(1, np.float32),
        in_region.reshape(1, 4),
    )  # fmt: skip
    moved = region.frame_from_region(poses)
    np.testing.assert_allclose(moved.keypoints[0], [[-20, 10], [60, 50]])
    np.testing.assert_allclose(moved.boxes[0], [-20, 10, 60, 50])


def test_regions_of_several_pictures_share_batches_in_order():
    images = [numbered_picture(), HostImage.from_rgb(np.full((50, 50, 3), 7, np.uint8))]
    regions = [Region(1, 0, 0, 32, 32), Region(0, 5, 5, 37, 37), Region(1, 0, 0, 16, 16)]
    crops = [region.filling((32, 32)) for region in regions]
    parts = list(cropped(images, crops, batch_size=2))
    assert [places for places, _ in parts] == [[0, 1], [2]]
    first = parts[0][1].pixels
    assert (first[0] == 7).all()
    assert first[1, 0, 0].tolist() == [5, 5, 0]


def test_no_regions_make_no_batches():
    assert list(cropped([], [], batch_size=2)) == []


def test_an_empty_region_is_refused():
    with pytest.raises(ValueError, match="is empty"):
        Region(0, 5, 5, 5, 10)
