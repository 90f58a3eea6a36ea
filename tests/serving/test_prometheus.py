from dataclasses import replace

import pytest
from looking import BUSY, GONE
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse

import posestream
from posestream.runtime.metrics import StageTime
from posestream.runtime.status import LATENCY_BOUNDS_S, StreamState, StreamStatus
from posestream.serving.gpus import GpuUse
from posestream.serving.machine import ProcessUse
from posestream.serving.metrics import StatusCollector, exposition

GPU = GpuUse(0, "Some GPU", 3_000, 9_000, 0.25, 0.6, None)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def collector(*statuses: StreamStatus) -> StatusCollector:
    return StatusCollector(
        streams=lambda: statuses or (BUSY, GONE),
        stages=lambda: {"infer": StageTime(40, 2.5), "write data": StageTime(41, 0.25)},
        estimator="movenet-paf at rtsp://user:hunter2@host/",
        machine=lambda: ProcessUse(12.5, 1_000_000, 9, 30),
        gpus=lambda: [GPU],
    )


def samples(text: str, read=parse) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in read(text)
        for sample in family.samples
    }


def scraped(*statuses: StreamStatus) -> Samples:
    text, _ = exposition(collector(*statuses), "")
    return samples(text.decode())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frames_total", 1200),
        ("inferred_frames_total", 1100),
        ("dropped_frames_total", 7),
        ("corrupt_frames_total", 3),
        ("reconnects_total", 1),
        ("poses_total", 2300),
        ("people", 2),
        ("queue_depth", 4),
        ("fps", 24.9),
        ("last_frame_age_seconds", 0.02),
        ("stream_up", 1),
        ("latency_seconds_sum", 31.5),
        ("latency_seconds_count", 10),
    ],
)
def test_a_stream_counts_under_its_name(name: str, value: float):
    assert scraped()[f"posestream_{name}", (("stream", "yard"),)] == value


def test_buckets_count_all_that_is_below_their_edge():
    found = scraped()
    counts = [
        found["posestream_latency_seconds_bucket", (("le", str(edge)), ("stream", "yard"))]
        for edge in (*LATENCY_BOUNDS_S, "+Inf")
    ]
    assert counts == [0, 0, 5, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 10]


def test_a_stream_is_in_one_state_of_all():
    found = scraped()
    states = {
        state.value: found["posestream_stream_state", (("state", state.value), ("stream", "gate"))]
        for state in StreamState
    }
    assert states == {state.value: float(state.value == "retrying") for state in StreamState}
    assert found["posestream_stream_up", (("stream", "gate"),)] == 0


def test_a_stream_without_frames_has_no_age():
    assert ("posestream_last_frame_age_seconds", (("stream", "gate"),)) not in scraped()


def test_stages_the_process_and_gpus_are_measured():
    found = scraped()
    gpu = (("gpu", "0"), ("name", "Some GPU"))
    assert found["posestream_stage_seconds_total", (("stage", "infer"),)] == 2.5
    assert found["posestream_stage_calls_total", (("stage", "write data"),)] == 41
    assert found["process_cpu_seconds_total", ()] == 12.5
    assert found["process_resident_memory_bytes", ()] == 1_000_000
    assert found["process_threads", ()] == 9
    assert found["process_open_fds", ()] == 30
    assert found["posestream_gpu_utilization_ratio", gpu] == 0.25
    assert found["posestream_gpu_decoder_utilization_ratio", gpu] == 0.6
    assert found["posestream_gpu_memory_used_bytes", gpu] == 3_000
    assert found["posestream_gpu_memory_total_bytes", gpu] == 9_000
    assert ("posestream_gpu_encoder_utilization_ratio", gpu) not in found


def test_the_build_is_told_without_secrets():
    ((labels, value),) = [
        (dict(labels), value) for (name, labels), value in scraped().items() if "build" in name
    ]
    assert value == 1
    assert labels["version"] == posestream.__version__
    assert labels["estimator"] == "movenet-paf at rtsp://***@host/"


@pytest.mark.parametrize("name", ['a "quoted" \\ name', "zwei\nZeilen", "カメラ", ""])
def test_odd_names_survive_the_format(name: str):
    found = scraped(replace(BUSY, name=name))
    assert found["posestream_frames_total", (("stream", name),)] == 1200


def test_every_metric_has_a_help_and_a_name_of_the_house():
    text, _ = exposition(collector(), "")
    for family in parse(text.decode()):
        assert family.name.startswith(("posestream_", "process_"))
        assert family.documentation
        assert family.type != "unknown"


def test_openmetrics_is_spoken_to_those_who_ask():
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    text, media_type = exposition(collector(), accept)
    assert media_type.startswith("application/openmetrics-text")
    found = samples(text.decode(), parse_openmetrics)
    assert found["posestream_frames_total", (("stream", "yard"),)] == 1200


def test_no_streams_and_no_stages_are_no_error():
    empty = StatusCollector(
        streams=list, stages=None, estimator="", machine=lambda: ProcessUse(0.0), gpus=list
    )
    text, _ = exposition(empty, "")
    assert "process_cpu_seconds_total 0.0" in text.decode()
