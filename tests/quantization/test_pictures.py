"""Pictures come at the sizes at which the profiles run a network."""

from dataclasses import replace

import numpy as np
import pytest

from posestream.errors import ConfigError
from posestream.estimation.profiles import PROFILES
from posestream.models.registry import find_model
from posestream.quantization.pictures import (
    MOST_PICTURES,
    network_pixels,
    read_pictures,
    usual_long_sides,
)


def test_a_center_network_is_fed_at_the_sizes_of_every_profile():
    sides = usual_long_sides(find_model("movenet-multipose"))
    for profile in PROFILES.values():
        assert profile.long_side in sides
        assert profile.looks.input_size[0] in sides


def test_another_network_is_fed_at_its_usual_size_and_a_smaller_one():
    assert usual_long_sides(find_model("movenet-paf")) == (384, 512)


def test_every_picture_comes_at_every_size_padded_to_the_multiple(card, photographs):
    pixels = network_pixels(card, read_pictures(photographs))
    assert [one.shape for one in pixels] == [
        (1, 36, 48, 3),
        (1, 48, 64, 3),
        (1, 48, 24, 3),
        (1, 64, 32, 3),
        (1, 48, 48, 3),
        (1, 64, 64, 3),
    ]
    assert all(one.dtype == np.uint8 and one.any() for one in pixels)


def test_a_network_of_one_size_gets_that_size(card, photographs):
    spec = replace(card.input, long_side=None, fixed_size=(24, 16))
    pixels = network_pixels(replace(card, input=spec), read_pictures(photographs))
    assert [one.shape for one in pixels] == [(1, 16, 24, 3)] * 3


def test_a_broken_picture_is_passed_over(photographs):
    (photographs / "3.jpg").write_bytes(b"broken")
    assert len(read_pictures(photographs)) == 3


def test_of_many_pictures_some_are_taken_from_everywhere(photographs):
    content = (photographs / "0.png").read_bytes()
    for number in range(3, 3 * MOST_PICTURES):
        (photographs / f"{number}.png").write_bytes(content)
    assert MOST_PICTURES // 2 < len(read_pictures(photographs)) <= MOST_PICTURES


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing': no such folder"):
        read_pictures(tmp_path / "nothing")


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"broken")
    with pytest.raises(ConfigError, match="none of 1 pictures can be read"):
        read_pictures(tmp_path)
