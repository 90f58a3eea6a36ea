import gc
import importlib.util
import itertools
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import clips
from posestream.errors import ConfigError, MissingDependencyError, SourceError
from posestream.sources.gstreamer import GStreamerSource
from posestream.sources.gstreamer_pipeline import gstreamer
from posestream.sources.gstreamer_samples import frame_of_buffer, sample_layout
from posestream.types import Frame

DEBIANS = Path("/usr/lib/python3/dist-packages/gi")
FORMATS = (
    *("I420", "NV12", "GRAY8"),
    *("RGB", "BGR", "RGBx", "BGRx", "RGBA", "BGRA"),
)
BROWN = (
    "videotestsrc num-buffers=1 pattern=solid-color foreground-color=0xffc84628"
    " ! video/x-raw,format=RGB ! videoconvert ! videoscale"
)
"""One picture of red 200, green 70, blue 40, to be converted to what is asked for."""


@pytest.fixture(scope="module", autouse=True)
def gi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """PyGObject: the environment's own, or Debian's for the same Python."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyGObject's own, while it is imported
        if importlib.util.find_spec("gi") is None and DEBIANS.is_dir():
            folder = tmp_path_factory.mktemp("debian")
            (folder / "gi").symlink_to(DEBIANS)
            patch.syspath_prepend(folder)
        gstreamer.cache_clear()
        try:
            gstreamer()
        except MissingDependencyError as error:
            pytest.skip(str(error))
        yield


def read(pipeline: str, **settings: float) -> list[Frame]:
    source = GStreamerSource(pipeline, name="cam", **settings)
    try:
        return list(source.frames())
    finally:
        source.close()


def test_pictures_come_once_in_order_with_the_pipelines_times():
    source = GStreamerSource(
        "videotestsrc num-buffers=30 ! video/x-raw,width=160,height=120,framerate=25/1", name="cam"
    )
    assert (source.info.size, source.info.frame_rate) == ((160, 120), 25)
    assert (source.info.live, source.info.still, source.info.frame_count) == (False, False, None)
    frames = list(source.frames())
    source.close()
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.pts * frame.time_base for frame in frames] == [Fraction(n, 25) for n in range(30)]
    assert {frame.stream for frame in frames} == {"cam"}
    assert {frame.image.size for frame in frames} == {(160, 120)}


def test_every_picture_of_a_file_comes_once_however_slowly_it_is_read(tmp_path: Path):
    path = clips.record(tmp_path / "a.avi", codec="mjpeg", pixel_format="yuvj420p", frames=12)
    source = GStreamerSource(f"filesrc location={path} ! avidemux ! jpegdec", name="cam")
    numbers = []
    for frame in source.frames():
        time.sleep(0.02)
        numbers.append(clips.number_in(frame.image.rgb()))
    source.close()
    assert numbers == list(range(12))


def test_a_live_pipeline_drops_old_pictures_when_nobody_takes_them():
    source = GStreamerSource(
        "videotestsrc is-live=true num-buffers=60 ! video/x-raw,framerate=100/1", name="cam"
    )
    assert source.info.live
    frames = source.frames()
    next(frames)
    time.sleep(0.4)
    rest = list(frames)
    source.close()
    assert [frame.index for frame in rest] == list(range(1, len(rest) + 1))
    assert max(b.pts_s - a.pts_s for a, b in itertools.pairwise(rest)) < 0.2
    assert rest[0].pts_s > 0.2


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", [(160, 120), (161, 91)])
def test_colours_of_every_format_are_right(pixel_format: str, size: tuple[int, int]):
    caps = f"video/x-raw,format={pixel_format},width={size[0]},height={size[1]}"
    (frame,) = read(f"{BROWN} ! {caps} ! appsink")
    expected = [105, 105, 105] if pixel_format == "GRAY8" else [200, 70, 40]
    assert frame.image.size == size
    assert np.abs(frame.image.rgb() - np.array(expected)).max() <= 6


@pytest.mark.parametrize(
    ("colorimetry", "colorspace", "color_range"),
    [("bt709", 1, 1), ("bt601", 6, 1), ("1:3:5:1", 1, 2), ("1:4:0:0", 6, 2)],
)
def test_range_and_matrix_reach_the_frame(colorimetry: str, colorspace: int, color_range: int):
    (frame,) = read(f"{BROWN} ! video/x-raw,format=I420,colorimetry={colorimetry}")
    assert frame.image.frame.colorspace == colorspace
    assert frame.image.frame.color_range == color_range
    assert np.abs(frame.image.rgb() - np.array([200, 70, 40])).max() <= 6


def test_a_size_that_changes_midway_goes_on():
    small, large = (
        f"videotestsrc num-buffers=3 ! video/x-raw,framerate=25/1,{size} ! both."
        for size in ("width=64,height=48", "width=161,height=121")
    )
    frames = read(f"{small} {large} concat name=both")
    assert [frame.image.size for frame in frames] == [(64, 48)] * 3 + [(161, 121)] * 3
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))
    assert frames[-1].image.rgb().shape == (121, 161, 3)


def test_pixels_that_are_not_square_are_told():
    source = GStreamerSource(
        "videotestsrc num-buffers=1 ! video/x-raw,pixel-aspect-ratio=4/3", name="cam"
    )
    source.close()
    assert source.info.pixel_aspect == Fraction(4, 3)


def layout_and_libraries(caps: str):
    gst, video = gstreamer()
    return sample_layout(video, gst.Caps.from_string(caps), name="cam"), gst, video


def test_rows_and_planes_lie_where_the_buffer_says():
    layout, gst, video = layout_and_libraries("video/x-raw,format=NV12,width=6,height=4")
    content = np.full(400, 99, np.uint8)
    content[10:].reshape(-1, 30)[:4, :6] = np.arange(24).reshape(4, 6)
    content[200:].reshape(-1, 20)[:2, :6] = 128
    buffer = gst.Buffer.new_wrapped(content.tobytes())
    video.buffer_add_video_meta_full(
        buffer, 0, video.VideoFormat.NV12, 6, 4, 2, [10, 200, 0, 0], [30, 20, 0, 0]
    )
    frame = frame_of_buffer(gst, video, buffer, layout)
    luma, chroma = frame.planes
    rows = np.frombuffer(luma, np.uint8).reshape(4, -1)[:, :6]
    assert rows.tolist() == np.arange(24).reshape(4, 6).tolist()
    assert (np.frombuffer(chroma, np.uint8).reshape(2, -1)[:, :6] == 128).all()


def test_a_last_row_without_padding_is_whole():
    layout, gst, video = layout_and_libraries("video/x-raw,format=RGB,width=3,height=2")
    content = bytes(range(12 + 9))  # rows of 9 bytes, 12 apart
    frame = frame_of_buffer(gst, video, gst.Buffer.new_wrapped(content), layout)
    assert frame.to_ndarray()[1].ravel().tolist() == list(range(12, 21))


def test_a_buffer_with_less_than_a_picture_gives_none():
    layout, gst, video = layout_and_libraries("video/x-raw,format=I420,width=64,height=48")
    short = gst.Buffer.new_wrapped(bytes(64 * 48 * 3 // 2 - 1))
    assert frame_of_buffer(gst, video, short, layout) is None


@pytest.mark.parametrize(
    ("caps", "message"),
    [
        ("video/x-h264", "cam: the pipeline delivers video/x-h264, must be video/x-raw in memory"),
        ("video/x-raw(memory:NVMM),format=NV12,width=64,height=48", r"video/x-raw\(memory:NVMM\)"),
        ("video/x-raw,format=v308,width=64,height=48", "cam: pictures are v308, must be one of I4"),
        ("video/x-raw,format=NV12,width=20000,height=20000", "pictures of 20000 x 20000 pixels"),
        ("video/x-raw,format=NV12", "cam: the pipeline delivers unusable pictures: video/x-raw"),
    ],
)
def test_what_is_no_picture_in_memory_is_refused(caps: str, message: str):
    with pytest.raises(SourceError, match=message):
        layout_and_libraries(caps)


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("no-such-element ! queue", 'cam: the GStreamer .* understood: no element "no-such-el'),
        ("", "cam: the GStreamer pipeline cannot be understood: syntax error"),
        ("videotestsrc num-buffers=\0", "cam: the GStreamer pipeline cannot be understood"),
        ("videotestsrc \ud800", "cam: the GStreamer pipeline cannot be understood: not valid text"),
        ("appsink", "cam: a GStreamer pipeline must be as 'v4l2src ! queue'"),
        (
            "videotestsrc ! appsink videotestsrc ! appsink",
            "cam: the pipeline has 2 appsinks, must be one",
        ),
    ],
)
def test_a_pipeline_that_cannot_be_understood_is_a_wrong_setting(pipeline: str, message: str):
    with pytest.raises(ConfigError, match=message):
        GStreamerSource(pipeline, name="cam")


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("v4l2src device=/dev/video77", "cam: v4l2src.*: Cannot identify device '/dev/video77'"),
        ("filesrc location=/no/such ! decodebin", "cam: filesrc.* (No such file|Resource)"),
        ("videotestsrc ! x264enc ! appsink", "cam: the pipeline delivers video/x-h264"),
        ("videotestsrc num-buffers=0", "cam: the pipeline ended before its first picture"),
        ("videotestsrc ! identity error-after=2", "cam: identity.*: Failed after iterations"),
    ],
)
def test_what_goes_wrong_is_told_with_the_element(pipeline: str, message: str):
    with pytest.raises(SourceError, match=message) as caught:
        read(pipeline)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("live", ["true", "false"])
def test_a_pipeline_that_gives_nothing_is_given_up(live: str):
    with pytest.raises(SourceError, match=r"cam: the pipeline gave no picture for 0\.3 s"):
        read(f"videotestsrc is-live={live} ! identity drop-probability=1", timeout_s=0.3)


def test_a_pipeline_that_stalls_later_is_given_up_too():
    source = GStreamerSource(
        "videotestsrc is-live=true ! video/x-raw,framerate=1/60", name="cam", timeout_s=0.3
    )
    frames = source.frames()
    assert next(frames).index == 0
    with pytest.raises(SourceError, match=r"cam: the pipeline gave no picture for 0\.3 s"):
        next(frames)
    source.close()


def test_a_timeout_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="cam: timeout 0 s must be above 0"):
        GStreamerSource("videotestsrc", name="cam", timeout_s=0)


@pytest.mark.parametrize(
    "pipeline",
    [
        "rtspsrc location=rtsp://u:hidden@127.0.0.1:1/x user-id=hidden user-pw=hidden ! decodebin",
        "videotestsrc num-buffers=hidden user-pw=hidden",
        'filesrc location="rtsp://u:hidden@h/x" ! decodebin',
    ],
)
def test_errors_do_not_repeat_passwords(pipeline: str):
    with pytest.raises((SourceError, ConfigError)) as caught:
        GStreamerSource(pipeline, name="cam", timeout_s=5)
    assert "cam: " in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_closing_from_another_thread_wakes_a_waiting_reader():
    source = GStreamerSource("videotestsrc is-live=true ! video/x-raw,framerate=1/60", name="cam")
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.extend(f.index for f in source.frames()))
    reader.start()
    while not got:
        time.sleep(0.01)
    source.close()
    source.close()
    reader.join(5)
    assert not reader.is_alive()
    assert got == [0]


def test_a_closed_source_has_no_frames():
    source = GStreamerSource("videotestsrc", name="cam")
    source.close()
    assert list(source.frames()) == []


def test_a_source_that_is_forgotten_is_stopped(capfd: pytest.CaptureFixture[str]):
    source = GStreamerSource("videotestsrc is-live=true", name="cam")
    del source
    gc.collect()
    assert "CRITICAL" not in capfd.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts what Linux shows")
def test_opening_and_closing_again_and_again_leaves_nothing_behind():
    def once() -> None:
        source = GStreamerSource("videotestsrc is-live=true ! video/x-raw,width=640", name="cam")
        next(source.frames())
        source.close()

    def open_things() -> tuple[int, ...]:
        gc.collect()
        return tuple(len(os.listdir(f"/proc/self/{kind}")) for kind in ("fd", "task"))

    for _ in range(5):
        once()
    files, threads = open_things()
    for _ in range(30):
        once()
    files_after, threads_after = open_things()
    assert files_after <= files
    assert threads_after <= threads + 3  # GLib keeps a few to use again


def test_without_pygobject_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    gstreamer.cache_clear()
    monkeypatch.setitem(sys.modules, "gi", None)
    with pytest.raises(MissingDependencyError, match="apt install python3-gi gir1"):
        GStreamerSource("videotestsrc", name="cam")
    gstreamer.cache_clear()


def test_without_gstreamer_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    def missing(namespace: str, version: str) -> None:
        raise ValueError(f"Namespace {namespace} not available")

    gstreamer.cache_clear()
    monkeypatch.setattr(sys.modules["gi"], "require_version", missing)
    with pytest.raises(MissingDependencyError, match=r"Gst not available.*pip install PyGObject"):
        GStreamerSource("videotestsrc", name="cam")
    gstreamer.cache_clear()
