from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from clips import number_in, picture
from posestream.images import HostImage, plane_arrays
from posestream.overlay.layout import Tile, layout
from posestream.overlay.mosaic import MosaicCanvas
from posestream.overlay.tiles import TileScaler, fitted_size

SIZE = (640, 360)
PAINT = ((220, 30, 30), (30, 200, 40), (40, 50, 220), (235, 235, 235), (16, 16, 16), (200, 180, 40))


def part(rgb: np.ndarray, tile: Tile) -> np.ndarray:
    return rgb[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]


def stored(canvas: MosaicCanvas) -> np.ndarray:
    """``(H, W, 3)`` luma and colour differences as they are; RGB mixes those of neighbours."""
    luma, *differences = plane_arrays(canvas.image().frame)
    wide = [plane.repeat(2, axis=0).repeat(2, axis=1) for plane in differences]
    return np.dstack([luma, *(plane[: len(luma), : luma.shape[1]] for plane in wide)])


def host(number: int, size: tuple[int, int] = (320, 180)) -> HostImage:
    return HostImage.from_rgb(picture(number, size)).yuv420p_copy()


def painted(
    size: tuple[int, int], pixel_format: str, matrix: int | None, value_range: int
) -> HostImage:
    """Six stripes; a matrix of None leaves the picture untagged."""
    pixels = np.empty((size[1], size[0], 3), np.uint8)
    for stripe, colour in enumerate(PAINT):
        pixels[:, stripe * size[0] // 6 : (stripe + 1) * size[0] // 6] = colour
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    guess = 1 if size[1] >= 720 else 5
    frame = VideoReformatter().reformat(
        frame,
        format=pixel_format,
        dst_colorspace=matrix or guess,
        dst_color_range=value_range,
        threads=1,
    )
    if matrix is None:
        frame.colorspace = 2
    return HostImage(frame)


@pytest.mark.parametrize("value_range", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [1, 5, 9, None], ids=["709", "601", "2020", "untagged"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "nv12", "yuv444p"])
@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (320, 240)])
def test_a_tile_has_the_colours_of_its_picture(size, pixel_format, matrix, value_range):
    image = painted(size, pixel_format, matrix, value_range)
    expected = image.rgb()[size[1] // 2, [(2 * i + 1) * size[0] // 12 for i in range(6)]]
    np.testing.assert_allclose(expected, PAINT, atol=8)
    before = image.rgb()
    canvas = MosaicCanvas(layout(1, size=SIZE), SIZE)
    canvas.put(0, image, name="")
    width, _ = fitted_size(size, SIZE)
    left = (SIZE[0] - width) // 2
    shown = canvas.image().rgb()[180, [left + (2 * i + 1) * width // 12 for i in range(6)]]
    np.testing.assert_allclose(shown.astype(int), expected.astype(int), atol=6)
    np.testing.assert_array_equal(image.rgb(), before)


def test_each_picture_stands_in_its_own_place():
    tiles = layout(6, size=(960, 540))
    canvas = MosaicCanvas(tiles, (960, 540))
    for place in range(6):
        canvas.put(place, host(40 + place), name=f"s{place}")
    rgb = canvas.image().rgb()
    assert [number_in(part(rgb, tile)) for tile in tiles] == [40, 41, 42, 43, 44, 45]


def test_sixty_four_streams_fit_into_one_picture():
    tiles = layout(64)
    canvas = MosaicCanvas(tiles, (1920, 1080))
    for place in range(64):
        canvas.put(place, host(place), name=f"camera {place}")
    rgb = canvas.image().rgb()
    assert [number_in(part(rgb, tile)) for tile in tiles] == list(range(64))


@pytest.mark.parametrize("size", [(321, 241), (241, 321), (2, 2), (1, 1), (3000, 10), (10, 1500)])
def test_a_picture_of_any_shape_lies_inside_its_tile(size):
    tiles = layout(4, size=SIZE)
    canvas = MosaicCanvas(tiles, SIZE)
    white = HostImage.from_rgb(np.full((size[1], size[0], 3), 255, np.uint8))
    before = stored(canvas)
    canvas.put(0, white, name="")
    assert part(canvas.image().rgb(), tiles[0])[80:100, 150:170].max() > 240
    for tile in tiles[1:]:
        np.testing.assert_array_equal(part(stored(canvas), tile), part(before, tile))


def test_a_portrait_stands_between_bars():
    canvas = MosaicCanvas(layout(1, size=SIZE), SIZE)
    canvas.put(0, HostImage.from_rgb(np.full((640, 360, 3), 255, np.uint8)), name="")
    bright = canvas.image().rgb()[20] > 200
    assert not bright[:215].any()
    assert bright[222:418].all()
    assert not bright[425:].any()


def test_nothing_of_a_wider_picture_stays_beside_a_narrower_one():
    canvas = MosaicCanvas(layout(1, size=SIZE), SIZE)
    canvas.put(0, HostImage.from_rgb(np.full((360, 640, 3), 255, np.uint8)), name="")
    canvas.put(0, HostImage.from_rgb(np.full((640, 360, 3), 255, np.uint8)), name="")
    assert canvas.image().rgb()[20, :215].max() < 60


def test_pixels_that_are_not_square_are_made_square():
    assert fitted_size((720, 576), (1920, 1080), pixel_aspect=Fraction(64, 45)) == (1920, 1080)
    fitted = TileScaler().fit(host(7, (320, 360)), SIZE, pixel_aspect=Fraction(2))
    assert fitted.size == (640, 360)


def test_the_name_is_written_inside_the_tile_however_long_it_is():
    tiles = layout(4, size=SIZE)
    for name in ("hall", "a name that goes on and on and on and on and on", "日本"):
        canvas = MosaicCanvas(tiles, SIZE)
        empty = stored(canvas)
        canvas.put(0, HostImage.from_rgb(np.full((180, 320, 3), 90, np.uint8)), name=name)
        corner = part(canvas.image().rgb(), tiles[0])[-16:, :30]
        assert corner.max() > 180
        assert corner.min() < 60
        np.testing.assert_array_equal(stored(canvas)[:, 320:], empty[:, 320:])


def test_no_signal_is_a_calm_dark_tile_with_words():
    tiles = layout(4, size=SIZE)
    canvas = MosaicCanvas(tiles, SIZE)
    canvas.put(1, host(170), name="other")
    before = canvas.image().rgb()
    canvas.no_signal(0, name="garage", reason="retrying in 4 s")
    rgb = canvas.image().rgb()
    tile = part(rgb, tiles[0])
    assert np.median(tile) < 45
    assert (tile[60:120] > 150).any()
    assert (tile > 150).mean() < 0.1
    np.testing.assert_array_equal(part(rgb, tiles[1]), part(before, tiles[1]))


def test_the_reason_changes_the_tile():
    canvas = MosaicCanvas(layout(1, size=SIZE), SIZE)
    shown = []
    for reason in ("", "retrying in 4 s", "retrying in 3 s"):
        canvas.no_signal(0, name="garage", reason=reason)
        shown.append(canvas.image().rgb())
    assert (shown[0] != shown[1]).any()
    assert (shown[1] != shown[2]).any()


@pytest.mark.parametrize("size", [(32, 18), (64, 36), (100, 200), (2000, 40)])
def test_words_stay_inside_tiles_of_any_size(size):
    whole = (size[0] + 40, size[1] + 40)
    canvas = MosaicCanvas([Tile(20, 20, *size)], whole)
    around = np.ones((whole[1], whole[0]), bool)
    around[20 : 20 + size[1], 20 : 20 + size[0]] = False
    empty = stored(canvas)
    canvas.no_signal(0, name="a camera with a name", reason="retrying in 4 s")
    np.testing.assert_array_equal(stored(canvas)[around], empty[around])
    canvas.put_dimmed(0, host(99), name="a camera with a name", note="ended")
    np.testing.assert_array_equal(stored(canvas)[around], empty[around])


def test_a_dimmed_picture_is_darker_and_still_known():
    canvas = MosaicCanvas(layout(1, size=SIZE), SIZE)
    canvas.put(0, host(0b10101010), name="")
    light = canvas.image().rgb()
    canvas.put_dimmed(0, host(0b10101010), name="", note="ended")
    dark = canvas.image().rgb()
    assert dark[:100].mean() < 0.6 * light[:100].mean()
    assert np.corrcoef(light[:100].ravel(), dark[:100].ravel())[0, 1] > 0.99


def test_a_place_is_cleared():
    canvas = MosaicCanvas(layout(1, size=SIZE), SIZE)
    empty = canvas.image().rgb()
    canvas.put(0, host(1), name="x")
    canvas.clear(0)
    np.testing.assert_array_equal(canvas.image().rgb(), empty)


def test_an_image_stays_as_it_is_while_the_canvas_is_drawn_on():
    canvas = MosaicCanvas(layout(1, size=SIZE), SIZE)
    canvas.put(0, host(1), name="")
    kept = canvas.image()
    canvas.put(0, host(254), name="")
    assert number_in(kept.rgb()) == 1
    assert number_in(canvas.image().rgb()) == 254


def test_a_canvas_may_have_odd_sides():
    size = (641, 361)
    canvas = MosaicCanvas(layout(4, size=size), size)
    canvas.put(3, host(77), name="")
    image = canvas.image()
    assert image.size == size
    assert number_in(part(image.rgb(), layout(4, size=size)[3])) == 77
    assert image.rgb()[-1].max() < 40


def test_the_mosaic_says_what_its_colours_are():
    frame = MosaicCanvas(layout(1, size=SIZE), SIZE).image().frame
    assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)
