from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posestream.errors import ConfigError
from posestream.overlay.layout import Tile, grid_of, layout


def grid(tiles: tuple[Tile, ...]) -> tuple[int, int]:
    return len({tile.left for tile in tiles}), len({tile.top for tile in tiles})


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        *[(1, (1, 1)), (2, (2, 1)), (3, (2, 2)), (4, (2, 2)), (5, (3, 2)), (6, (3, 2))],
        *[(7, (3, 3)), (9, (3, 3)), (10, (4, 3)), (16, (4, 4)), (17, (5, 4)), (64, (8, 8))],
    ],
)
def test_the_number_of_streams_decides_columns_and_rows(count, expected):
    assert grid(layout(count)) == expected


def test_streams_stand_above_one_another_in_an_upright_picture():
    assert grid(layout(3, size=(1080, 1920))) == (1, 3)


def test_the_only_tile_fills_the_picture():
    assert layout(1) == (Tile(0, 0, 1920, 1080),)


def test_tiles_stand_in_the_middle_row_by_row():
    tiles = layout(5)
    assert tiles[0] == Tile(0, 180, 640, 360)
    assert tiles[1] == Tile(640, 180, 640, 360)
    assert tiles[3] == Tile(0, 540, 640, 360)


def test_a_given_shape_holds_free_places():
    assert len(layout(2, shape="3x2")) == 6
    assert grid(layout(2, shape=" 4X1 ")) == (4, 1)


def test_tiles_take_another_aspect():
    assert layout(6, aspect=Fraction(4, 3))[0] == Tile(0, 60, 640, 480)


@given(
    st.integers(1, 64),
    st.tuples(st.integers(700, 4000), st.integers(700, 4000)),
    st.fractions(min_value=Fraction(1, 2), max_value=2, max_denominator=20),
)
def test_tiles_are_even_equal_inside_and_apart(count, size, aspect):
    tiles = layout(count, size=size, aspect=aspect)
    assert len(tiles) >= count
    assert len({(tile.width, tile.height) for tile in tiles}) == 1
    cover = np.zeros((size[1], size[0]), np.uint8)
    for tile in tiles:
        assert not {tile.left % 2, tile.top % 2, tile.width % 2, tile.height % 2} & {1}
        assert min(tile.left, tile.top) >= 0
        assert tile.left + tile.width <= size[0]
        assert tile.top + tile.height <= size[1]
        cover[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] += 1
    assert cover.max() == 1
    assert tiles[0].width / tiles[0].height == pytest.approx(float(aspect), rel=0.1)


def test_a_shape_with_too_few_places_is_refused_with_the_numbers():
    with pytest.raises(ConfigError, match="2x2 has 4 places, and there are 5 streams"):
        layout(5, shape="2x2")


@pytest.mark.parametrize("shape", ["", "3", "3x", "0x2", "3x2x1", "-1x2", "axb", "3 2"])
def test_what_is_no_shape_is_refused(shape):
    with pytest.raises(ConfigError, match="is not columns and rows, such as 3x2"):
        grid_of(shape)


def test_tiles_that_show_nothing_are_refused_with_the_numbers():
    with pytest.raises(ConfigError, match="20x20 tiles in 320 x 240 pixels have 16 x 8 each"):
        layout(1, shape="20x20", size=(320, 240))


def test_no_streams_are_refused():
    with pytest.raises(ConfigError, match="at least 1 stream, not 0"):
        layout(0)
