import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import clips
from posestream.errors import ConfigError, OutputExistsError, SinkError
from posestream.images import HostImage
from posestream.sinks.video import VideoSink
from posestream.sources.file import VideoFileSource
from posestream.types import Frame

NTSC = Fraction(30000, 1001)


def frames_of(path: Path, **settings: float) -> Iterator[Frame]:
    source = VideoFileSource(path, **settings)
    yield from source.frames()
    source.close()


def copy(source: Path, target: Path, **settings: float) -> Path:
    """Write a clip again as a run does: every frame drawn on a copy."""
    opened = VideoFileSource(source, **settings)
    sink = VideoSink(
        target,
        frame_rate=opened.info.frame_rate,
        pixel_aspect=opened.info.pixel_aspect,
        audio_from=source,
    )
    for frame in opened.frames():
        drawn = frame.image.yuv420p_copy()
        sink.write(Frame(frame.stream, frame.index, frame.pts, frame.time_base, drawn, 0.0))
    sink.close()
    opened.close()
    return target


def still(
    number: int, *, size: tuple[int, int] = (320, 240), pts: int | None = None, rate: int = 25
) -> Frame:
    image = HostImage.from_rgb(clips.picture(number, size))
    return Frame("s", number, number if pts is None else pts, Fraction(1, rate), image, 0.0)


def write(path: Path, frames: list[Frame], **settings: object) -> Path:
    sink = VideoSink(path, **settings)
    for frame in frames:
        sink.write(frame)
    sink.close()
    return path


def boxes(path: Path) -> list[str]:
    data, position, found = path.read_bytes(), 0, []
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        found.append(data[position + 4 : position + 8].decode())
        position += size or len(data)
    return found


def numbers_in(path: Path) -> list[int]:
    return [clips.number_in(frame.image.rgb()) for frame in frames_of(path)]


def test_the_file_is_ordinary_h264_with_its_index_in_front(tmp_path: Path):
    path = write(tmp_path / "o.mp4", [still(n) for n in range(30)])
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert "mp4" in container.format.name
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert video.frames == 30
        assert video.average_rate == 25
    kinds = boxes(path)
    assert "moof" not in kinds
    assert kinds.index("moov") < kinds.index("mdat")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("suffix", "rate"), [("mp4", 25), ("mp4", NTSC), ("mkv", NTSC), ("ts", 25), ("avi", 30)]
)
def test_frames_and_times_are_the_inputs(tmp_path: Path, suffix: str, rate: Fraction):
    codec = "mpeg4" if suffix == "avi" else "libx264"
    source = clips.record(tmp_path / f"in.{suffix}", rate=rate, codec=codec, frames=60)
    target = copy(source, tmp_path / "out.mp4")
    assert clips.frame_times(target) == clips.frame_times(source)
    assert numbers_in(target) == list(range(60))


@pytest.mark.parametrize("tick", [Fraction(1, 90_000), Fraction(1, 1000), Fraction(1, 1_000_000)])
def test_variable_rates_are_kept_exactly(tmp_path: Path, tick: Fraction):
    steps = [1, 40, 3, 333, 41, 40, 2, 700, 40, 39] * 4
    times = [0, *itertools.accumulate(steps)]
    source = clips.record(tmp_path / "in.mp4", frames=41, times=times, time_base=tick * 7)
    target = copy(source, tmp_path / "out.mp4")
    assert clips.frame_times(target) == clips.frame_times(source)


def test_the_last_frame_stays_as_long_as_in_the_input(tmp_path: Path):
    source = clips.record(tmp_path / "in.mp4", frames=20, rate=NTSC)
    with av.open(str(source)) as given, av.open(str(copy(source, tmp_path / "o.mp4"))) as made:
        expected, video = given.streams.video[0], made.streams.video[0]
        assert video.duration * video.time_base == expected.duration * expected.time_base


def test_a_late_first_frame_comes_at_zero(tmp_path: Path):
    path = write(tmp_path / "o.mp4", [still(n, pts=1000 + 3 * n) for n in range(8)])
    assert clips.frame_times(path) == [Fraction(3 * n, 25) for n in range(8)]


def test_a_start_a_little_after_zero_is_kept(tmp_path: Path):
    path = write(tmp_path / "o.mp4", [still(n, pts=2 + n) for n in range(8)])
    assert clips.frame_times(path) == [Fraction(2 + n, 25) for n in range(8)]


def test_a_cut_begins_at_zero(tmp_path: Path):
    source = clips.record(tmp_path / "in.mp4", frames=100)
    target = copy(source, tmp_path / "out.mp4", start_s=1, end_s=2)
    assert clips.frame_times(target) == [Fraction(n, 25) for n in range(25)]
    assert numbers_in(target) == list(range(25, 50))


def test_rotated_video_is_written_upright_once(tmp_path: Path):
    source = clips.set_display_matrix(clips.record(tmp_path / "in.mp4"), clips.QUARTER)
    target = copy(source, tmp_path / "out.mp4")
    opened = VideoFileSource(target)
    assert opened.info.size == (240, 320)
    with av.open(str(target)) as container:
        assert next(container.decode(video=0)).rotation == 0


