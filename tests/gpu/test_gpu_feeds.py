"""Packets on their way to a decoder."""

import pytest
from gpu_stand_ins import Packets, packet

from posestream.errors import SourceError
from posestream.gpu.feeds import DirectFeed, ThreadFeed


def test_a_file_is_read_as_it_is_taken():
    source = Packets(packet(0), packet(1))
    feed = DirectFeed(source)
    assert [packet.pts for packet in (feed.take(), feed.take()) if packet] == [0, 1]
    assert not feed.ended
    assert feed.take() is None
    assert feed.ended
    feed.close()
    assert source.closed


def read_to_the_end(*items) -> ThreadFeed:
    feed = ThreadFeed(Packets(*items), lambda: None)
    feed.start()
    feed._thread.join(10)
    return feed


def test_a_camera_is_read_by_itself():
    woken: list[int] = []
    feed = ThreadFeed(Packets(packet(0), packet(1)), lambda: woken.append(1))
    feed.start()
    feed._thread.join(10)
    assert len(woken) == 3  # for each packet, and for the end
    taken = [feed.take(), feed.take()]
    assert [one.pts for one in taken if one] == [0, 1]
    assert feed.take() is None
    assert feed.ended


def test_a_lost_camera_is_an_error_after_its_last_packet():
    feed = read_to_the_end(packet(0), SourceError("the network is gone"))
    assert feed.take()
    with pytest.raises(SourceError, match="the network is gone"):
        feed.take()


def test_what_nobody_has_time_for_is_left_out_up_to_a_key_frame():
    packets = [packet(pts, key=pts in (0, 40)) for pts in range(45)]
    feed = read_to_the_end(*packets)
    left = []
    while (one := feed.take()) is not None:
        left.append(one.pts)
    assert left == [40, 41, 42, 43, 44]
    assert feed.dropped == 40
