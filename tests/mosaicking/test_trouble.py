import pytest

from posestream.mosaicking.trouble import trouble_of
from posestream.runtime.status import StreamState, StreamStatus


@pytest.mark.parametrize(
    ("state", "more", "words"),
    [
        (StreamState.RUNNING, {}, None),
        (StreamState.ENDED, {}, None),
        (StreamState.WAITING, {}, "waiting"),
        (StreamState.CONNECTING, {}, "connecting"),
        (StreamState.STOPPED, {}, "stopped"),
        (StreamState.RETRYING, {"retry_in_s": 3.2}, "retrying in 4 s"),
        (StreamState.RETRYING, {"retry_in_s": -0.1}, "retrying in 0 s"),
        (StreamState.RETRYING, {}, "retrying"),
        (StreamState.FAILED, {"error": "no such camera"}, "failed: no such camera"),
        (StreamState.FAILED, {}, "failed"),
    ],
)
def test_a_tile_says_what_the_stream_is_doing(state, more, words):
    assert trouble_of(StreamStatus("yard", "rtsp://camera", state, **more)) == words
