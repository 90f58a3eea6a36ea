"""Surfaces and their colours."""

import gpu_stand_ins
import numpy as np
import pytest

from posestream.gpu.surfaces import Colour, Surface


def test_a_surface_is_given_back_once():
    back = []
    surface = gpu_stand_ins.surface(release=lambda: back.append(1))
    surface.release()
    surface.release()
    assert back == [1]


def test_a_forgotten_surface_is_given_back():
    back = []
    surface = gpu_stand_ins.surface(release=lambda: back.append(1))
    del surface
    assert back == [1]


@pytest.mark.parametrize(("luma", "pitch"), [(8, 64), (16, 65), (16, 48)])
def test_memory_that_kernels_cannot_read_is_refused(luma: int, pitch: int):
    with pytest.raises(ValueError, match="allowed: multiples of 16, pitch at least the width"):
        Surface(luma, 1 << 20, pitch=pitch, size=(64, 48), colour=Colour("bt601"))


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("full", [False, True])
def test_black_white_and_grey_have_no_colour(matrix, full: bool):
    black, factor, *_ = Colour(matrix, full).coefficients
    darkest, brightest = (0, 255) if full else (16, 235)
    assert (darkest - black) * factor == pytest.approx(0)
    assert (brightest - black) * factor == pytest.approx(255)


def test_pure_red_of_bt709_comes_back():
    # 0.2126 of the way from 16 to 235, Cb and Cr by the standard's equations.
    y, cb, cr = 16 + 219 * 0.2126, 128 - 224 * 0.2126 / 1.8556, 128 + 224 * 0.5
    black, factor, cr_red, cb_green, cr_green, cb_blue = Colour("bt709").coefficients
    light, cb, cr = (y - black) * factor, cb - 128, cr - 128
    rgb = [light + cr * cr_red, light + cb * cb_green + cr * cr_green, light + cb * cb_blue]
    assert np.round(rgb, 3).tolist() == pytest.approx([255, 0, 0], abs=0.01)


def test_untagged_video_is_taken_for_what_players_take_it_for():
    assert Colour.usual(480) == Colour("bt601")
    assert Colour.usual(1080) == Colour("bt709")
