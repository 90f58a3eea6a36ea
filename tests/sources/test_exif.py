import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posestream.sources.exif import exif_orientation

PIXELS = np.full((16, 24, 3), 90, np.uint8)


def tiff_block(orientation: int, order: str = "<") -> bytes:
    mark = b"II" if order == "<" else b"MM"
    other = struct.pack(f"{order}HHII", 0x010F, 3, 1, 7)
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(f"{order}HIH", 42, 8, 2) + other + entry + bytes(4)


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, PIXELS)[1].tobytes()


def jpeg_with(block: bytes) -> bytes:
    body = b"Exif\0\0" + block
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body + encoded(".jpg")[2:]


def png_with(block: bytes) -> bytes:
    data = encoded(".png")
    return data[:33] + struct.pack(">I", len(block)) + b"eXIf" + block + bytes(4) + data[33:]


def webp_with(block: bytes) -> bytes:
    body = encoded(".webp")[8:] + b"EXIF" + struct.pack("<I", len(block)) + block
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wrap", [jpeg_with, png_with, webp_with, bytes])
def test_the_orientation_is_found_in_every_kind_of_file(wrap, order: str, orientation: int):
    assert exif_orientation(wrap(tiff_block(orientation, order))) == orientation


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
def test_pictures_without_exif_are_upright(suffix: str):
    assert exif_orientation(encoded(suffix)) == 1


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_nonsense_orientation_counts_as_none(orientation: int):
    assert exif_orientation(jpeg_with(tiff_block(orientation))) == 1


@given(st.sampled_from([jpeg_with, png_with, webp_with, bytes]), st.data())
def test_damaged_exif_never_raises(wrap, data: st.DataObject):
    whole = bytearray(wrap(tiff_block(6)))
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    assert exif_orientation(bytes(whole[:cut])) in range(1, 9)
