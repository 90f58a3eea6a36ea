"""MPEG-TS over UDP, and RTP described by an SDP file, sent over loopback."""

import re
import socket
from pathlib import Path

import pytest

import clips
from live_servers import datagrams, free_port, read_to_the_end, rtp_video
from posestream.errors import SourceError
from posestream.sources.network import NetworkSource
from posestream.sources.opening import open_source
from posestream.sources.options import SourceOptions

QUICK = SourceOptions(timeout_s=1)
KEYS = {"g": "10"}


def read_until_silence(source: NetworkSource) -> list:
    frames, error = read_to_the_end(source)
    assert f"timeout; waited {QUICK.timeout_s:g} s for more data" in str(error)
    return frames


def test_mpeg_ts_over_udp_is_live(tmp_path: Path):
    part = clips.record(tmp_path / "a.ts", frames=60, options=KEYS)
    port = free_port(socket.SOCK_DGRAM)
    with datagrams(port, part, rate=120):
        source = open_source(f"udp://127.0.0.1:{port}", options=QUICK)
        assert source.info.live
        assert source.info.size == (320, 240)
        assert len(read_until_silence(source)) > 40


def test_frames_go_on_in_a_new_size(tmp_path: Path):
    small = clips.record(tmp_path / "a.ts", frames=50, options=KEYS)
    large = clips.record(tmp_path / "b.ts", frames=50, size=(640, 480), options=KEYS)
    port = free_port(socket.SOCK_DGRAM)
    with datagrams(port, small, large, rate=120):
        frames = read_until_silence(NetworkSource(f"udp://127.0.0.1:{port}", options=QUICK))
    sizes = [frame.image.size for frame in frames]
    assert (sizes[0], sizes[-1]) == ((320, 240), (640, 480))
    times = [frame.pts for frame in frames]
    assert times == sorted(set(times))


def test_a_sender_that_comes_back_with_other_stream_numbers_goes_on(tmp_path: Path):
    first = clips.record(tmp_path / "a.ts", frames=50, options=KEYS)
    second = clips.record(
        tmp_path / "b.ts", frames=50, options=KEYS, container_options={"mpegts_start_pid": "0x200"}
    )
    port = free_port(socket.SOCK_DGRAM)
    with datagrams(port, first, second, rate=120):
        frames = read_until_silence(NetworkSource(f"udp://127.0.0.1:{port}", options=QUICK))
    assert len(frames) > 80


@pytest.mark.parametrize(("codec", "pid"), [("mpeg2video", "0x100"), ("libx265", "0x200")])
def test_a_change_of_codec_ends_the_session(tmp_path: Path, codec: str, pid: str):
    first = clips.record(tmp_path / "a.ts", frames=40, options=KEYS)
    second = clips.record(
        tmp_path / "b.ts",
        frames=80,
        codec=codec,
        options=KEYS | ({"x265-params": "log-level=none"} if codec == "libx265" else {}),
        container_options={"mpegts_start_pid": pid},
    )
    port = free_port(socket.SOCK_DGRAM)
    with datagrams(port, first, second, rate=120):
        source = NetworkSource(f"udp://127.0.0.1:{port}", options=QUICK)
        frames, error = read_to_the_end(source)
        assert len(frames) >= 20
        assert re.search(r"the stream changed; \d+ packets in a row", str(error))
        again = NetworkSource(f"udp://127.0.0.1:{port}", options=QUICK)
        assert next(iter(again.frames())).image.size == (320, 240)
        again.close()


def test_nothing_at_all_is_a_timeout():
    port = free_port(socket.SOCK_DGRAM)
    with pytest.raises(SourceError, match="for the connection or first data"):
        NetworkSource(f"udp://127.0.0.1:{port}", options=SourceOptions(timeout_s=0.5))


def test_datagrams_that_are_no_video_are_refused(tmp_path: Path):
    port = free_port(socket.SOCK_DGRAM)
    with (
        datagrams(port, *[b"no video " * 5000] * 20, rate=300),
        pytest.raises(SourceError, match=f"udp://127.0.0.1:{port}: "),
    ):
        NetworkSource(f"udp://127.0.0.1:{port}", options=QUICK)


def test_an_sdp_file_describes_an_rtp_stream(tmp_path: Path):
    port = free_port(socket.SOCK_DGRAM)
    sdp = tmp_path / "door.sdp"
    sdp.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1\n"
    )
    with rtp_video(port):
        source = open_source(sdp, options=SourceOptions(timeout_s=3))
        assert source.info.live
        assert source.name == "door"
        frames = [frame for frame, _ in zip(source.frames(), range(20), strict=False)]
        source.close()
    assert {frame.image.size for frame in frames} == {(320, 240)}


def test_an_sdp_file_opens_nothing_but_what_it_describes(tmp_path: Path):
    (tmp_path / "a.sdp").write_text("not a description\n")
    with pytest.raises(SourceError, match=r"a\.sdp: "):
        open_source(tmp_path / "a.sdp", options=QUICK)
