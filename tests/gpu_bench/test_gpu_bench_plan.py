"""What a plan allows, and which settings runs get."""

from pathlib import Path

import pytest

from posestream.errors import ConfigError
from posestream.gpu_bench.networks import BenchNetwork
from posestream.gpu_bench.plan import CODECS, STEPS, Plan, parsed_names

NETWORK = BenchNetwork("embedded", "movenet-multipose", made_up=False)
CLIP = Path("clip.mp4")


def test_names_come_back_once_and_in_their_order():
    assert parsed_names("only", "density, decode,decode", STEPS) == ("decode", "density")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h265", r"codecs: 'h265' is not allowed.*Allowed, by commas: h264, hevc"),
        (" , ", r"codecs: none given; allowed, by commas: h264, hevc"),
    ],
)
def test_a_name_that_is_none_is_refused(text: str, message: str):
    with pytest.raises(ConfigError, match=message):
        parsed_names("codecs", text, CODECS)


@pytest.mark.parametrize(
    "wrong", [{"networks": ("r50",)}, {"codecs": ("av1",)}, {"steps": ("fast",)}]
)
def test_a_plan_refuses_what_it_does_not_know(wrong: dict):
    with pytest.raises(ConfigError, match="is not allowed"):
        Plan(**wrong)


def test_a_soak_is_not_measured_unless_it_is_asked_for():
    assert "soak" not in Plan().steps


def test_streams_run_with_everything_on(tmp_path: Path):
    config = Plan(device="cpu").streaming(NETWORK, CLIP, tmp_path, count=3, live=False)
    assert config.input == ("clip.mp4",) * 3
    assert (config.stream.loop, config.stream.realtime, config.stream.interval) == (True, False, 1)
    assert config.analysis.track
    assert config.tiling.mosaic
    assert config.outputs.publish == str(tmp_path / "mosaic.m3u8")
    assert not config.outputs.video
    assert config.outputs.formats == ()


def test_more_streams_than_usual_are_all_open_at_once(tmp_path: Path):
    config = Plan(device="cpu").streaming(NETWORK, CLIP, tmp_path, count=150, live=True)
    assert config.sharing.concurrent == 150
    assert config.stream.realtime


def test_decoding_alone_looks_for_nobody_and_draws_nothing(tmp_path: Path):
    config = Plan(device="cpu").decoding(NETWORK, CLIP, tmp_path, count=3)
    assert config.stream.interval == 1000
    assert config.outputs.publish is None
    assert not config.analysis.track


def test_settings_of_ones_own_are_in_every_run(tmp_path: Path):
    plan = Plan(device="cpu", mosaic=False, settings={"batch": "8", "precision": "f32"})
    config = plan.streaming(NETWORK, CLIP, tmp_path, count=2, live=True)
    assert (config.sharing.batch, config.estimator.precision) == (8, "f32")
    assert config.outputs.publish is None


def test_a_setting_that_runs_do_not_know_is_refused(tmp_path: Path):
    plan = Plan(device="cpu", settings={"batches": 8})
    with pytest.raises(ConfigError, match="batches: no such setting"):
        plan.config(NETWORK, CLIP, tmp_path)
