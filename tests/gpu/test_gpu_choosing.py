"""Files and streams through a stand-in for a GPU's decoder, by the promises of the CPU's way."""

import itertools
import logging
import random
from pathlib import Path

import pytest
from gpu_stand_ins import Decoding

import clips
from live_servers import datagrams, free_port, http_server, read_to_the_end
from posestream.errors import SourceError
from posestream.gpu.cuda_image import CudaImage
from posestream.images import HostImage
from posestream.sources.file import VideoFileSource
from posestream.sources.network import NetworkSource
from posestream.sources.opening import open_source
from posestream.sources.options import SourceOptions
from posestream.types import Frame

pytest.importorskip("torch")


@pytest.fixture
def decoding() -> Decoding:
    return Decoding()


def read(path: Path, decoding: Decoding, **settings: float) -> list[Frame]:
    source = VideoFileSource(path, open_pictures=decoding, **settings)
    frames = list(source.frames())
    source.close()
    return frames


def numbers(frames: list[Frame]) -> list[int]:
    return [clips.number_in(frame.image.yuv420p_copy().rgb()) for frame in frames]


def kinds(frames: list[Frame]) -> set[type]:
    return {type(frame.image) for frame in frames}


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        *(("mp4", "libx264"), ("ts", "libx264"), ("h264", "libx264"), ("mp4", "libx265")),
        *(("mpg", "mpeg2video"), ("avi", "mpeg4"), ("mp4", "mpeg4"), ("webm", "libvpx-vp9")),
    ],
)
def test_every_frame_comes_once_in_order_at_its_time(
    tmp_path: Path, decoding: Decoding, suffix: str, codec: str
):
    options = {"options": {"x265-params": "log-level=none"}} if codec == "libx265" else {}
    path = clips.record(tmp_path / f"clip.{suffix}", codec=codec, frames=20, **options)
    frames = read(path, decoding)
    assert kinds(frames) == {CudaImage}
    assert numbers(frames) == list(range(20))
    assert [frame.pts for frame in frames] == [
        frame.pts for frame in VideoFileSource(path).frames()
    ]


@pytest.mark.parametrize(
    ("suffix", "codec", "pixel_format", "reason"),
    [
        ("mp4", "libx265", "yuv420p10le", "hevc, yuv420p10le"),
        ("mkv", "libx264", "yuv444p", "h264, yuv444p"),
        ("avi", "mjpeg", "yuvj420p", "mjpeg, yuvj420p"),
        ("nut", "rawvideo", "gray", "rawvideo, gray"),
    ],
)
def test_what_the_gpu_cannot_decode_is_decoded_on_the_cpu_and_said_once(
    tmp_path: Path,
    decoding: Decoding,
    caplog: pytest.LogCaptureFixture,
    suffix: str,
    codec: str,
    pixel_format: str,
    reason: str,
):
    caplog.set_level(logging.WARNING)
    path = clips.record(
        tmp_path / f"door.{suffix}",
        codec=codec,
        pixel_format=pixel_format,
        frames=5,
        options={"x265-params": "log-level=none"} if codec == "libx265" else {},
    )
    for _ in range(2):
        frames = read(path, decoding)
        assert kinds(frames) == {HostImage}
        assert numbers(frames) == list(range(5))
    assert caplog.messages == [f"door: decoded on the CPU: {reason}"]


def test_odd_sizes_are_decoded_on_the_cpu(tmp_path: Path, decoding: Decoding):
    path = clips.record(tmp_path / "odd.mkv", codec="mpeg4", size=(161, 121), frames=5)
    frames = read(path, decoding)
    assert (kinds(frames), frames[0].image.size) == ({HostImage}, (161, 121))


def test_a_rotated_video_is_decoded_and_turned_on_the_cpu(
    tmp_path: Path, decoding: Decoding, caplog: pytest.LogCaptureFixture
):
    path = clips.set_display_matrix(clips.record(tmp_path / "phone.mp4"), clips.QUARTER)
    source = VideoFileSource(path, open_pictures=decoding)
    frames = list(source.frames())
    assert (source.info.size, len(frames)) == ((240, 320), 30)
    assert kinds(frames) == {HostImage}
    assert not decoding.decoders
    assert "phone: decoded on the CPU: it is to be turned" in caplog.text


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_start_and_end_are_exact(tmp_path: Path, decoding: Decoding, suffix: str):
    path = clips.record(tmp_path / f"c.{suffix}", frames=100, options={"g": "30"})
    frames = read(path, decoding, start_s=1.0, end_s=2.0)
    assert kinds(frames) == {CudaImage}
    assert numbers(frames) == list(range(25, 50))


