from dataclasses import replace

import pytest
from looking import BUSY, GONE

from posestream.runtime.status import Histogram, StreamState
from posestream.serving.answers import cleaned, described, readiness


def test_a_secret_that_somebody_forgot_is_hidden_wherever_it_stands():
    status = replace(
        GONE,
        input="rtsp://admin:hunter2@camera/yard",
        error="rtsp://admin:hunter2@camera/yard?token=hunter2: timed out",
    )
    told = str(described([status]))
    assert "hunter2" not in told
    assert "camera/yard" in told


def test_what_json_cannot_say_is_null():
    slow = Histogram((0,) * 13 + (4,), 100.0)
    (status,) = described([replace(BUSY, latency=slow)])
    assert isinstance(status, dict)
    assert status["latency_p50_s"] is None
    assert cleaned([float("nan"), (1, True)]) == [None, [1, True]]


@pytest.mark.parametrize("state", [StreamState.RUNNING, StreamState.ENDED, StreamState.STOPPED])
def test_streams_that_run_or_are_over_are_ready(state: StreamState):
    assert readiness([BUSY, replace(GONE, state=state)]) == (True, {"ready": True, "streams": {}})


@pytest.mark.parametrize(
    "state", [StreamState.WAITING, StreamState.CONNECTING, StreamState.RETRYING]
)
def test_a_stream_that_should_run_and_does_not_is_named(state: StreamState):
    ready, answer = readiness([BUSY, replace(GONE, state=state)])
    assert not ready
    assert answer["streams"] == {"gate": {"state": state.value, "error": "connection refused"}}


def test_no_streams_are_ready():
    assert readiness([])[0]
