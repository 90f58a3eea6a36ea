import itertools
import random
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posestream.sources.fake import FakeSource
from posestream.sources.watermark import (
    NUMBERS,
    draw_watermark,
    read_watermark,
    stream_mark,
)


def marked(size: tuple[int, int], *, mark: int, number: int) -> np.ndarray:
    luma = np.full(size[::-1], 100, np.uint8)
    draw_watermark(luma, mark=mark, number=number)
    return np.repeat(luma[..., None], 3, axis=2)


@given(
    st.integers(64, 400),
    st.integers(48, 300),
    st.integers(0, NUMBERS - 1),
    st.integers(0, NUMBERS - 1),
)
def test_what_was_written_is_read_back_at_any_size(width: int, height: int, mark: int, number: int):
    picture = marked((width, height), mark=mark, number=number)
    assert read_watermark(picture) == (mark, number)


def test_numbers_begin_again_after_the_last_one():
    assert read_watermark(marked((64, 48), mark=7, number=NUMBERS + 3)) == (7, 3)


def test_streams_of_different_names_have_different_marks():
    marks = {stream_mark(f"camera{number}") for number in range(500)}
    assert len(marks) == 500


@pytest.mark.parametrize("value", [0, 60, 127, 128, 255])
def test_a_plain_picture_shows_no_watermark(value: int):
    with pytest.raises(ValueError, match="a picture of 160 x 90 shows no watermark"):
        read_watermark(np.full((90, 160, 3), value, np.uint8))


def test_a_picture_made_of_two_streams_is_not_taken_for_either():
    first, second = (marked((160, 90), mark=stream_mark(name), number=5) for name in "ab")
    mixed = np.hstack([first[:, :80], second[:, 80:]])
    with pytest.raises(ValueError, match="shows no watermark"):
        read_watermark(mixed)


@pytest.mark.parametrize("tile", [(160, 90), (240, 135), (107, 60), (1280, 720)])
@pytest.mark.parametrize("crf", ["23", "35"])
def test_a_mark_survives_encoding_and_scaling_to_a_tile(
    tmp_path: Path, tile: tuple[int, int], crf: str
):
    source = FakeSource("door", frames=12)
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=30, options={"crf": crf, "preset": "ultrafast"}
        )
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for frame in source.frames():
            container.mux(stream.encode(frame.image.yuv420p_copy().frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        tiles = [
            cv2.resize(frame.to_ndarray(format="rgb24"), tile, interpolation=cv2.INTER_LINEAR)
            for frame in container.decode(video=0)
        ]
    marks = [read_watermark(picture) for picture in tiles]
    assert marks == [(stream_mark("door"), index) for index in range(12)]


def test_marks_of_pictures_drawn_one_after_the_other_do_not_mix():
    pairs = [(random.Random(n).randrange(NUMBERS), n) for n in range(20)]
    luma = np.zeros((48, 64), np.uint8)
    for mark, number in itertools.chain(pairs, reversed(pairs)):
        draw_watermark(luma, mark=mark, number=number)
        assert read_watermark(np.repeat(luma[..., None], 3, axis=2)) == (mark, number)
