"""Decoders that fail, and packets that lack something."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from gpu_stand_ins import PlainDecoder

import clips
from posestream.errors import SourceError
from posestream.gpu.packets import VideoInfo, video_info
from posestream.gpu.pictures import GpuPictures
from posestream.gpu.units import DecoderPackets


class Failing(PlainDecoder):
    """Fails at some of its packets."""

    def __init__(self, *fails: int) -> None:
        super().__init__()
        self._fails, self._seen = fails, 0

    def decode(self, packet):
        self._seen += 1
        if self._seen in self._fails:
            raise SourceError("NVDEC failed: error 999")
        return super().decode(packet)


@pytest.fixture
def clip(tmp_path: Path):
    """Twenty pictures, a key frame every five, without B-frames."""
    path = clips.record(tmp_path / "c.ts", frames=20, options={"bf": "0", "g": "5"})
    with av.open(str(path)) as container:
        yield container


def pictures(clip, decoders: list[PlainDecoder]) -> GpuPictures:
    stream = clip.streams.video[0]
    return GpuPictures(
        stream,
        name="door",
        info=video_info(stream),
        open_decoder=lambda name, info: decoders.pop(0),
    )


def test_a_decoder_that_fails_is_made_anew_and_goes_on_at_the_next_key_frame(
    clip, caplog: pytest.LogCaptureFixture
):
    decoding = pictures(clip, [Failing(3), PlainDecoder()])
    shown = [len(decoding.decode(packet)) for packet in clip.demux(video=0) if packet.size]
    assert shown == [1, 1, 0, 0, 0, *[1] * 15]
    assert (decoding.corrupt, decoding.barren) == (1, 0)
    assert "door: NVDEC failed: error 999; its decoder is made anew" in caplog.text


def test_a_gpu_that_is_lost_is_given_up(clip):
    decoding = pictures(clip, [Failing(1) for _ in range(9)])
    with pytest.raises(SourceError, match="error 999"):
        list(map(decoding.decode, clip.demux(video=0)))


def test_packets_that_give_nothing_are_counted(clip):
    class Losing(PlainDecoder):
        corrupt = 0

        def decode(self, packet):
            self.corrupt += 1
            return []

    decoding = pictures(clip, [Losing()])
    for packet in clip.demux(video=0):
        if packet.size:
            decoding.decode(packet)
    assert (decoding.corrupt, decoding.barren, decoding.failed) == (20, 20, 20)


def test_what_comes_before_the_first_key_frame_is_left_out(clip):
    packets = [packet for packet in clip.demux(video=0) if packet.size]
    stream = clip.streams.video[0]
    units = DecoderPackets(stream, video_info(stream))
    given = [len(units.of(packet)) for packet in packets[3:12]]
    assert given == [0, 0, *[1] * 7]


def test_parameters_that_stand_beside_the_packets_are_put_into_them(clip):
    stream = clip.streams.video[0]
    plain = VideoInfo("h264", (320, 240), extradata=b"\0\0\0\1\x67parameters")
    first = next(clip.demux(video=0))
    slices = av.Packet(b"\0\0\0\1\x65picture")
    slices.pts, slices.time_base, slices.is_keyframe = 7, first.time_base, True
    (given,) = DecoderPackets(stream, plain).of(slices)
    assert bytes(given.owner) == plain.extradata + b"\0\0\0\1\x65picture"
    assert (given.pts, given.key, given.size) == (7, True, len(bytes(given.owner)))


def test_times_that_are_missing_are_a_frame_apart(clip):
    stream = clip.streams.video[0]
    info = VideoInfo("h264", (320, 240), time_base=Fraction(1, 90_000), frame_rate=Fraction(25))
    units = DecoderPackets(stream, info)
    times = []
    for packet in clip.demux(video=0):
        packet.pts = packet.dts = None
        times += [unit.pts for unit in units.of(packet)]
    assert times == [3600 * place for place in range(20)]
