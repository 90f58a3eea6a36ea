"""Values through pipes."""

import os
import threading

import pytest

from posestream.errors import UnknownModelError
from posestream.sharding.channel import Channel
from posestream.sharding.messages import Failed, Logged


@pytest.fixture
def ends():
    one, two = os.pipe(), os.pipe()
    here = Channel(os.fdopen(one[0], "rb"), os.fdopen(two[1], "wb"))
    there = Channel(os.fdopen(two[0], "rb"), os.fdopen(one[1], "wb"))
    yield here, there
    for channel in (here, there):
        channel.close()


def test_values_arrive_in_order_and_whole(ends):
    here, there = ends
    lines = [Logged("posestream", 30, "x" * 100_000), *(Logged("a", 20, str(n)) for n in range(9))]
    sender = threading.Thread(target=lambda: [here.send(line) for line in lines])
    sender.start()
    assert [there.receive() for _ in lines] == lines
    sender.join()


def test_our_errors_arrive_as_what_they_are(ends):
    here, there = ends
    here.send(Failed(UnknownModelError("no model is called 'x'")))
    error = there.receive().error
    assert isinstance(error, UnknownModelError)
    assert str(error) == "no model is called 'x'"


def test_an_end_that_is_gone_gives_nothing_and_takes_nothing(ends):
    here, there = ends
    here.hang_up()
    assert there.receive() is None
    assert not here.send("anything")
    here.hang_up()


def test_a_value_that_was_cut_off_gives_nothing():
    reading, writing = os.pipe()
    os.write(writing, b"\x80\x05\x95")
    os.close(writing)
    with os.fdopen(reading, "rb") as reader, open(os.devnull, "wb") as nowhere:
        assert Channel(reader, nowhere).receive() is None
