import logging
from fractions import Fraction
from pathlib import Path

import av
import pytest
from test_video import copy, still, write

import clips
from posestream.errors import SourceNotFoundError
from posestream.sinks.video import VideoSink
from posestream.sources.file import VideoFileSource


def record(path: Path, *, sound: str = "aac", frames: int = 60, **settings: object) -> Path:
    return clips.record(path, sound=sound, frames=frames, size=(160, 120), **settings)


def gap_s(path: Path) -> Fraction:
    """Return how much later the sound begins than the pictures."""
    return clips.sound_packets(path)[0][0] - clips.frame_times(path)[0]


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("mp4", "aac"),
        ("mkv", "aac"),
        ("mkv", "libmp3lame"),
        ("mkv", "ac3"),
        ("mkv", "eac3"),
        ("mkv", "libopus"),
        ("mkv", "flac"),
        ("mov", "alac"),
        ("mpg", "mp2"),
    ],
)
def test_sound_is_copied_packet_by_packet(tmp_path: Path, suffix: str, codec: str):
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    video = "mpeg2video" if suffix == "mpg" else "libx264"
    source = record(tmp_path / f"in.{suffix}", sound=codec, codec=video)
    target = copy(source, tmp_path / "out.mp4")
    given, made = clips.sound_packets(source), clips.sound_packets(target)
    assert [data for _, data in made] == [data for _, data in given]
    assert abs(gap_s(target) - gap_s(source)) < Fraction(1, 1000)


def test_sound_from_a_broadcast_stream_loses_only_its_framing(tmp_path: Path):
    source = record(tmp_path / "in.ts")
    target = copy(source, tmp_path / "out.mp4")
    given, made = clips.sound_packets(source), clips.sound_packets(target)
    assert [data for _, data in made] == [data[7:] for _, data in given]
    assert gap_s(target) == gap_s(source)
    with av.open(str(target)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert heard >= 59 * 48000 // 25


@pytest.mark.parametrize(
    ("suffix", "codec", "rate"), [("mov", "pcm_s16le", 48000), ("mkv", "pcm_s16le", 12000)]
)
def test_sound_that_mp4_does_not_hold_is_encoded_as_aac(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str, codec: str, rate: int
):
    source = record(tmp_path / f"in.{suffix}", sound=codec, sound_rate=rate)
    with caplog.at_level(logging.INFO):
        target = copy(source, tmp_path / "out.mp4")
    assert f"{codec} is no sound for MP4; encoded as AAC" in caplog.text
    with av.open(str(target)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        heard_s = sum(Fraction(f.samples, f.sample_rate) for f in container.decode(audio=0))
    assert abs(heard_s - Fraction(60, 25)) < Fraction(1, 10)
    assert abs(gap_s(target)) < Fraction(1, 10)


@pytest.mark.parametrize("late", [-4800, 14_400, 96_000])
def test_sound_that_begins_earlier_or_later_keeps_its_distance(tmp_path: Path, late: int):
    source = record(tmp_path / "in.mkv", sound_starts=late, times=[5 + n for n in range(60)])
    target = copy(source, tmp_path / "out.mp4")
    assert abs(gap_s(target) - gap_s(source)) < Fraction(1, 1000)
    assert len(clips.sound_packets(target)) == len(clips.sound_packets(source))


def test_a_cut_has_the_sound_of_its_time(tmp_path: Path):
    source = record(tmp_path / "in.mp4", frames=150)
    target = copy(source, tmp_path / "out.mp4", start_s=2, end_s=4)
    made = clips.sound_packets(target)
    given = {data: time for time, data in clips.sound_packets(source)}
    shifts = {given[data] - time for time, data in made}
    assert max(shifts) - min(shifts) < Fraction(1, 1000)
    assert abs(min(shifts) - 2) < Fraction(1, 1000)
    assert -Fraction(1, 40) < made[0][0] <= 0
    assert Fraction(19, 10) < made[-1][0] < 2


def test_sound_that_outlasts_the_pictures_is_kept_whole(tmp_path: Path):
    pictures = clips.record(tmp_path / "v.mp4", frames=20)
    sound = record(tmp_path / "s.mp4", frames=100)
    source = tmp_path / "in.mp4"
    with (
        av.open(str(pictures)) as one,
        av.open(str(sound)) as other,
        av.open(str(source), "w") as out,
    ):
        video = out.add_stream_from_template(one.streams.video[0], opaque=True)
        audio = out.add_stream_from_template(other.streams.audio[0])
        for stream, packets in ((video, one.demux(video=0)), (audio, other.demux(audio=0))):
            for packet in packets:
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
    target = copy(source, tmp_path / "out.mp4")
    assert clips.sound_packets(target) == clips.sound_packets(source)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_run_that_is_stopped_ends_the_sound_with_its_last_frame(tmp_path: Path, suffix: str):
    source = record(tmp_path / f"in.{suffix}", frames=150)
    sink = VideoSink(tmp_path / "out.mp4", audio_from=source)
    opened = VideoFileSource(source)
    for frame in opened.frames():
        if frame.index == 50:
            break
        sink.write(frame)
    sink.close()
    opened.close()
    last = clips.sound_packets(tmp_path / "out.mp4")[-1][0]
    assert Fraction(19, 10) < last < 2


def test_an_input_without_sound_gives_a_silent_video(tmp_path: Path):
    source = clips.record(tmp_path / "in.mp4", frames=5)
    with av.open(str(copy(source, tmp_path / "out.mp4"))) as container:
        assert not container.streams.audio


def test_a_missing_sound_file_is_named(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"gone\.mp4: no such file"):
        VideoSink(tmp_path / "o.mp4", audio_from=tmp_path / "gone.mp4")


def test_damaged_sound_does_not_take_the_video_with_it(tmp_path: Path):
    source = record(tmp_path / "in.ts", frames=100)
    data = bytearray(source.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    source.write_bytes(data)
    path = write(
        tmp_path / "out.mp4", [still(n, size=(160, 120)) for n in range(100)], audio_from=source
    )
    assert len(clips.frame_times(path)) == 100
    assert len(clips.sound_packets(path)) > 40
