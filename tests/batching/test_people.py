"""Crops around people know where every pixel came from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posestream.batching.crops import cropped
from posestream.batching.people import plan_crop
from posestream.images import HostImage

INPUT = (192, 256)


def planned(box, size=(640, 480), *, padding=1.25, input_size=INPUT):
    return plan_crop(np.float32(box), 0, size, input_size=input_size, padding=padding)


def dot(size, at):
    """Paint a soft white dot on black; its centre of mass is ``at``."""
    x, y = np.arange(size[0]) + 0.5, np.arange(size[1])[:, None] + 0.5
    light = 255 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 4.0**2))
    return HostImage.from_rgb(np.repeat(light[..., None], 3, axis=2).astype(np.uint8))


def centre_of_mass(pixels):
    light = pixels[..., 1].astype(np.float64)
    light[light < 8] = 0
    x, y = np.arange(light.shape[1]) + 0.5, np.arange(light.shape[0])[:, None] + 0.5
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


def test_a_tall_box_is_widened_and_a_wide_one_heightened():
    tall = planned((300, 100, 340, 300), padding=1.0)
    assert tall.region == (244, 100, 395, 300)
    wide = planned((200, 200, 350, 240), padding=1.0)
    assert wide.region == (200, 120, 350, 320)


def test_padding_enlarges_around_the_middle():
    crop = planned((300, 160, 340, 320))
    left, top, right, bottom = crop.region
    assert (left + right) / 2 == pytest.approx(320, abs=1)
    assert bottom - top == pytest.approx(200, abs=2)
    assert right - left == pytest.approx(150, abs=2)


def test_what_lies_outside_the_picture_is_padding():
    image = HostImage.from_rgb(np.full((480, 640, 3), 200, np.uint8))
    crop = planned((-40, 100, 60, 300))
    [(_, batch)] = cropped([image], [crop], pad_value=7, batch_size=1)
    left = crop.letterbox.offset[0]
    assert left > 20
    assert (batch.pixels[0, :, :left] == 7).all()
    assert (batch.pixels[0, :, left:] > 190).all()


@settings(max_examples=60, deadline=None)
@given(
    st.floats(40, 560),
    st.floats(40, 420),
    st.floats(60, 700),
    st.floats(60, 600),
    st.floats(-30, 30),
    st.floats(-30, 30),
)
def test_a_painted_point_comes_back_within_half_a_pixel(x, y, width, height, dx, dy):
    box = (x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2)
    crop = planned(box)
    [(_, batch)] = cropped([dot((640, 480), (x, y))], [crop], pad_value=0, batch_size=1)
    seen = np.float32(centre_of_mass(batch.pixels[0]))
    back = batch.letterboxes[0].frame_from_input(seen) + crop.corner
    np.testing.assert_allclose(back, (x, y), atol=0.5)


@pytest.mark.parametrize(
    "box",
    [
        (5, 5, 5, 50),
        (50, 5, 5, 50),
        (np.nan, 0, 10, 10),
        (-np.inf, 0, np.inf, 10),
        (700, 10, 900, 50),
        (0, 0, 1e30, 1e30),
        (1e30, 0, 1e30, 10),
    ],
)
def test_a_box_of_nobody_gives_no_crop(box):
    assert planned(box) is None


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(*[st.floats(width=32)] * 4) | st.tuples(*[st.floats(-900, 900, width=32)] * 4),
    st.tuples(st.integers(1, 700), st.integers(1, 700)),
)
def test_every_crop_lies_inside_its_picture_and_its_input(box, size):
    crop = planned(box, size)
    if crop is None:
        return
    left, top, right, bottom = crop.region
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    (columns, rows), (x, y) = crop.letterbox.content_size, crop.letterbox.offset
    assert 0 <= x < x + columns <= INPUT[0]
    assert 0 <= y < y + rows <= INPUT[1]


def test_crops_of_several_pictures_share_batches_in_order():
    images = [HostImage.from_rgb(np.full((99, 99, 3), value, np.uint8)) for value in (50, 150)]
    crops = [
        plan_crop(np.float32((20, 20, 60, 60)), place, (99, 99), input_size=(32, 32), padding=1)
        for place in (1, 0, 1)
    ]
    parts = list(cropped(images, crops, pad_value=0, batch_size=2))
    assert [len(part) for part, _ in parts] == [2, 1]
    middles = [int(picture[16, 16, 0]) for _, batch in parts for picture in batch.pixels]
    assert middles == [150, 50, 150]
    assert list(cropped(images, [], pad_value=0, batch_size=2)) == []
