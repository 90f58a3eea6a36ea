import threading
from fractions import Fraction

from looking import picture

from posestream.serving.pictures import LatestPictures, PictureSink
from posestream.types import Frame


def test_nobody_has_a_picture_before_the_first():
    pictures = LatestPictures()
    assert pictures.latest("yard") is None
    assert pictures.wait("yard", 0, 0.0) is None


def test_only_the_latest_picture_is_kept_and_it_is_not_copied():
    pictures, old, new = LatestPictures(), picture(1), picture(2)
    pictures.offer("yard", old)
    pictures.offer("yard", new)
    found = pictures.latest("yard")
    assert found is not None
    assert found.image is new


def test_numbers_grow_also_over_a_stream_that_is_forgotten_and_comes_again():
    pictures = LatestPictures()
    pictures.offer("yard", picture())
    first = pictures.wait("yard", 0, 0.0)
    pictures.forget("yard")
    assert pictures.latest("yard") is None
    pictures.offer("yard", picture())
    assert first is not None
    assert pictures.wait("yard", first[0], 0.0) is not None


def test_waiting_ends_with_the_next_picture_of_that_stream_alone():
    pictures, image = LatestPictures(), picture()
    pictures.offer("yard", picture())
    known = pictures.wait("yard", 0, 0.0)
    assert known is not None
    got = []
    waiting = threading.Thread(target=lambda: got.append(pictures.wait("yard", known[0], 30.0)))
    waiting.start()
    pictures.offer("gate", picture())
    pictures.offer("yard", image)
    waiting.join(30)
    assert [one[1] for one in got] == [image]


def test_interest_is_noted_by_name():
    pictures = LatestPictures()
    pictures.want("yard")
    assert pictures.wanted("yard")
    assert not pictures.wanted("gate")


def test_a_sink_offers_what_is_written():
    pictures, image = LatestPictures(), picture()
    sink = PictureSink(pictures, "yard")
    sink.write(Frame("yard", 0, 0, Fraction(1, 25), image, 0.0))
    sink.close()
    found = pictures.latest("yard")
    assert found is not None
    assert found.image is image
