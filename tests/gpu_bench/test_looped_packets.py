"""A stream from memory, again and again."""

import ctypes

from posestream.gpu.packets import VideoInfo
from posestream.gpu_bench.looped import LoopedPackets

INFO = VideoInfo("h264", (64, 48))
KEY, OTHER = b"key frame", b"another"
PACKETS = [(KEY, 0, True), (OTHER, 10, False)]


def test_times_go_on_from_repetition_to_repetition():
    packets = list(LoopedPackets(INFO, PACKETS, ticks=20, times=3).packets())
    assert [packet.pts for packet in packets] == [0, 10, 20, 30, 40, 50]
    assert [packet.key for packet in packets] == [True, False] * 3


def test_packets_say_where_their_bytes_are():
    packets = LoopedPackets(INFO, PACKETS, ticks=20).packets()
    assert [ctypes.string_at(packet.address, packet.size) for packet in packets] == [KEY, OTHER]


def test_a_closed_stream_ends():
    source = LoopedPackets(INFO, PACKETS, ticks=20, times=None)
    packets = source.packets()
    next(packets)
    source.close()
    assert list(packets) == []
