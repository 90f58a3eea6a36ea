import threading
from pathlib import Path

import pytest

import posestream
from posestream.errors import ConfigError, SourceError, SourceNotFoundError
from posestream.runtime.status import StreamState


@pytest.fixture
def streams():
    with posestream.Streams(profile="fast", threads=1) as streams:
        yield streams


def frames_by_stream(streams: posestream.Streams) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for prediction in streams:
        found.setdefault(prediction.stream, []).append(prediction.result.frame)
    return found


def test_many_videos_are_read_side_by_side_each_in_order(streams, demo_clip: Path):
    names = [streams.add(demo_clip, end=0.4), streams.add(demo_clip, end=0.2, name="second")]
    assert names == ["people", "second"]
    assert frames_by_stream(streams) == {"people": list(range(12)), "second": list(range(6))}
    assert {status.state for status in streams.statuses()} == {StreamState.ENDED}


def test_streams_of_one_input_get_names_of_their_own(streams):
    names = [streams.add("fake:64x64@30?frames=2") for _ in range(3)]
    assert names == ["fake", "fake-2", "fake-3"]
    assert frames_by_stream(streams) == {name: [0, 1] for name in names}


def test_a_stream_may_be_added_and_removed_while_others_run(streams):
    streams.add("fake:64x64@50?realtime=1", name="camera")
    seen: list[str] = []
    for prediction in streams:
        seen.append(prediction.stream)
        if len(seen) == 3:
            streams.add("fake:64x64@50?frames=5", name="guest")
        if seen[-1] == "guest" and seen.count("guest") == 5:
            streams.remove("camera")
    assert seen.count("guest") == 5
    assert [status.name for status in streams.statuses()] == ["guest"]


def test_a_stopped_stream_waits_to_be_started_again(streams):
    name = streams.add("fake:64x64@50?realtime=1", start_now=False)
    assert streams.statuses()[0].state is StreamState.WAITING
    assert list(streams) == []
    streams.start(name)
    assert len(next(iter(streams)).image.rgb()) == 64
    streams.stop(name)
    assert all(prediction.stream == name for prediction in streams)
    assert streams.statuses()[0].state is StreamState.STOPPED


def test_a_stream_that_fails_is_told_of_and_the_others_go_on(streams, tmp_path: Path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 5000)
    streams.add(broken)
    streams.add("fake:64x64@30?frames=4", name="fine")
    assert frames_by_stream(streams) == {"fine": [0, 1, 2, 3]}
    assert isinstance(streams.errors()["broken"], SourceError)


def test_leaving_early_leaves_no_thread_behind(demo_clip: Path):
    before = set(threading.enumerate())
    with posestream.Streams(profile="fast", threads=1) as streams:
        streams.add(demo_clip, loop=True)
        streams.add("fake:64x64@50?realtime=1")
        next(iter(streams))
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before


def test_wrong_calls_are_named(streams):
    with pytest.raises(ConfigError, match=r"intervall: no such setting. Allowed: .*interval"):
        streams.add("fake:", intervall=3)
    with pytest.raises(ConfigError, match=r"interval: .*greater than or equal to 1"):
        streams.add("fake:", interval=0)
    with pytest.raises(SourceNotFoundError, match=r"nothing\.mp4"):
        streams.add("nothing.mp4")
    with pytest.raises(ConfigError, match="no variable NO_SUCH_VARIABLE"):
        streams.add("rtsp://${NO_SUCH_VARIABLE}@camera/live")
    with pytest.raises(SourceError, match="gopher://"):
        streams.add("gopher://camera")
    with pytest.raises(KeyError):
        streams.stop("nobody")


def test_one_stream_gives_its_failure_at_the_end(tmp_path: Path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 5000)
    with pytest.raises(SourceError, match=r"broken\.mp4"):
        list(posestream.stream(broken, profile="fast", threads=1))
