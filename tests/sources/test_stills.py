import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import test_exif

from posestream.errors import SourceError, SourceNotFoundError
from posestream.images import HostImage
from posestream.sources.stills import looks_like_still, read_still


def coloured(height: int = 120, width: int = 160) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2] = (200, 40, 30)
    pixels[height // 2 :] = (20, 60, 210)
    pixels[:, width // 2 :] //= 2
    return pixels


def save(path: Path, pixels: np.ndarray, *options: int) -> Path:
    swapped = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    path.write_bytes(cv2.imencode(path.suffix, swapped, list(options))[1].tobytes())
    return path


def corners(rgb: np.ndarray) -> np.ndarray:
    h, w = rgb.shape[:2]
    return np.array([rgb[y, x] for y in (h // 8, -h // 8) for x in (w // 8, -w // 8)], int)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm", ".jp2"])
def test_colours_of_every_kind_of_file_are_right(tmp_path: Path, suffix: str):
    image = read_still(save(tmp_path / f"a{suffix}", coloured()))
    assert image.size == (160, 120)
    assert np.abs(corners(image.rgb()) - corners(coloured())).max() <= 5


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_colours_of_large_photographs_are_not_taken_for_hd_video(tmp_path: Path, suffix: str):
    pixels = coloured(800, 1000)
    image = read_still(save(tmp_path / f"a{suffix}", pixels))
    assert np.abs(corners(image.rgb()) - corners(pixels)).max() <= 5
    copy = image.yuv420p_copy()
    assert np.abs(corners(copy.rgb()) - corners(pixels)).max() <= 8


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_become_eight(tmp_path: Path, suffix: str):
    image = read_still(save(tmp_path / f"a{suffix}", coloured().astype(np.uint16) * 257))
    assert np.abs(corners(image.rgb()) - corners(coloured())).max() <= 2


def test_grey_and_two_tone_pictures_are_read(tmp_path: Path):
    grey = coloured()[..., 0]
    image = read_still(save(tmp_path / "grey.jpg", grey))
    assert np.abs(corners(image.rgb())[:, 0] - corners(grey)).max() <= 2
    two_tone = np.where(grey > 60, 255, 0).astype(np.uint8)
    image = read_still(save(tmp_path / "two.png", two_tone, cv2.IMWRITE_PNG_BILEVEL, 1))
    assert np.array_equal(image.rgb()[..., 0], two_tone)


def test_transparency_is_left_out(tmp_path: Path):
    alpha = np.full((120, 160, 1), 100, np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", np.dstack([coloured()[..., ::-1], alpha]))[1].tobytes())
    assert np.array_equal(read_still(path).rgb(), coloured())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_as_opencv_does(tmp_path: Path, orientation: int):
    path = save(tmp_path / "a.jpg", coloured(), cv2.IMWRITE_JPEG_QUALITY, 100)
    block = b"Exif\0\0" + test_exif.tiff_block(orientation)
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:])
    expected = cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]
    image = read_still(path)
    assert image.rgb().shape == expected.shape
    assert np.abs(corners(image.rgb()) - corners(expected)).max() <= 6


def png_claiming(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def test_a_picture_bomb_is_refused_by_its_size(tmp_path: Path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_claiming(50_000, 50_000))
    with pytest.raises(SourceError, match=r"bomb\.png: an image of 50000 x 50000 pixels; at most"):
        read_still(path)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm", ".gif"])
def test_the_limit_holds_for_every_kind_of_file(tmp_path: Path, suffix: str):
    path = save(tmp_path / f"a{suffix}", coloured())
    assert read_still(path, max_pixels=200 * 256).size == (160, 120)
    with pytest.raises(SourceError, match="at most 19199 pixels are allowed"):
        read_still(path, max_pixels=120 * 160 - 1)


def test_damaged_and_foreign_files_are_refused(tmp_path: Path):
    whole = save(tmp_path / "a.png", coloured()).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:60])
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(SourceError, match=r"cut\.png: the image is damaged"):
        read_still(tmp_path / "cut.png")
    with pytest.raises(SourceError, match=r"text\.jpg: is not an image of a kind"):
        read_still(tmp_path / "text.jpg")
    with pytest.raises(SourceError, match=r"empty\.jpg: the file is empty"):
        read_still(tmp_path / "empty.jpg")
    with pytest.raises(SourceNotFoundError, match=r"none\.jpg: no such file"):
        read_still(tmp_path / "none.jpg")


def test_files_are_known_by_their_first_bytes(tmp_path: Path):
    assert looks_like_still(save(tmp_path / "a.webp", coloured()))
    assert not looks_like_still(save(tmp_path / "a.gif", coloured()))
    (tmp_path / "b").write_bytes(b"RIFF....AVI LIST")
    assert not looks_like_still(tmp_path / "b")


def test_a_still_has_a_second_as_its_time_base(tmp_path: Path):
    image = read_still(save(tmp_path / "a.jpg", coloured()))
    assert isinstance(image, HostImage)
    assert image.frame.time_base == 1
