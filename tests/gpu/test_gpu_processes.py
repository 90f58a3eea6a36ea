"""The engine in processes of its own."""

import functools
import os

import pytest
from gpu_stand_ins import NobodyRunner, Packets, PlainDecoder, packet

from posestream.errors import ConfigError, SourceError
from posestream.gpu.engine import GpuEngine
from posestream.gpu.processes import EngineProcesses


def engine() -> GpuEngine:
    return GpuEngine([NobodyRunner()], threads=1, open_decoder=lambda *_: PlainDecoder())


def no_engine() -> GpuEngine:
    raise ConfigError("device: 'cuda:7' is not usable")


def dying_engine() -> GpuEngine:
    os._exit(3)


def some(count: int) -> Packets:
    return Packets(*(packet(pts, key=not pts) for pts in range(count)))


def nothing() -> Packets:
    raise SourceError("camera: no such host")


def test_streams_of_all_processes_come_out_in_order():
    engines, found = EngineProcesses(engine, count=2), {}
    for name, count in (("a", 30), ("b", 40), ("c", 50)):
        found[name] = []
        engines.add(name, functools.partial(some, count), found[name].append)
    failed = engines.add("bad", nothing, print)
    assert engines.wait(60)
    engines.close()
    assert {name: len(outcomes) for name, outcomes in found.items()} == {"a": 30, "b": 40, "c": 50}
    assert [one.pts for one in found["c"]] == list(range(50))
    assert str(failed.error) == "camera: no such host"
    assert engines.streams["a"].error is None


def test_a_stream_may_be_stopped():
    engines = EngineProcesses(engine, count=1)
    engines.add("a", functools.partial(some, 1_000_000), lambda _: None)
    stopped = engines.remove("a", timeout_s=60)
    engines.close()
    assert stopped.finished.is_set()
    assert stopped.delivered < 1_000_000
    assert "a" not in engines.streams


def test_what_an_engine_raises_reaches_the_parent():
    with pytest.raises(ConfigError, match="device: 'cuda:7' is not usable"):
        EngineProcesses(no_engine, count=2)


def test_a_process_that_dies_is_an_error():
    with pytest.raises(RuntimeError, match="posestream-gpu-0 ended"):
        EngineProcesses(dying_engine, count=1)
