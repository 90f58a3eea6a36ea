import threading

import cv2
import numpy as np
import pytest
from looking import picture

from posestream.serving import jpegs
from posestream.serving.jpegs import JpegPictures
from posestream.serving.pictures import LatestPictures


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The widths that were encoded."""
    encoded: list[int | None] = []
    encode = jpegs.encode_jpeg

    def counting(image, width, quality):
        encoded.append(width)
        return encode(image, width, quality)

    monkeypatch.setattr(jpegs, "encode_jpeg", counting)
    return encoded


def decoded(data: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


def test_nothing_is_encoded_while_nobody_looks(counted: list[int | None]):
    pictures = LatestPictures()
    JpegPictures(pictures)
    for brightness in range(20):
        pictures.offer("yard", picture(brightness))
    assert counted == []


def test_a_picture_is_encoded_once_however_many_look(counted: list[int | None]):
    pictures = LatestPictures()
    looked = JpegPictures(pictures)
    pictures.offer("yard", picture())
    threads = [threading.Thread(target=looked.latest, args=("yard",)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [None]
    pictures.offer("yard", picture())
    looked.latest("yard")
    assert counted == [None, None]


def test_colours_and_size_arrive():
    red = np.zeros((40, 60, 3), np.uint8)
    red[..., 0] = 220
    pictures = LatestPictures()
    pictures.offer("yard", type(picture()).from_rgb(red))
    jpeg = JpegPictures(pictures).latest("yard")
    assert jpeg is not None
    pixels = decoded(jpeg.data)
    assert pixels.shape == (40, 60, 3)
    np.testing.assert_allclose(pixels[20, 30], (0, 0, 220), atol=6)


@pytest.mark.parametrize(
    ("asked", "given"), [(320, (180, 320)), (1280, (360, 640)), (None, (360, 640))]
)
def test_pictures_shrink_on_request_and_never_grow(asked: int | None, given: tuple[int, int]):
    pictures = LatestPictures()
    pictures.offer("yard", picture(size=(640, 360)))
    jpeg = JpegPictures(pictures).latest("yard", width=asked)
    assert jpeg is not None
    assert decoded(jpeg.data).shape[:2] == given


def test_a_first_look_waits_for_a_picture_newer_than_the_one_left_over(
    monkeypatch: pytest.MonkeyPatch,
):
    pictures = LatestPictures()
    pictures.offer("yard", picture(0))
    looked = JpegPictures(pictures)
    waits: list[int] = []

    def wait(name: str, after: int, timeout_s: float) -> None:
        waits.append(after)
        pictures.offer(name, picture(255))

    monkeypatch.setattr(pictures, "wait", wait)
    jpeg = looked.current("yard")
    assert jpeg is not None
    assert decoded(jpeg.data)[0, 0, 0] > 250
    looked.current("yard")
    assert len(waits) == 1


def test_looking_is_noted_so_that_drawing_may_begin():
    pictures = LatestPictures()
    assert JpegPictures(pictures).latest("yard") is None
    assert pictures.wanted("yard")
