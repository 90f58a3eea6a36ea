"""The search with made-up trials, and once with real streams."""

import json
from pathlib import Path

import av
import pytest
from made_up_trials import trial

from posestream.config import load_config
from posestream.density.chart import draw_density
from posestream.density.clip import Clip, Encoding, inspect_clip, make_camera_clip
from posestream.density.figures import density_figures
from posestream.density.finding import Density, Series, find_density, find_series, playing
from posestream.density.limits import Limits
from posestream.density.trials import Trial
from posestream.errors import SourceError
from posestream.runtime.stopping import StopFlag

LIMITS = Limits(decode_fps=300.0, infer_fps=90.0, infer_s=0.02)


def series(measure, **options) -> tuple[Series, list]:
    told = []
    settings = {"interval": 1, "most": 16, "inference_s": 0.02, **options}
    found = find_series(
        measure, on_trial=lambda one, reasons: told.append((one.streams, bool(reasons))), **settings
    )
    return found, told


def up_to(capacity: int):
    """Return a machine that drops every second frame past its capacity."""

    def measure(count: int) -> Trial:
        frames = 300 if count <= capacity else 150
        return trial(count, frames=(frames,) * count, dropped=(300 - frames,) * count)

    return measure


def test_a_series_finds_the_most_and_keeps_and_tells_every_trial():
    found, told = series(up_to(5))
    assert (found.most, found.complete) == (5, True)
    assert [one.streams for one in found.trials] == [1, 2, 4, 8, 6, 5]
    assert told == [(1, False), (2, False), (4, False), (8, True), (6, True), (5, False)]


def test_a_series_that_held_to_the_end_is_not_complete():
    assert series(up_to(99))[0].complete is False


def test_a_stopped_series_keeps_what_was_measured():
    held = up_to(99)
    found, _ = series(lambda count: held(count) if count < 4 else None)
    assert (found.most, found.complete, len(found.trials)) == (2, False, 2)


def test_every_stream_plays_the_clip_live_and_without_end(demo_clip: Path, tmp_path: Path):
    clip = inspect_clip(demo_clip)
    config = load_config(None, {"input": str(demo_clip), "output": tmp_path, "video": False})
    many = playing(config, clip, 3, interval=5)
    assert many.input == (str(demo_clip),) * 3
    assert (many.stream.realtime, many.stream.loop, many.stream.interval) == (True, True, 5)


def test_a_camera_clip_is_like_a_cameras(tmp_path: Path):
    path = make_camera_clip(tmp_path / "camera.mp4", seconds=1.0, size=(320, 180))
    clip = inspect_clip(path)
    assert (clip.size, clip.rate) == ((320, 180), 30.0)
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 30
    assert clip.bit_rate > 200_000  # grain costs bits, which a drawn picture would not


@pytest.mark.parametrize(
    ("encoding", "codec"), [(Encoding("libx265", 1_000_000, True), "hevc"), (Encoding(), "h264")]
)
def test_clips_have_pictures_out_of_order_only_if_they_may(
    encoding: Encoding, codec: str, tmp_path: Path
):
    path = make_camera_clip(tmp_path / "clip.mp4", seconds=0.5, size=(320, 180), encoding=encoding)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == codec
        times = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert (times != sorted(times)) == encoding.reordered


def test_a_clip_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(SourceError, match=r"text\.mp4"):
        inspect_clip(tmp_path / "text.mp4")


class Told:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.limits: list[Limits] = []
        self.trials: list[Trial] = []

    def begins(self, what: str) -> None:
        pass

    def limited(self, limits: Limits) -> None:
        self.limits.append(limits)

    def measured(self, trial: Trial, reasons) -> None:
        self.trials.append(trial)


def test_real_streams_are_measured_one_count_after_the_other(demo_clip: Path, tmp_path: Path):
    given = {"input": str(demo_clip), "output": tmp_path, "video": False, "profile": "fast"}
    told = Told()
    density = find_density(
        load_config(None, given),
        inspect_clip(demo_clip),
        intervals=(10,),
        most=2,
        warm_up_s=0.2,
        seconds=1.0,
        stop=StopFlag(),
        progress=told,
    )
    assert told.limits == [density.limits]
    assert density.limits.decode_fps > 30
    assert told.trials == list(density.series[0].trials)
    one = told.trials[0]
    assert (one.streams, one.interval, one.rate) == (1, 10, 30.0)
    assert 0 < one.frames[0] <= 40
    assert 0 < one.latency_p50_s <= one.latency_p99_s
    assert one.estimate_s > 0


def test_nothing_is_measured_once_it_is_stopped(demo_clip: Path, tmp_path: Path):
    stop = StopFlag()
    stop.request()
    given = {"input": str(demo_clip), "output": tmp_path, "video": False, "profile": "fast"}
    density = find_density(
        load_config(None, given),
        inspect_clip(demo_clip),
        intervals=(1, 5),
        most=2,
        warm_up_s=0.2,
        seconds=0.5,
        stop=stop,
        progress=Told(),
    )
    assert [(one.most, one.complete, one.trials) for one in density.series] == [(0, False, ())]


@pytest.fixture
def density() -> Density:
    clip = Clip(Path("clip.mp4"), (1920, 1080), 30.0, 4e6)
    found = [series(up_to(most), interval=n)[0] for n, most in ((1, 3), (5, 9))]
    return Density(clip, "a network", LIMITS, tuple(found))


def test_figures_are_json_in_order_of_streams(density: Density):
    figures = json.loads(json.dumps(density_figures(density)))
    first = figures["series"][0]
    assert (first["interval"], first["most_sustained"], first["complete"]) == (1, 3, True)
    assert [one["streams"] for one in first["trials"]] == [1, 2, 3, 4]
    assert [one["sustained"] for one in first["trials"]] == [True, True, True, False]
    assert first["trials"][-1]["reasons"] == ["15.0 of 30 fps", "50.0 % dropped"]
    assert figures["bars"]["latency_p99_ms"] == pytest.approx(86.7)


def test_a_trial_without_a_frame_has_no_latency_in_json(density: Density):
    from dataclasses import replace

    none = trial(1, frames=(0,), latency_p50_s=float("inf"), latency_p99_s=float("inf"))
    empty = Series(1, 0, (none,), complete=True)
    figures = density_figures(replace(density, series=(empty,)))
    assert figures["series"][0]["trials"][0]["latency_p99_ms"] is None


def test_the_chart_is_a_picture(density: Density, tmp_path: Path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "density.png"
    draw_density(density, path)
    with av.open(str(path)) as picture:
        frame = next(picture.decode(video=0))
    assert (frame.width, frame.height) == (960, 720)
    assert len(set(frame.to_ndarray(format="gray").ravel().tolist())) > 20


def test_limits_tell_how_many_streams_each_part_would_allow():
    assert LIMITS.streams(30.0) == (10.0, 3.0)
    assert LIMITS.streams(30.0, interval=5) == (10.0, 15.0)
