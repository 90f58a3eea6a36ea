"""Colours must come out of a player as they were meant, whatever a frame's matrix and range."""

from itertools import pairwise

import av
import numpy as np
import pytest

from posestream.images import HostImage
from posestream.overlay.canvas import Canvas
from posestream.overlay.colours import (
    IDENTITIES,
    LEFT,
    MIDDLE,
    RIGHT,
    identity_colour,
    readable_on,
    yuv_from_rgb,
)

BT709, BT470BG, SMPTE170M, UNTAGGED = 1, 5, 6, 2
LIMITED, FULL, UNSPECIFIED = 1, 2, 0


def filled(colour, *, size, colorspace, color_range) -> HostImage:
    """A frame with one colour, written as `yuv_from_rgb` says."""
    frame = av.VideoFrame(*size, "yuv420p")
    frame.colorspace, frame.color_range = colorspace, color_range
    for line, value in zip(
        Canvas(HostImage(frame)).lines, yuv_from_rgb(colour, frame), strict=True
    ):
        line[:] = value
    return HostImage(frame)


@pytest.mark.parametrize("size", [(64, 48), (64, 720)], ids=["SD", "HD"])
@pytest.mark.parametrize("colorspace", [BT709, BT470BG, SMPTE170M, UNTAGGED])
@pytest.mark.parametrize("color_range", [LIMITED, FULL, UNSPECIFIED])
def test_ffmpeg_shows_the_colour_that_was_asked_for(size, colorspace, color_range):
    for colour in (LEFT, RIGHT, MIDDLE, (255, 0, 0), (0, 0, 255), (12, 200, 90)):
        image = filled(colour, size=size, colorspace=colorspace, color_range=color_range)
        np.testing.assert_allclose(image.rgb()[20, 20], colour, atol=3)


@pytest.mark.parametrize("size", [(64, 48), (64, 720)], ids=["SD", "HD"])
@pytest.mark.parametrize("pixel_format", ["rgb24", "yuvj420p", "yuv422p", "nv12", "yuv420p10le"])
def test_a_copy_of_any_format_keeps_its_colours_and_takes_ours(size, pixel_format):
    grey_green = np.full((size[1], size[0], 3), (90, 140, 110), np.uint8)
    frame = HostImage.from_rgb(grey_green).yuv420p_copy().frame
    copy = HostImage(frame.reformat(format=pixel_format, threads=1)).yuv420p_copy()
    np.testing.assert_allclose(copy.rgb()[5, 5], (90, 140, 110), atol=4)
    canvas = Canvas(copy)
    for line, value in zip(canvas.lines, canvas.yuv(RIGHT), strict=True):
        line[:] = value
    np.testing.assert_allclose(copy.rgb()[5, 5], RIGHT, atol=4)


def test_neighbouring_tracks_never_share_a_colour():
    colours = [identity_colour(identity) for identity in range(25)]
    assert all(a != b for a, b in pairwise(colours))
    assert colours[0] == colours[len(IDENTITIES)]


def test_nobody_has_a_colour_without_an_identity():
    assert identity_colour(-1) is None


@pytest.mark.parametrize("colour", IDENTITIES)
def test_letters_stand_out_on_every_background(colour):
    def luminance(rgb):
        linear = [(c / 255 / 12.92 if c < 11 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in rgb]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    light, dark = sorted((luminance(colour), luminance(readable_on(colour))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 3