def test_pixel_aspect_and_colour_tags_are_carried(tmp_path: Path):
    source = tmp_path / "in.mp4"
    with av.open(str(source), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 352, 288, "yuv420p"
        context = video.codec_context
        context.sample_aspect_ratio = Fraction(12, 11)
        context.colorspace, context.color_range = 5, 1
        context.color_primaries, context.color_trc = 5, 6
        for n in range(3):
            frame = av.VideoFrame(352, 288, "yuv420p")
            frame.pts = n
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    with av.open(str(copy(source, tmp_path / "out.mp4"))) as container:
        context = container.streams.video[0].codec_context
        assert context.sample_aspect_ratio == Fraction(12, 11)
        assert (context.colorspace, context.color_range) == (5, 1)
        assert (context.color_primaries, context.color_trc) == (5, 6)


@pytest.mark.parametrize(
    "pixel_format",
    ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "rgb24", "bgra", "gray", "gbrp"],
)
def test_every_pixel_format_keeps_its_colours(tmp_path: Path, pixel_format: str):
    given = av.VideoFrame.from_ndarray(clips.picture(5), format="rgb24")
    image = HostImage(given.reformat(format=pixel_format, threads=1))
    frame = Frame("s", 0, 0, Fraction(1, 25), image, 0.0)
    path = write(tmp_path / "o.mp4", [frame], crf=4)
    with av.open(str(path)) as container:
        assert container.streams.video[0].pix_fmt == "yuv420p"
    shown = next(frames_of(path)).image.rgb()
    difference = np.abs(shown.astype(int) - image.rgb())
    assert np.median(difference) <= 3
    assert difference.mean() < 4


def test_an_odd_size_repeats_its_last_row_and_column(tmp_path: Path):
    path = write(tmp_path / "o.mp4", [still(200, size=(161, 121))], crf=1)
    shown = next(frames_of(path)).image.rgb().astype(int)
    assert shown.shape == (122, 162, 3)
    assert np.abs(shown[:, 161] - shown[:, 160]).max() <= 8
    assert np.abs(shown[121] - shown[120]).max() <= 8
    assert clips.number_in(shown[:121, :161].astype(np.uint8)) == 200


def test_later_frames_of_another_size_are_fitted_with_bars(tmp_path: Path):
    sizes = [(320, 240), (320, 240), (160, 240), (640, 480), (321, 11)]
    frames = [still(n, size=size) for n, size in enumerate(sizes)]
    shown = [f.image.rgb() for f in frames_of(write(tmp_path / "o.mp4", frames))]
    assert {rgb.shape for rgb in shown} == {(240, 320, 3)}
    assert clips.number_in(shown[2][:, 80:240]) == 2
    assert shown[2][:, :72].max() < 24
    assert clips.number_in(shown[3]) == 3


def test_frames_given_undrawn_do_not_pass_on_the_inputs_key_frames(tmp_path: Path):
    source = clips.record(tmp_path / "in.mp4", frames=30, options={"g": "2"})
    path = write(tmp_path / "o.mp4", list(frames_of(source)))
    with av.open(str(path)) as container:
        keys = [p.is_keyframe for p in container.demux(video=0) if p.size]
    assert sum(keys) < 5


@pytest.mark.parametrize("size", [(1, 2), (16, 2), (4096, 2)])
def test_unusual_sizes_are_written(tmp_path: Path, size: tuple[int, int]):
    image = HostImage.from_rgb(np.full((size[1], size[0], 3), 99, np.uint8))
    frames = [Frame("s", n, n, Fraction(1, 25), image, 0.0) for n in range(3)]
    shown = list(frames_of(write(tmp_path / "o.mp4", frames)))
    assert len(shown) == 3
    assert shown[0].image.size == (size[0] + size[0] % 2, size[1])


def test_frames_too_large_for_h264_are_refused(tmp_path: Path):
    image = HostImage.from_rgb(np.zeros((2, 16_386, 3), np.uint8))
    sink = VideoSink(tmp_path / "o.mp4")
    with pytest.raises(SinkError, match=r"frames of 16386 x 2 pixels; H\.264 holds at most 16384"):
        sink.write(Frame("s", 0, 0, Fraction(1, 25), image, 0.0))
    sink.close()


def test_settings_are_checked(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"'superfats' is not one of .* Did you mean 'superfast'"):
        VideoSink(tmp_path / "o.mp4", preset="superfats")
    with pytest.raises(ConfigError, match="crf: 52 is not between 0 and 51"):
        VideoSink(tmp_path / "o.mp4", crf=52)


def test_an_existing_file_is_kept_unless_overwriting_is_asked_for(tmp_path: Path):
    path = tmp_path / "o.mp4"
    path.write_text("precious")
    with pytest.raises(OutputExistsError, match=r"o\.mp4: exists"):
        VideoSink(path)
    sink = VideoSink(path, overwrite=True)
    assert path.read_text() == "precious"
    sink.write(still(0))
    sink.close()
    assert numbers_in(path) == [0]


def test_a_folder_is_made_where_it_is_missing(tmp_path: Path):
    path = write(tmp_path / "a/b/o.mp4", [still(0)])
    assert numbers_in(path) == [0]


def test_no_frames_leave_no_file(tmp_path: Path):
    sink = VideoSink(tmp_path / "o.mp4")
    sink.close()
    sink.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_after_closing(tmp_path: Path):
    sink = VideoSink(tmp_path / "o.mp4")
    sink.write(still(0))
    sink.close()
    sink.close()
    with pytest.raises(SinkError, match=r"o\.mp4: is closed"):
        sink.write(still(1))
    assert numbers_in(tmp_path / "o.mp4") == [0]


def test_real_clips_keep_every_frame_time_and_sound(tmp_path: Path, shared: Path):
    source = shared / "data/clips/gmdcsa24/Subject_1_Fall_13.mp4"
    target = copy(source, tmp_path / "out.mp4")
    assert clips.frame_times(target) == clips.frame_times(source)
    assert clips.sound_packets(target) == clips.sound_packets(source)
