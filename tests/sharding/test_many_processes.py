"""Runs in several processes, compared with runs in one, ended, and killed."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from posestream.config import load_config
from posestream.errors import ConfigError, OutputExistsError, UnknownModelError
from posestream.pipeline import RunSummary, run
from posestream.runtime.status import StreamState, StreamStatus
from posestream.runtime.stopping import StopFlag

NOBODY = "http://127.0.0.1:1/hook"
"""A server that is not there."""


def settings(output: Path, **given):
    return load_config(None, {"output": output, "profile": "fast", **given})


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def pictures(video: Path) -> np.ndarray:
    with av.open(str(video)) as container:
        return np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)])


def child(name: str) -> int:
    """The process that says to be, for example, ``process 1 of 2`` of ours."""
    ours = [
        int(pid)
        for tasks in Path("/proc/self/task").glob("*/children")
        for pid in tasks.read_text().split()
    ]
    return next(pid for pid in ours if name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes())


def without_the_clock(data: bytes) -> bytes:
    return re.sub(rb'"wall_s":[0-9.]+', b"", data)


def both(
    demo_clip: Path, folder: Path, processes: int
) -> tuple[Path, RunSummary, list[list[StreamStatus]]]:
    seen: list[list[StreamStatus]] = []
    # All of one size: what a network with inputs of many sizes finds depends, in the third decimal,
    # on the order in which it met them.
    config = settings(
        folder,
        input=[
            "fake:320x180@30?frames=20",
            str(demo_clip),
            "fake:320x180@30?frames=24&fail_after=9",
        ],
        streams={"yard": {"input": str(demo_clip), "interval": 2, "end": 0.6}},
        zones={"all": {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "settle": 0.0}},
        webhook=[{"url": NOBODY, "give_up": 0}],
        mosaic_size="640x360",
        formats=("jsonl", "csv"),
        processes=processes,
    )
    return folder, run(config, on_status=lambda streams: seen.append(list(streams))), seen


@pytest.fixture(scope="module")
def in_one(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory):
    return both(demo_clip, tmp_path_factory.mktemp("one"), 1)


@pytest.fixture(scope="module")
def in_three(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory):
    return both(demo_clip, tmp_path_factory.mktemp("three"), 3)


def test_the_same_files_are_written_as_by_one_process(in_one, in_three):
    (one, first, _), (three, second, _) = in_one, in_three
    names = {path.name for path in one.iterdir()}
    assert {path.name for path in three.iterdir()} == names
    assert "people.poses.jsonl" in names
    for name in names:
        if name.endswith((".poses.jsonl", ".csv")):
            data = [without_the_clock((folder / name).read_bytes()) for folder in (one, three)]
            assert data[0] == data[1]
    assert {path.name for path in second.outputs} == {path.name for path in first.outputs}
    assert len(second.outputs) == len(first.outputs)


def test_the_mosaic_is_the_same_to_the_bit(in_one, in_three):
    (one, _, _), (three, _, _) = in_one, in_three
    assert np.array_equal(
        pictures(one / "Pose_Estimation.mp4"), pictures(three / "Pose_Estimation.mp4")
    )


def test_every_process_hands_its_events_to_the_same_webhooks(in_one, in_three):
    def unsent(folder: Path) -> set[tuple]:
        events = [row["event"] for row in rows(folder / "events.unsent.jsonl")]
        return {(e["stream"], e["event"], e["pts_s"], e["id"]) for e in events}

    (one, _, _), (three, _, _) = in_one, in_three
    assert unsent(three) == unsent(one)
    assert {stream for stream, *_ in unsent(three)} == {"people", "yard"}


def test_the_summary_tells_of_all_streams_in_their_order(in_one, in_three):
    (_, first, _), (_, second, seen) = in_one, in_three
    assert [(s.name, s.state, s.frames, s.inferred, s.error) for s in second.streams] == [
        (s.name, s.state, s.frames, s.inferred, s.error) for s in first.streams
    ]
    assert [stream.name for stream in second.failed] == ["fake-2"]
    assert (second.people, second.frames) == (first.people, first.frames)
    calls = {name: cost.calls for name, cost in first.stages.items()}
    assert {name: cost.calls for name, cost in second.stages.items()} == calls
    assert "in 3 processes" in second.estimator
    assert not second.stopped
    assert all([s.name for s in statuses] == [s.name for s in first.streams] for statuses in seen)


def test_what_exists_is_refused_before_any_process_begins(tmp_path: Path):
    (tmp_path / "fake-2.poses.jsonl").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"fake-2\.poses\.jsonl: exists"):
        run(settings(tmp_path, input=["fake:?frames=2"] * 2, processes=2))
    assert {path.name for path in tmp_path.iterdir()} == {"fake-2.poses.jsonl"}


def test_what_no_process_can_load_ends_the_run_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(UnknownModelError, match="nothing"):
        run(settings(tmp_path / "out", input=["fake:?frames=2"] * 2, processes=2, model="nothing"))
    assert not (tmp_path / "out").exists()


def test_a_process_that_cannot_be_started_ends_the_run_and_the_others(tmp_path: Path, monkeypatch):
    started, real = [], subprocess.Popen

    def no_room_for_two(*arguments, **options):
        if started:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(real(*arguments, **options))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", no_room_for_two)
    wanted = r"processes: 2 is not allowed here, as process 2 of 2 cannot be started: .*unavailable"
    with pytest.raises(ConfigError, match=wanted):
        run(settings(tmp_path / "out", input=["fake:"] * 2, processes=2))
    assert started[0].returncode is not None
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_stopped_while_it_loads_leaves_nothing(tmp_path: Path, caplog):
    stop = StopFlag()
    stop.request()
    summary = run(settings(tmp_path / "out", input=["fake:"] * 2, processes=2), stop=stop)
    assert summary.stopped
    assert [stream.state for stream in summary.streams] == [StreamState.STOPPED] * 2
    assert summary.outputs == ()
    assert not (tmp_path / "out").exists()
    assert caplog.text == ""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_process_that_is_killed_fails_its_streams_and_no_other(tmp_path: Path, caplog):
    stop, killed, deadline_s = StopFlag(), [], time.monotonic() + 120

    def look(streams: Sequence[StreamStatus]) -> None:
        lost, other = streams[0], streams[1]
        if time.monotonic() > deadline_s:
            stop.request()
        elif not killed and all(stream.frames > 5 for stream in streams):
            os.kill(child("process 1 of 2"), signal.SIGKILL)
            killed.append(other.frames)
        elif killed and lost.state is StreamState.FAILED and other.frames > killed[0] + 20:
            stop.request()

    inputs = ["fake:160x120@15?realtime=1"] * 3
    config = settings(tmp_path, input=inputs, processes=2)
    summary = run(config, stop=stop, on_status=look)
    assert killed
    lost, other, also_lost = summary.streams
    assert (lost.state, also_lost.state) == (StreamState.FAILED, StreamState.FAILED)
    assert lost.error == "process 1 of 2 was killed by SIGKILL"
    assert (other.state, other.error) == (StreamState.STOPPED, None)
    assert other.frames > killed[0] + 20
    told = [record.getMessage() for record in caplog.records if "SIGKILL" in record.getMessage()]
    assert told == ["process 1 of 2 was killed by SIGKILL: given up: fake, fake-3"]
    assert set(summary.outputs) == set(tmp_path.iterdir())
    assert len(pictures(tmp_path / "fake-2.mp4")) == len(rows(tmp_path / "fake-2.poses.jsonl"))
    assert len(rows(tmp_path / "fake.poses.jsonl")) > 5
    assert len(pictures(tmp_path / "Pose_Estimation.mp4")) > 20


def test_sigterm_finishes_the_files_of_every_process(tmp_path: Path):
    command = [sys.executable, "-m", "posestream", "run", "-o", str(tmp_path), "-p", "fast", "-q"]
    inputs = ["fake:160x120@20?realtime=1"] * 2 + ["fake:160x120@20"] * 3
    parent = subprocess.Popen([*command, *inputs, "--processes", "2"])
    data = [
        tmp_path / f"fake{ending}.poses.jsonl" for ending in ("", *(f"-{n}" for n in range(2, 6)))
    ]
    deadline_s = time.monotonic() + 120
    while time.monotonic() < deadline_s:
        if all(path.exists() and path.stat().st_size > 1000 for path in data):
            break
        time.sleep(0.1)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(60) == 128 + signal.SIGTERM
    for path in data:
        video = path.with_name(path.name.replace("poses.jsonl", "mp4"))
        assert len(pictures(video)) == len(rows(path)) > 0
    assert len(pictures(tmp_path / "Pose_Estimation.mp4")) > 0


def test_processes_end_in_order_when_their_parent_is_gone(tmp_path: Path):
    code = (
        "from posestream.config import load_config\n"
        "from posestream.pipeline import run\n"
        f"run(load_config(None, {{'input': ['fake:160x120@20'] * 2, 'output': {str(tmp_path)!r},"
        " 'processes': 2, 'profile': 'fast', 'mosaic': False}))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    data = [tmp_path / "fake.poses.jsonl", tmp_path / "fake-2.poses.jsonl"]

    def both_run() -> bool:
        return all(path.exists() and path.stat().st_size > 1000 for path in data)

    assert _comes_true(both_run)
    parent.kill()
    parent.wait(10)

    def complete() -> bool:
        before = [path.stat().st_size for path in data]
        time.sleep(1)
        return before == [path.stat().st_size for path in data]

    assert _comes_true(complete)
    for path in data:
        assert _comes_true(
            lambda path=path: (
                len(pictures(path.with_name(path.name.replace("poses.jsonl", "mp4"))))
                == len(rows(path))
            )
        )


def test_status_metrics_and_pictures_of_all_processes_are_served(tmp_path: Path, caplog):
    pytest.importorskip("uvicorn")
    stop, seen, deadline_s = StopFlag(), {}, time.monotonic() + 120

    def visit(address: str) -> None:
        try:
            for path in ("streams", "metrics", "snapshot.jpg", "snapshot/door.jpg", "readyz"):
                with urllib.request.urlopen(f"{address}/{path}", timeout=10) as answer:
                    seen[path] = answer.read()
        finally:
            stop.request()

    visitors: list[threading.Thread] = []

    def look(streams: Sequence[StreamStatus]) -> None:
        if time.monotonic() > deadline_s:
            stop.request()
        if not visitors and all(stream.frames > 5 for stream in streams):
            [address] = re.findall(r"look at it at (\S+)", caplog.text)
            visitors.append(threading.Thread(target=visit, args=(address,)))
            visitors[0].start()

    cameras = dict.fromkeys(("door", "yard"), "fake:160x120@20?realtime=1")
    config = settings(tmp_path, streams=cameras, serve=0, processes=2, video=False)
    run(config, stop=stop, on_status=look)
    visitors[0].join(10)
    assert [stream["name"] for stream in json.loads(seen["streams"])] == ["door", "yard"]
    for name in cameras:
        assert f'posestream_frames_total{{stream="{name}"}}' in seen["metrics"].decode()
    assert seen["snapshot.jpg"].startswith(b"\xff\xd8")
    assert seen["snapshot/door.jpg"].startswith(b"\xff\xd8")
    assert json.loads(seen["readyz"])["ready"]


def _comes_true(condition: Callable[[], bool], *, timeout_s: float = 90.0) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(0.2)
    return condition()
