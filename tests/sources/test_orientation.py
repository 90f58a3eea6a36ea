from fractions import Fraction

import av
import numpy as np
import pytest

from posestream.images import HostImage
from posestream.sources.orientation import Turner, matrix_orientation

UPRIGHT_OF = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}
"""What Exif's orientations ask for."""

FORMATS = (
    *("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv411p", "yuv420p10le", "yuv422p10le"),
    *("yuva420p", "nv12", "gray", "gray16be", "rgb24", "bgra", "rgb48be", "gbrp", "ya8", "monob"),
)


def coloured_quarters(width: int = 96, height: int = 64) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (200, 30, 30)
    pixels[: height // 2, width // 2 :] = (30, 180, 30)
    pixels[height // 2 :, : width // 2] = (40, 40, 220)
    pixels[height // 2 :, width // 2 :] = (230, 230, 230)
    return pixels


def frame_of(pixels: np.ndarray, pixel_format: str) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    frame = frame.reformat(format=pixel_format, threads=1)
    frame.pts, frame.time_base = 11, Fraction(1, 25)
    return frame


def quarters(rgb: np.ndarray) -> np.ndarray:
    """Return the four colours, away from where they meet."""
    height, width = rgb.shape[:2]
    rows, columns = (height // 4, height * 3 // 4), (width // 4, width * 3 // 4)
    return np.array([[rgb[y, x].astype(int) for x in columns] for y in rows])


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("orientation", UPRIGHT_OF)
def test_every_format_is_turned_as_its_pixels_would_be(pixel_format: str, orientation: int):
    frame = frame_of(coloured_quarters(), pixel_format)
    turned = Turner().turn(frame, orientation)
    expected = UPRIGHT_OF[orientation](HostImage(frame).rgb())
    actual = HostImage(turned).rgb()
    assert actual.shape == expected.shape
    assert np.abs(quarters(actual) - quarters(expected)).max() <= 6


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_odd_sizes_turn_too(orientation: int):
    frame = frame_of(coloured_quarters(97, 65), "yuv420p")
    turned = HostImage(Turner().turn(frame, orientation)).rgb()
    assert turned.shape == UPRIGHT_OF[orientation](coloured_quarters(97, 65)).shape


def test_an_upright_frame_is_the_decoders_own():
    frame = frame_of(coloured_quarters(), "yuv420p")
    assert Turner().turn(frame, 1) is frame


def test_time_and_colour_tags_survive_a_turn():
    frame = frame_of(coloured_quarters(), "yuv420p")
    frame.colorspace, frame.color_range = 1, 1
    turned = Turner().turn(frame, 6)
    assert (turned.pts, turned.colorspace, turned.color_range) == (11, 1, 1)


def test_one_turner_follows_a_change_of_size():
    turner = Turner()
    sizes = [(96, 64), (48, 32), (96, 64)]
    turned = [turner.turn(frame_of(coloured_quarters(*s), "yuv420p"), 6) for s in sizes]
    assert [(f.width, f.height) for f in turned] == [(64, 96), (32, 48), (64, 96)]


@pytest.mark.parametrize("orientation", UPRIGHT_OF)
def test_a_turned_frame_has_its_rows_in_memory_from_top_to_bottom(orientation: int):
    turned = Turner().turn(frame_of(coloured_quarters(), "yuv420p"), orientation)
    assert all(plane.line_size > 0 for plane in turned.planes)


def test_display_matrices_name_all_eight_orientations():
    matrices = {
        1: (1, 0, 0, 1),
        2: (-1, 0, 0, 1),
        3: (-1, 0, 0, -1),
        4: (1, 0, 0, -1),
        5: (0, 1, 1, 0),
        6: (0, 1, -1, 0),
        7: (0, -1, -1, 0),
        8: (0, -1, 1, 0),
    }
    assert {matrix_orientation(*matrix): n for n, matrix in matrices.items()} == {
        n: n for n in matrices
    }


def test_a_slanted_matrix_counts_as_the_nearest_quarter_turn():
    assert matrix_orientation(10, 90, -90, 10) == 6
