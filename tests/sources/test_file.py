import itertools
import random
import threading
from fractions import Fraction
from pathlib import Path

import av
import pytest

import clips
from posestream.errors import SourceError
from posestream.sources.file import VideoFileSource
from posestream.types import Frame

NTSC = Fraction(30000, 1001)


def read(path: Path, **settings: float) -> list[Frame]:
    source = VideoFileSource(path, **settings)
    frames = list(source.frames())
    source.close()
    return frames


def numbers(frames: list[Frame]) -> list[int]:
    return [clips.number_in(frame.image.rgb()) for frame in frames]


def times_s(frames: list[Frame]) -> list[Fraction]:
    return [frame.pts * frame.time_base for frame in frames]


@pytest.mark.parametrize(
    ("suffix", "codec", "pixel_format"),
    [
        ("mp4", "libx264", "yuv420p"),
        ("mp4", "libx265", "yuv420p10le"),
        ("mkv", "libx264", "yuv444p"),
        ("mov", "prores_ks", "yuv422p10le"),
        ("ts", "libx264", "yuv420p"),
        ("mpg", "mpeg2video", "yuv420p"),
        ("webm", "libvpx-vp9", "yuv420p"),
        ("avi", "mjpeg", "yuvj420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("avi", "rawvideo", "bgr24"),
        ("flv", "flv", "yuv420p"),
        ("mkv", "ffv1", "yuv420p"),
        ("gif", "gif", "rgb8"),
        ("nut", "rawvideo", "gray"),
    ],
)
def test_every_frame_of_every_container_comes_once_in_order(
    tmp_path: Path, suffix: str, codec: str, pixel_format: str
):
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    path = clips.record(
        tmp_path / f"clip.{suffix}", codec=codec, pixel_format=pixel_format, frames=20
    )
    frames = read(path)
    assert numbers(frames) == list(range(20))
    assert [frame.index for frame in frames] == list(range(20))
    assert times_s(frames) == clips.frame_times(path)
    assert {frame.image.size for frame in frames} == {(320, 240)}
    assert {frame.stream for frame in frames} == {"clip"}


@pytest.mark.parametrize("rate", [Fraction(25), NTSC, Fraction(60)])
def test_what_is_known_before_the_first_frame(tmp_path: Path, rate: Fraction):
    source = VideoFileSource(clips.record(tmp_path / "a.mp4", rate=rate), name="door")
    assert source.name == "door"
    assert source.info.frame_rate == rate
    assert source.info.frame_count == 30
    assert source.info.size == (320, 240)
    assert source.info.path == tmp_path / "a.mp4"
    assert not source.info.still
    source.close()


def test_a_variable_frame_rate_is_kept_exactly(tmp_path: Path):
    times = [0, 3000, 3100, 9000, 9001, 20_000, 90_000]
    path = clips.record(tmp_path / "vfr.mp4", frames=7, times=times, time_base=Fraction(1, 90_000))
    assert times_s(read(path)) == [Fraction(time, 90_000) for time in times]


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_odd_sizes_come_as_they_are(tmp_path: Path, codec: str):
    options = {"pixel_format": "yuv444p"} if codec == "libx264" else {}
    path = clips.record(tmp_path / "odd.mkv", codec=codec, size=(161, 121), **options)
    assert read(path)[0].image.size == (161, 121)


def test_interlaced_video_gives_whole_frames(tmp_path: Path):
    path = clips.record(tmp_path / "i.mp4", options={"x264-params": "interlaced=1"})
    assert numbers(read(path)) == list(range(30))


@pytest.mark.parametrize(
    ("matrix", "size"), [(clips.QUARTER, (240, 320)), (clips.HALF, (320, 240))]
)
def test_rotation_metadata_is_applied(tmp_path: Path, matrix: tuple, size: tuple[int, int]):
    path = clips.set_display_matrix(clips.record(tmp_path / "r.mp4"), matrix)
    source = VideoFileSource(path)
    frame = next(iter(source.frames()))
    assert source.info.size == frame.image.size == size
    # The blocks, dark for number 0, lie in the upper half of the picture as it was recorded.
    rgb = frame.image.rgb()
    dark = rgb[:, size[0] // 2 :] if matrix == clips.QUARTER else rgb[size[1] // 2 :]
    assert dark[8:-8, 8:-8].mean() < 40
    source.close()


def test_a_quarter_turn_turns_the_shape_of_pixels_too(tmp_path: Path):
    path = clips.record(tmp_path / "sar.mp4", pixel_aspect=Fraction(12, 11))
    assert VideoFileSource(path).info.pixel_aspect == Fraction(12, 11)
    turned = VideoFileSource(clips.set_display_matrix(path, clips.QUARTER))
    assert turned.info.pixel_aspect == Fraction(11, 12)


def test_raw_streams_without_any_times_get_them_from_the_frame_rate(tmp_path: Path):
    path = clips.record(tmp_path / "raw.h264", options={"bf": "0"})
    frames = read(path)
    assert numbers(frames) == list(range(30))
    steps = {b - a for a, b in itertools.pairwise(times_s(frames))}
    assert steps == {Fraction(1, 25)}


def test_a_resolution_that_changes_midway_is_kept(tmp_path: Path):
    small = clips.record(tmp_path / "small.ts", size=(160, 120), frames=10)
    large = clips.record(tmp_path / "large.ts", size=(320, 240), frames=10)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    frames = read(joined)
    assert [frame.image.size for frame in frames] == [(160, 120)] * 10 + [(320, 240)] * 10
    assert all(a < b for a, b in itertools.pairwise(times_s(frames)))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize(
    ("start_s", "end_s", "first", "last"),
    [(1.0, 2.0, 25, 49), (0.1, None, 3, 99), (None, 0.5, 0, 12), (3.96, None, 99, 99)],
)
def test_start_and_end_are_exact_and_count_from_the_first_frame(
    tmp_path: Path, suffix: str, start_s: float, end_s: float, first: int, last: int
):
    codec = "mpeg4" if suffix == "avi" else "libx264"
    path = clips.record(tmp_path / f"c.{suffix}", codec=codec, frames=100, options={"g": "30"})
    frames = read(path, start_s=start_s, end_s=end_s)
    assert numbers(frames) == list(range(first, last + 1))
    assert [frame.index for frame in frames] == list(range(len(frames)))


def test_expected_frames_follow_start_and_end(tmp_path: Path):
    path = clips.record(tmp_path / "c.mp4", frames=100)
    assert VideoFileSource(path, start_s=1, end_s=3).info.frame_count == 50


def test_a_start_after_the_end_of_the_video_says_how_long_it_is(tmp_path: Path):
    path = clips.record(tmp_path / "c.mp4", frames=50)
    with pytest.raises(SourceError, match=r"c\.mp4: no frame between 9 s .* it lasts 2\.00 s"):
        VideoFileSource(path, start_s=9)


def damaged(path: Path, *, begin: float, end: float, flips: int = 60) -> Path:
    data = bytearray(path.read_bytes())
    chance = random.Random(0)
    for _ in range(flips):
        data[chance.randrange(int(len(data) * begin), int(len(data) * end))] ^= 0x55
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv"])
def test_damage_in_the_middle_is_counted_and_reading_goes_on(tmp_path: Path, suffix: str):
    path = clips.record(tmp_path / f"c.{suffix}", frames=100, options={"g": "10", "crf": "15"})
    source = VideoFileSource(damaged(path, begin=0.3, end=0.5))
    frames = list(source.frames())
    assert source.corrupt_frames > 0
    assert len(frames) > 50
    assert number_of_last(frames) == 99
    assert all(a < b for a, b in itertools.pairwise(times_s(frames)))


def number_of_last(frames: list[Frame]) -> int:
    return clips.number_in(frames[-1].image.rgb())


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv", "avi"])
def test_a_cut_off_tail_ends_the_frames_with_what_was_there(tmp_path: Path, suffix: str):
    codec = "mpeg4" if suffix == "avi" else "libx264"
    whole = clips.record(tmp_path / f"whole.{suffix}", codec=codec, frames=100)
    if suffix == "mp4":
        options = {"movflags": "faststart"}
        whole = clips.remux(whole, tmp_path / "front.mp4", container_options=options)
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    source = VideoFileSource(cut)
    found = numbers(list(source.frames()))
    assert 20 < len(found) < 100
    assert found[:20] == list(range(20))
    assert source.corrupt_frames > 0 or suffix != "mp4"


def test_a_video_of_nothing_but_damage_is_refused(tmp_path: Path):
    path = clips.record(tmp_path / "c.mp4", codec="mjpeg", pixel_format="yuvj420p", frames=3)
    data = path.read_bytes()
    begin = data.find(b"mdat") + 4
    end = data.find(b"moov") - 4
    path.write_bytes(data[:begin] + bytes(end - begin) + data[end:])
    with pytest.raises(SourceError, match=r"c\.mp4: not one frame of it can be decoded"):
        VideoFileSource(path)


def test_sound_without_pictures_is_refused(tmp_path: Path):
    path = clips.record_sound(tmp_path / "song.m4a")
    with pytest.raises(SourceError, match=r"song\.m4a: has no video, only audio"):
        VideoFileSource(path)


def test_a_song_with_a_cover_is_not_a_video(tmp_path: Path):
    path = tmp_path / "song.mkv"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("flac", rate=48000)
        audio.codec_context.layout = "mono"
        container.add_attachment("cover.jpg", "image/jpeg", jpeg_bytes())
        for position in range(0, 48000, 4096):
            frame = av.AudioFrame(format="s16", layout="mono", samples=4096)
            frame.sample_rate, frame.pts = 48000, position
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    with pytest.raises(SourceError, match=r"song\.mkv: has no video"):
        VideoFileSource(path)


def jpeg_bytes() -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 64, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    return bytes(encoder.encode(av.VideoFrame(64, 64, "yuvj420p"))[0])


def test_closing_from_another_thread_ends_the_frames(tmp_path: Path):
    source = VideoFileSource(clips.record(tmp_path / "c.mp4", frames=100))
    seen = []
    reading = threading.Event()

    def read_all() -> None:
        for frame in source.frames():
            seen.append(frame.index)
            reading.set()

    reader = threading.Thread(target=read_all)
    reader.start()
    reading.wait()
    source.close()
    source.close()
    reader.join(20)
    assert not reader.is_alive()
    assert seen == list(range(len(seen)))


def test_frames_outlive_their_source(tmp_path: Path):
    source = VideoFileSource(clips.record(tmp_path / "c.mp4", frames=5))
    frames = list(source.frames())
    source.close()
    del source
    assert numbers(frames) == list(range(5))


def test_more_threads_decode_the_same_frames(tmp_path: Path):
    path = clips.record(tmp_path / "c.mp4", frames=40)
    assert numbers(read(path, threads=3)) == numbers(read(path, threads=1)) == list(range(40))


def test_real_clips_keep_every_frame_and_time(shared: Path):
    for name in ("gmdcsa24/Subject_1_Fall_13.mp4", "misc/intel_asl_walk.mkv"):
        path = shared / "data/clips" / name
        assert times_s(read(path)) == clips.frame_times(path)
