"""Pixels through FFmpeg's scaler: sizes, formats, matrices, ranges, crops."""

import threading

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from posestream.images import HostImage, plane_arrays

SIZES = [(2, 2), (1, 1), (3, 5), (17, 9), (64, 48), (641, 359)]
FORMATS = [
    "yuv420p",
    "yuvj420p",
    "yuv422p",
    "yuv444p",
    "yuv420p10le",
    "yuv422p10le",
    "nv12",
    "p010le",
    "gray",
    "gray10le",
    "rgb24",
    "bgr24",
    "rgba",
    "yuva420p",
    "yuyv422",
    "rgb0",
    "pal8",
]
# Kr and Kb of the two matrices, from the ITU recommendations.
MATRICES = {Colorspace.ITU601: (0.299, 0.114), Colorspace.ITU709: (0.2126, 0.0722)}


def gradient(width, height):
    """Red grows to the right, green downwards: any shift or flip shows."""
    y, x = np.mgrid[:height, :width]
    red, green = x * 200 // max(width, 2) + 20, y * 200 // max(height, 2) + 20
    return np.stack([red, green, np.full_like(red, 90)], 2).astype(np.uint8)


def in_format(pixels, name):
    if name == "pal8":
        return palette_picture(pixels)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    return HostImage(frame.reformat(format=name, threads=1))  # slices race in swscale


def palette_picture(pixels):
    """Keep 4 bits of red and of green; the scaler reads palettes and writes none."""
    index = (pixels[..., 0] >> 4 << 4) | pixels[..., 1] >> 4
    numbers = np.arange(256, dtype=np.uint8)
    red, green = numbers >> 4 << 4 | 8, numbers << 4 | 8
    palette = np.stack([np.full(256, 255, np.uint8), red, green, np.full(256, 90, np.uint8)], 1)
    return HostImage(av.VideoFrame.from_ndarray((index, palette), format="pal8"))


def flat_yuv(y, u, v, *, size=(64, 64), matrix=None, full_range=False):
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, value in zip(plane_arrays(frame), (y, u, v), strict=True):
        plane[:] = value
    if matrix is not None:
        frame.colorspace = matrix
    if full_range:
        frame.color_range = ColorRange.JPEG
    return HostImage(frame)


def expected_rgb(y, u, v, matrix, *, full_range):
    """Convert by the textbook."""
    kr, kb = MATRICES[matrix]
    luma = y / 255 if full_range else (y - 16) / 219
    cb, cr = ((c - 128) / (255 if full_range else 224) for c in (u, v))
    red = luma + 2 * (1 - kr) * cr
    blue = luma + 2 * (1 - kb) * cb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.array([red, green, blue]) * 255, 0, 255)


@pytest.mark.parametrize("size", SIZES)
def test_rgb_pixels_come_back_as_they_went_in(size):
    pixels = gradient(*size)
    image = HostImage.from_rgb(pixels)
    assert image.size == size
    np.testing.assert_array_equal(image.rgb(), pixels)


def test_pixels_are_copied_so_the_callers_array_stays_his():
    pixels = gradient(16, 16)
    image = HostImage.from_rgb(pixels)
    pixels[:] = 0
    assert image.rgb().any()


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))]
)
def test_arrays_that_are_no_rgb_picture_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be \(H, W, 3\) uint8"):
        HostImage.from_rgb(wrong)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [(64, 48), (67, 45)])
def test_every_pixel_format_is_resized_to_rgb(name, size):
    rgb = in_format(gradient(*size), name).resized_rgb(32, 24)
    assert rgb.shape == (24, 32, 3)
    if not name.startswith("gray"):
        across, down = rgb[..., 0].mean(0).astype(int), rgb[..., 1].mean(1).astype(int)
        assert across[-1] - across[0] > 150
        assert down[-1] - down[0] > 150


