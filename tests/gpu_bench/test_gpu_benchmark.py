"""The whole benchmark with real streams, on the CPU and small; then with runs that are made up."""

import json
from pathlib import Path
from typing import Any

import pytest

from posestream.config import Config
from posestream.errors import ConfigError, InferenceError
from posestream.gpu_bench.apart import run_here
from posestream.gpu_bench.chart import draw_figures
from posestream.gpu_bench.measuring import measure_gpu
from posestream.gpu_bench.plan import Plan
from posestream.gpu_bench.rows import rows_of
from posestream.gpu_bench.tasks import decoders_task
from posestream.runtime.stopping import StopFlag

pytest.importorskip("torch")
pytest.importorskip("onnx")


class Told:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.problems: dict[str, str] = {}

    def begins(self, what: str) -> None:
        self.begun.append(what)

    def measured(self, what: str, figures: Any) -> None:
        pass

    def failed(self, what: str, problem: str) -> None:
        self.problems[what] = problem


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, demo_clip: Path):
    """Return the figures of two streams of a small clip, their file, and mosaics of each run."""
    path = tmp_path_factory.mktemp("bench") / "gpu.json"
    plan = Plan(
        networks=("embedded",),
        clips=(demo_clip,),
        steps=("decode", "single", "throughput", "memory", "agreement", "soak"),
        streams=2,
        seconds=0.5,
        warm_up_s=0.1,
        sample_s=0.2,
        device="cpu",
        settings={"profile": "fast"},
    )
    told, written = Told(), []

    def run(task, *arguments, **options):
        value = run_here(task, *arguments, **options)
        if isinstance(arguments[0], Config):
            written.append({file.suffix for file in arguments[0].output.glob("mosaic*")})
        return value

    figures = measure_gpu(plan, path, run=run, stop=StopFlag(), progress=told)
    assert told.problems == {}
    return figures, path, written


def test_a_mosaic_is_drawn_where_there_is_more_than_one_stream(measured):
    written = measured[2]
    decode, alone, latency, throughput = written[:4]
    assert ".m3u8" in throughput
    assert decode == alone == latency == set()


def test_all_figures_are_in_the_file(measured):
    figures, path, _ = measured
    assert json.loads(path.read_text()) == figures
    assert "made up" in figures["note"]
    assert figures["settings"]["streams"] == 2


def test_throughput_stands_beside_decoding_alone(measured, demo_clip: Path):
    figures = measured[0]
    decoded, all_on = (
        figures["decode"][demo_clip.stem],
        figures["networks"]["embedded"]["throughput"][demo_clip.stem],
    )
    assert decoded["streams"] == all_on["streams"] == 2
    assert decoded["fps"] > all_on["fps"] > 0
    assert all_on["of_decode_only"] == pytest.approx(all_on["fps"] / decoded["fps"], abs=1e-3)
    assert all_on["people_per_frame"] > 0


def test_a_single_stream_goes_as_fast_as_it_can_and_is_timed_from_its_packets(
    measured, demo_clip: Path
):
    single = measured[0]["networks"]["embedded"]["single"][demo_clip.stem]
    assert single["throughput"]["streams"] == 1
    timed = single["packet_to_pose"]
    assert timed["frames"] > 0
    assert 0 < timed["p50_ms"] <= timed["p99_ms"]


def test_the_device_agrees_with_the_cpu(measured):
    found = measured[0]["agreement"]["embedded"]["fast"]
    assert found["frames"] > 10
    assert found["pairs"] > 0
    assert found["oks_mean"] > 0.9


def test_a_soak_keeps_its_samples(measured, demo_clip: Path):
    soak = measured[0]["soak"][f"embedded {demo_clip.stem}"]
    times = [one["at_s"] for one in soak["samples"]]
    assert len(times) >= 3
    assert times == sorted(times)
    assert soak["growth"] == {"resident_mb": None, "gpu_mb": None}


def test_memory_is_compared_at_two_counts(measured, demo_clip: Path):
    memory = measured[0]["networks"]["embedded"]["memory"][demo_clip.stem]
    assert memory["streams"] == [1, 2]
    assert len(memory["resident_mb"]) == 2


def test_the_charts_are_a_picture(measured, tmp_path: Path):
    pytest.importorskip("matplotlib")
    draw_figures(measured[0], tmp_path / "gpu.png")
    assert (tmp_path / "gpu.png").read_bytes().startswith(b"\x89PNG")


def test_each_network_and_video_is_a_row(measured, demo_clip: Path):
    rows = rows_of(measured[0])
    assert [(row.network, row.video, row.problems) for row in rows] == [
        ("embedded", demo_clip.stem, ())
    ]
    assert rows[0].infer_only is None


def small(demo_clip: Path, **changes: Any) -> Plan:
    values = {"networks": ("embedded",), "clips": (demo_clip,), "device": "cpu", "streams": 2}
    return Plan(**{**values, "steps": ("decode", "throughput"), **changes})


def test_what_fails_is_noted_and_the_rest_goes_on(demo_clip: Path):
    def run(task, *arguments, tell, stop, timeout_s):
        if task is decoders_task:
            return {"decoder_fps": 5100.0}
        if arguments[0].stream.interval == 1:
            raise InferenceError("cuda:0: out of memory")
        return {"fps": 5000.0}

    told = Told()
    figures = measure_gpu(small(demo_clip), None, run=run, stop=StopFlag(), progress=told)
    assert figures["decode"][demo_clip.stem] == {"fps": 5000.0, "alone": {"decoder_fps": 5100.0}}
    row = rows_of(figures)[0]
    assert row.problems == ("throughput: cuda:0: out of memory",)
    assert (row.decoder, row.decode_only, row.of_decode_only) == (5100.0, 5000.0, None)
    assert list(told.problems.values()) == ["cuda:0: out of memory"]


def test_a_stop_keeps_what_is_known(demo_clip: Path):
    stop = StopFlag()

    def run(task, *arguments, tell, stop, timeout_s):
        stop.request()
        return {"fps": 5000.0}

    figures = measure_gpu(small(demo_clip), None, run=run, stop=stop, progress=Told())
    assert figures["decode"][demo_clip.stem] == {"fps": 5000.0}
    assert "throughput" not in figures["networks"]["embedded"]


def test_density_begins_where_throughput_says_and_ends_within_a_sixteenth(demo_clip: Path):
    from made_up_gpu_trials import sustained_up_to

    tried: list[int] = []
    figures = measure_gpu(
        small(demo_clip, steps=("throughput", "density")),
        None,
        run=sustained_up_to(150, fps=4800.0, tried=tried),
        stop=StopFlag(),
        progress=Told(),
    )
    density = figures["networks"]["embedded"]["density"][demo_clip.stem]
    assert tried[0] == 144
    assert 150 - density["within"] < density["streams"] <= 150
    assert [one["streams"] for one in density["trials"]] == tried
    assert any("dropped" in reason for reason in density["trials"][1]["reasons"])


def test_without_a_gpu_there_is_one_clear_error(demo_clip: Path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match=r"device: 'cuda:0' is not usable.*torch sees no GPU"):
        measure_gpu(
            small(demo_clip, device="cuda"),
            None,
            run=run_here,
            stop=StopFlag(),
            progress=Told(),
        )
