"""Many streams on several GPUs."""

import threading
from collections import defaultdict

import pytest
from gpu_stand_ins import NobodyRunner, Packets, PlainDecoder, packet

from posestream.errors import InferenceError, SourceError
from posestream.gpu.engine import GpuEngine, Outcome


class Run:
    """An engine and what came out of it."""

    def __init__(self, *runners: NobodyRunner, gather_s: float = 0.001) -> None:
        self.decoders: dict[str, PlainDecoder] = {}
        self.devices: dict[str, int] = {}
        self.found: dict[str, list[Outcome]] = defaultdict(list)
        self.engine = GpuEngine(
            runners or (NobodyRunner(),), gather_s=gather_s, threads=2, open_decoder=self._open
        )

    def _open(self, name: str, info, device: int) -> PlainDecoder:
        self.devices[name] = device
        return self.decoders.setdefault(name, PlainDecoder())

    def add(self, name: str, *items, **options):
        return self.engine.add(name, Packets(*items), self.found[name].append, **options)

    def finish(self) -> None:
        assert self.engine.wait(20)
        self.engine.close()


def packets(count: int) -> list:
    return [packet(pts, key=not pts) for pts in range(count)]


def test_every_frame_of_every_stream_comes_out_in_order():
    run = Run()
    streams = [run.add(f"{n}", *packets(50 + n)) for n in range(5)]
    run.finish()
    for n, stream in enumerate(streams):
        assert [one.index for one in run.found[f"{n}"]] == list(range(50 + n))
        assert [one.pts for one in run.found[f"{n}"]] == list(range(50 + n))
        assert (stream.decoded, stream.delivered, stream.error) == (50 + n, 50 + n, None)


def test_batches_are_made_of_several_streams():
    runner = NobodyRunner(batch=4)
    run = Run(runner, gather_s=0.2)
    for n in range(8):
        run.add(f"{n}", *packets(20), ahead=1)
    run.finish()
    assert max(runner.batches) > 1
    assert sum(runner.batches) == 160


def test_a_stream_never_holds_more_surfaces_than_it_may():
    run = Run()
    run.add("a", *packets(100), ahead=2)
    run.finish()
    assert run.decoders["a"].most_lent <= 2
    assert run.decoders["a"].lent == 0


def test_streams_are_spread_over_the_gpus():
    run = Run(NobodyRunner(device=0), NobodyRunner(device=1), NobodyRunner(device=2))
    for n in range(6):
        run.add(f"{n}", *packets(3))
    run.finish()
    assert sorted(run.devices.values()) == [0, 0, 1, 1, 2, 2]


def test_a_stream_that_fails_stops_no_other():
    run = Run()
    bad = run.add("bad", *packets(2), SourceError("the disk is gone"))
    good = run.add("good", *packets(30))
    run.finish()
    assert str(bad.error) == "the disk is gone"
    assert bad.delivered == 2
    assert (good.delivered, good.error) == (30, None)


def test_a_failing_network_ends_its_streams_and_gives_everything_back():
    runner = NobodyRunner()
    runner.error = InferenceError("cuda:0: device lost")
    run = Run(runner)
    stream = run.add("a", *packets(9))
    run.finish()
    assert str(stream.error) == "cuda:0: device lost"
    assert run.found["a"] == []
    assert run.decoders["a"].lent == 0


def test_a_live_stream_drops_and_counts_what_nobody_has_time_for():
    class Slow(NobodyRunner):
        go = threading.Event()

        def lend(self, frame_size):
            self.go.wait(20)
            return super().lend(frame_size)

    runner = Slow(batch=1)
    run = Run(runner)
    stream = run.add("door", *packets(25), live=True, ahead=2)
    while stream.decoded < 25:
        stream.finished.wait(0.01)
    runner.go.set()
    run.finish()
    assert stream.dropped > 0
    assert stream.delivered + stream.dropped == 25
    assert run.found["door"][-1].pts == 24
    assert run.decoders["door"].lent == 0


def test_a_stream_may_be_stopped_and_another_take_its_name():
    run = Run()
    run.add("a", *packets(100_000))
    stopped = run.engine.remove("a", timeout_s=20)
    assert stopped.finished.is_set()
    assert stopped.delivered < 100_000
    run.add("a", *packets(3))
    run.finish()
    assert run.engine.streams["a"].delivered == 3


def test_two_streams_of_one_name_are_refused():
    run = Run()
    run.add("a", *packets(1))
    with pytest.raises(ValueError, match="stream 'a' is there already"):
        run.add("a", *packets(1))
    run.finish()
