import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest

from posestream.errors import InferenceError, SourceError
from posestream.images import HostImage
from posestream.runtime.metrics import StageClock
from posestream.runtime.pool import EstimatorPool
from posestream.runtime.stopping import StopFlag
from posestream.runtime.stream import StreamRunner
from posestream.topology import COCO_17
from posestream.types import Frame, Poses


def picture(index: int) -> HostImage:
    return HostImage.from_rgb(np.full((8, 8, 3), index % 256, np.uint8))


class Counting:
    """A source whose frame ``i`` is a picture of brightness ``i``."""

    def __init__(self, count: int, *, fails_at: int | None = None) -> None:
        self.count, self.fails_at = count, fails_at
        self.read, self.closed = 0, False

    def frames(self) -> Iterator[Frame]:
        for i in range(self.count):
            if i == self.fails_at:
                raise SourceError(f"stream 'test': broken at {i}")
            self.read += 1
            yield Frame("test", i, i, Fraction(1, 25), picture(i), 0.0)

    def close(self) -> None:
        self.closed = True


class Brightness:
    """Finds one person whose score is the picture's brightness; slow for even pictures."""

    def __init__(self, *, fails_at: int | None = None) -> None:
        self.fails_at = fails_at
        self.calls = 0

    def estimate(self, images: Sequence[HostImage]) -> list[Poses]:
        self.calls += 1
        value = int(images[0].rgb()[0, 0, 0])
        if value == self.fails_at:
            raise InferenceError("network 'fake': failed")
        time.sleep(0.005 if value % 2 == 0 else 0)
        shapes = ((1, 17, 2), (1, 17), (1,), (1, 4))
        return [Poses(*(np.full(shape, value, np.float32) for shape in shapes))]


def runner(source: Counting, estimator: Brightness | None = None, **options) -> StreamRunner:
    pool = EstimatorPool(estimator or Brightness(), workers=3, clock=StageClock())
    return StreamRunner(source, pool, topology=COCO_17, clock=StageClock(), **options)


def test_results_come_in_order_with_their_own_frames_though_workers_overtake():
    pairs = list(runner(Counting(60)))
    assert [frame.index for frame, _ in pairs] == list(range(60))
    assert [result.frame for _, result in pairs] == list(range(60))
    assert [float(result.poses.scores[0]) for _, result in pairs] == list(range(60))


def test_frames_between_inferences_carry_the_last_people_and_say_so():
    estimator = Brightness()
    results = [result for _, result in runner(Counting(10), estimator, interval=4)]
    assert estimator.calls == 3
    assert [result.inferred for result in results] == [i % 4 == 0 for i in range(10)]
    assert [float(result.poses.scores[0]) for result in results] == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]


def test_the_reader_never_runs_further_ahead_than_allowed():
    source = Counting(100)
    for frame, _ in runner(source, ahead=4):
        assert source.read <= frame.index + 4 + 2


def test_every_frame_before_a_broken_place_comes_out_before_the_error():
    seen = []
    with pytest.raises(SourceError, match="broken at 7"):
        seen.extend(frame.index for frame, _ in runner(Counting(20, fails_at=7)))
    assert seen == list(range(7))


def test_a_failing_network_ends_the_stream_and_releases_the_source():
    source = Counting(50)
    with pytest.raises(InferenceError, match="network 'fake'"):
        list(runner(source, Brightness(fails_at=5)))
    assert source.closed


def test_a_bug_in_a_source_is_not_swallowed():
    source = Counting(5)
    source.frames = lambda: iter([1])  # type: ignore[method-assign, return-value, assignment]
    with pytest.raises(AttributeError, match="image"):
        list(runner(source))


def test_stopping_gives_what_was_read_and_no_more():
    source = Counting(10_000)
    stop = StopFlag()
    seen = []
    for frame, _ in runner(source, stop=stop):
        seen.append(frame.index)
        if frame.index == 5:
            stop.request()
    assert seen == list(range(source.read))
    assert source.read < 50
    assert source.closed


def test_leaving_the_loop_early_leaves_no_thread_behind():
    before = set(threading.enumerate())
    source = Counting(10_000)
    pool = EstimatorPool(Brightness(), workers=2, clock=StageClock())
    for _ in StreamRunner(source, pool, topology=COCO_17, clock=StageClock()):
        break
    pool.close()
    assert source.closed
    assert set(threading.enumerate()) <= before