def test_gray_becomes_equal_channels():
    rgb = in_format(gradient(64, 48), "gray").resized_rgb(32, 24).astype(int)
    assert np.abs(rgb - rgb[..., :1]).max() <= 1


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("yuv", [(81, 90, 240), (145, 54, 34), (180, 110, 140), (41, 200, 110)])
def test_colours_follow_matrix_and_range_of_the_tags(matrix, full_range, yuv):
    image = flat_yuv(*yuv, matrix=matrix, full_range=full_range)
    expected = expected_rgb(*yuv, matrix, full_range=full_range)
    for rgb in (image.resized_rgb(32, 32), image.crop_rgb((8, 8, 40, 40), 32, 32)):
        np.testing.assert_allclose(rgb[16, 16], expected, atol=3)


@pytest.mark.parametrize(
    ("size", "matrix"), [((640, 480), Colorspace.ITU601), ((1280, 720), Colorspace.ITU709)]
)
def test_untagged_video_is_taken_as_players_take_it(size, matrix):
    image = flat_yuv(145, 54, 34, size=size)
    expected = expected_rgb(145, 54, 34, matrix, full_range=False)
    np.testing.assert_allclose(image.resized_rgb(64, 64)[32, 32], expected, atol=3)
    np.testing.assert_allclose(image.crop_rgb((0, 0, 50, 50), 50, 50)[25, 25], expected, atol=3)


@pytest.mark.parametrize("name", ["nv12", "yuyv422", "p010le"])
def test_untagged_formats_of_hardware_are_taken_alike(name):
    tagged = flat_yuv(145, 54, 34, size=(1280, 720), matrix=Colorspace.ITU709)
    frame = tagged.frame.reformat(format=name, threads=1)
    frame.colorspace = 2
    image = HostImage(frame)
    expected = expected_rgb(145, 54, 34, Colorspace.ITU709, full_range=False)
    for rgb in (image.resized_rgb(64, 64), image.yuv420p_copy().resized_rgb(64, 64)):
        np.testing.assert_allclose(rgb[32, 32], expected, atol=3)


def test_full_range_10_bit_keeps_white_white():
    frame = av.VideoFrame(16, 16, "yuv420p10le")
    for plane, value in zip(frame.planes, (1023, 512, 512), strict=True):
        np.frombuffer(memoryview(plane), np.uint16)[:] = value
    frame.color_range = ColorRange.JPEG
    assert HostImage(frame).rgb().min() >= 253


def test_downscaling_averages_instead_of_skipping_pixels():
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    small = HostImage.from_rgb(stripes).resized_rgb(32, 32)
    assert np.abs(small[:, 1:-1].astype(int) - 128).max() < 12


# Crops


@pytest.mark.parametrize("name", FORMATS)
def test_a_crop_is_that_part_of_the_whole(name):
    image = in_format(gradient(64, 48), name)
    whole = image.rgb().astype(int)
    crop = image.crop_rgb((10, 6, 42, 30), 32, 24)
    np.testing.assert_allclose(crop, whole[6:30, 10:42], atol=4)


@pytest.mark.parametrize("region", [(3, 5, 40, 33), (0, 0, 67, 45), (61, 40, 67, 45), (5, 7, 6, 8)])
@pytest.mark.parametrize("name", ["yuv420p", "nv12", "yuv422p10le", "yuv411p", "rgb24"])
def test_odd_sizes_and_edges_are_cropped(region, name):
    image = in_format(gradient(67, 45), name)
    left, top, right, bottom = region
    crop = image.crop_rgb(region, right - left, bottom - top)
    part = image.rgb()[top:bottom, left:right].astype(int)
    np.testing.assert_allclose(crop, part, atol=20)
    assert np.abs(crop - part).mean() < 8


def test_a_crop_is_scaled_to_the_size_asked_for():
    image = HostImage.from_rgb(gradient(64, 48))
    crop = image.crop_rgb((16, 12, 48, 36), 64, 48)
    assert crop.shape == (48, 64, 3)
    np.testing.assert_allclose(crop[24, 32], gradient(64, 48)[24, 32], atol=4)