def test_a_resolution_that_changes_midway_gets_a_decoder_of_its_own(
    tmp_path: Path, decoding: Decoding
):
    small = clips.record(tmp_path / "small.ts", size=(160, 120), frames=10)
    large = clips.record(tmp_path / "large.ts", frames=10)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    frames = read(joined, decoding)
    assert [frame.image.size for frame in frames] == [(160, 120)] * 10 + [(320, 240)] * 10
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))
    assert len(decoding.decoders) == 2


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv"])
def test_damage_is_counted_and_reading_goes_on(tmp_path: Path, decoding: Decoding, suffix: str):
    path = clips.record(tmp_path / f"c.{suffix}", frames=100, options={"g": "10", "crf": "15"})
    data, chance = bytearray(path.read_bytes()), random.Random(0)
    for _ in range(60):
        data[chance.randrange(int(len(data) * 0.3), int(len(data) * 0.5))] ^= 0x55
    path.write_bytes(data)
    source = VideoFileSource(path, open_pictures=decoding)
    frames = list(source.frames())
    assert source.corrupt_frames > 0
    assert len(frames) > 50
    assert numbers(frames[-1:]) == [99]


def test_a_cut_off_file_ends_with_what_was_there(tmp_path: Path, decoding: Decoding):
    whole = clips.record(tmp_path / "whole.ts", frames=100)
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    found = numbers(read(cut, decoding))
    assert 20 < len(found) < 100
    assert found[:20] == list(range(20))


def test_pictures_go_back_as_soon_as_nobody_wants_them(tmp_path: Path, decoding: Decoding):
    path = clips.record(tmp_path / "c.mp4", frames=60, options={"bf": "0"})
    source = VideoFileSource(path, open_pictures=decoding)
    (decoder,) = decoding.decoders
    frames = source.frames()
    for _ in range(3):
        next(frames)
    assert decoder.lent == 0
    held = [next(frames), next(frames)]
    assert decoder.lent == 2
    held.clear()
    assert len(list(map(id, frames))) == 55
    assert decoder.lent == 0
    assert decoder.most_lent <= 3


def test_a_closed_source_keeps_no_decoder_and_its_pictures_stay(tmp_path: Path, decoding: Decoding):
    source = VideoFileSource(clips.record(tmp_path / "c.mp4"), open_pictures=decoding)
    frame = next(source.frames())
    source.close()
    assert numbers([frame]) == [0]


def test_a_file_played_over_and_over_goes_on(tmp_path: Path, decoding: Decoding):
    path = clips.record(tmp_path / "c.mp4", frames=10)
    source = open_source(path, options=SourceOptions(loop=True, open_pictures=decoding))
    frames = list(itertools.islice(source.frames(), 25))
    source.close()
    assert numbers(frames) == [*range(10), *range(10), *range(5)]
    assert kinds(frames) == {CudaImage}


def test_a_recording_on_a_server_is_read_as_a_file_and_not_found_when_it_is_gone(
    tmp_path: Path, decoding: Decoding
):
    whole = clips.record(tmp_path / "whole.mp4", frames=60)
    options = SourceOptions(timeout_s=2, open_pictures=decoding)
    with http_server(tmp_path) as server:
        source = NetworkSource(f"{server}/whole.mp4", options=options)
        frames = list(source.frames())
        assert (kinds(frames), len(frames), source.info.live) == ({CudaImage}, 60, False)
    whole.unlink()
    with http_server(tmp_path) as server, pytest.raises(SourceError, match="404"):
        NetworkSource(f"{server}/whole.mp4", options=options)


def test_live_streams_go_on_in_a_new_size_and_their_silence_is_an_error(
    tmp_path: Path, decoding: Decoding
):
    keys = {"g": "10"}
    small = clips.record(tmp_path / "a.ts", frames=50, options=keys)
    large = clips.record(tmp_path / "b.ts", frames=50, size=(640, 480), options=keys)
    port = free_port(2)
    options = SourceOptions(timeout_s=1, open_pictures=decoding)
    with datagrams(port, small, large, rate=120):
        source = NetworkSource(f"udp://127.0.0.1:{port}", options=options)
        frames, error = read_to_the_end(source)
    assert "timeout; waited 1 s for more data" in str(error)
    sizes = [frame.image.size for frame in frames]
    assert (sizes[0], sizes[-1]) == ((320, 240), (640, 480))
    assert kinds(frames) == {CudaImage}
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))