def test_outside_the_frame_a_crop_is_black():
    image = HostImage.from_rgb(np.full((40, 60, 3), 200, np.uint8))
    crop = image.crop_rgb((-20, -10, 100, 50), 120, 60)
    inside = np.zeros((60, 120), bool)
    inside[10:50, 20:80] = True
    np.testing.assert_array_equal(crop[inside], 200)
    np.testing.assert_array_equal(crop[~inside], 0)


@pytest.mark.parametrize("region", [(100, 0, 120, 20), (-30, 0, -5, 20), (0, 40, 10, 60)])
def test_a_crop_beside_the_frame_is_all_black(region):
    image = HostImage.from_rgb(np.full((40, 60, 3), 200, np.uint8))
    assert not image.crop_rgb(region, 16, 16).any()


def test_a_sliver_of_the_frame_too_thin_for_a_pixel_is_black():
    image = HostImage.from_rgb(np.full((40, 60, 3), 200, np.uint8))
    assert not image.crop_rgb((59, 0, 1059, 40), 10, 10).any()


@pytest.mark.parametrize("region", [(5, 5, 5, 9), (5, 5, 9, 4)])
def test_an_empty_region_is_refused(region):
    image = HostImage.from_rgb(gradient(16, 16))
    with pytest.raises(ValueError, match="is empty"):
        image.crop_rgb(region, 8, 8)


def test_crops_leave_the_frame_as_it_was():
    image = in_format(gradient(64, 48), "yuv420p")
    before = [plane.copy() for plane in plane_arrays(image.frame)]
    image.crop_rgb((3, 3, 33, 33), 64, 64)
    for plane, kept in zip(plane_arrays(image.frame), before, strict=True):
        np.testing.assert_array_equal(plane, kept)


# Copies


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "rgb24", "gray"])
def test_drawing_on_a_copy_leaves_the_frame_as_it_was(name):
    image = in_format(gradient(64, 48), name)
    before = image.rgb()
    copy = image.yuv420p_copy()
    assert copy.frame.format.name == "yuv420p"
    for plane in plane_arrays(copy.frame):
        plane[:] = 0
    np.testing.assert_array_equal(image.rgb(), before)


def test_a_copy_keeps_colour_tags_and_time():
    image = flat_yuv(100, 90, 200, matrix=Colorspace.ITU709, full_range=True)
    image.frame.pts = 77
    copy = image.yuv420p_copy().frame
    assert (copy.colorspace, copy.color_range) == (Colorspace.ITU709, ColorRange.JPEG)
    assert copy.pts == 77


def test_threads_scale_the_same_picture_at_once():
    image = in_format(gradient(320, 240), "yuv420p")
    expected = {n: image.resized_rgb(32 + n, 24) for n in range(12)}
    crops = {n: image.crop_rgb((n, n, 100 + n, 90), 40, 40) for n in range(12)}
    wrong = []

    def work():
        for n in list(range(12)) * 3:
            if not np.array_equal(image.resized_rgb(32 + n, 24), expected[n]):
                wrong.append(n)
            if not np.array_equal(image.crop_rgb((n, n, 100 + n, 90), 40, 40), crops[n]):
                wrong.append(n)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("luma", [16, 40, 126, 200, 235])
def test_grey_is_as_bright_as_the_standard_says(luma: int):
    frame = av.VideoFrame(64, 48, "yuv420p")
    for plane, value in zip(plane_arrays(frame), (luma, 128, 128), strict=True):
        plane[:] = value
    frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
    image, exact = HostImage(frame), (luma - 16) * 255 / 219
    for pixels in (image.rgb(), image.resized_rgb(30, 20), image.crop_rgb((8, 8, 40, 40), 20, 20)):
        assert np.abs(pixels - exact).max() <= 1
