import threading
import time

import pytest
from small_streams import Brightness, Counting, Notebook, eventually, plan, stream_set

from posestream.errors import InferenceError, SourceError
from posestream.runtime.status import StreamState
from posestream.runtime.streams import StreamSet
from posestream.runtime.supervision import RetryPolicy
from posestream.types import Frame, Result

QUICK = RetryPolicy(first_s=0.01, limit_s=0.05, stall_s=0.3, opening_s=0.3)


def run(streams: StreamSet, *, timeout_s: float = 20.0) -> None:
    assert streams.wait(timeout_s)
    assert streams.close()


def test_results_come_in_order_with_their_own_frames_though_workers_overtake():
    streams, notebook = stream_set(), Notebook()
    streams.add(plan("a", lambda: Counting(60), notebook))
    run(streams)
    assert notebook.indices == list(range(60))
    assert [result.frame for _, result in notebook.pairs] == list(range(60))
    assert notebook.scores == list(range(60))
    assert notebook.closed


def test_results_never_go_to_another_stream():
    streams = stream_set(Brightness(seconds=0.001), batch=4, gather_s=0.002)
    notebooks = {f"s{i}": Notebook() for i in range(8)}
    for i, (name, notebook) in enumerate(notebooks.items()):
        streams.add(plan(name, lambda n=name, i=i: Counting(30, name=n, first=30 * i), notebook))
    run(streams)
    for i, (name, notebook) in enumerate(notebooks.items()):
        assert notebook.scores == list(range(30 * i, 30 * i + 30))
        assert {frame.stream for frame, _ in notebook.pairs} == {name}


def test_frames_of_many_streams_form_batches():
    estimator = Brightness(seconds=0.02)
    streams = stream_set(estimator, workers=1, batch=8, gather_s=0.01)
    for i in range(8):
        streams.add(plan(f"s{i}", lambda: Counting(10), Notebook()))
    run(streams)
    assert estimator.calls == 80
    assert max(estimator.batches) > 4


def test_a_batch_that_fails_fails_only_for_the_frame_at_fault():
    streams = stream_set(Brightness(fails_at=105), workers=1, batch=8, gather_s=0.01)
    good, bad = Notebook(), Notebook()
    streams.add(plan("good", lambda: Counting(20), good))
    streams.add(plan("bad", lambda: Counting(20, first=100), bad))
    run(streams)
    assert good.indices == list(range(20))
    assert bad.indices == list(range(5))
    assert isinstance(streams.errors()["bad"], InferenceError)


def test_frames_between_inferences_carry_the_last_people_and_say_so():
    estimator, notebook = Brightness(), Notebook()
    streams = stream_set(estimator)
    streams.add(plan("a", lambda: Counting(10), notebook, interval=4))
    run(streams)
    assert estimator.calls == 3
    assert [r.inferred for _, r in notebook.pairs] == [i % 4 == 0 for i in range(10)]
    assert notebook.scores == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]


def test_a_file_is_never_read_further_ahead_than_allowed():
    source = Counting(100)
    streams, notebook = stream_set(workers=1), Notebook(seconds=0.002)
    furthest = 0
    streams.add(plan("a", lambda: source, notebook))
    while not streams.wait(0.002):
        furthest = max(furthest, source.read - len(notebook.pairs))
    streams.close()
    assert furthest <= 2 + 2 * 1 + 3


def test_every_frame_before_a_broken_place_comes_out_before_the_stream_fails():
    streams, notebook = stream_set(), Notebook()
    streams.add(plan("a", lambda: Counting(20, fails_at=7), notebook))
    run(streams)
    assert notebook.indices == list(range(7))
    assert str(streams.errors()["a"]) == "stream 'test': broken at 7"
    assert streams.statuses()[0].state is StreamState.FAILED


def test_a_stream_that_fails_stops_no_other():
    streams, notebook, other = stream_set(), Notebook(fails_at=3), Notebook()
    streams.add(plan("full-disk", lambda: Counting(50), notebook))
    streams.add(plan("broken", lambda: Counting(50, fails_at=1), Notebook()))
    streams.add(plan("fine", lambda: Counting(50), other))
    run(streams)
    assert set(streams.errors()) == {"full-disk", "broken"}
    assert notebook.closed
    assert other.indices == list(range(50))


def test_streams_that_take_no_time_to_write_share_threads():
    writing: set[str] = set()

    class Named(Notebook):
        def write(self, frame: Frame, result: Result) -> None:
            writing.add(threading.current_thread().name)
            super().write(frame, result)

    streams, quick = stream_set(), [Named(quick=True) for _ in range(8)]
    for place, notebook in enumerate(quick):
        streams.add(plan(str(place), lambda: Counting(30), notebook))
    run(streams)
    assert [notebook.indices for notebook in quick] == [list(range(30))] * 8
    assert writing == {"write"}


def test_streams_that_share_threads_fail_alone():
    streams, notebook, other = stream_set(), Notebook(3, quick=True), Notebook(quick=True)
    streams.add(plan("full-disk", lambda: Counting(50), notebook))
    streams.add(plan("fine", lambda: Counting(50), other))
    run(streams)
    assert set(streams.errors()) == {"full-disk"}
    assert notebook.closed
    assert other.indices == list(range(50))


def test_a_consumer_that_takes_long_holds_up_its_own_stream_only():
    held = threading.Event()

    class Waiting(Notebook):
        def write(self, frame: Frame, result: Result) -> None:
            held.wait(20)
            super().write(frame, result)

    streams, stuck, others = stream_set(), Waiting(), [Notebook(), Notebook(quick=True)]
    streams.add(plan("stuck", lambda: Counting(50), stuck))
    for place, notebook in enumerate(others):
        streams.add(plan(str(place), lambda: Counting(50), notebook))
    assert eventually(lambda: all(len(notebook.pairs) == 50 for notebook in others))
    assert stuck.pairs == []
    held.set()
    run(streams)
    assert stuck.indices == list(range(50))


def test_a_bug_in_a_source_is_not_swallowed():
    class Strange(Counting):
        def frames(self):  # type: ignore[override]
            return iter([1])

    streams = stream_set()
    streams.add(plan("a", lambda: Strange(5), Notebook()))
    run(streams)
    assert isinstance(streams.errors()["a"], AttributeError)


def test_stopping_a_file_gives_what_was_read_and_no_more():
    source = Counting(10_000)
    streams, notebook = stream_set(), Notebook()
    streams.add(plan("a", lambda: source, notebook))
    assert eventually(lambda: len(notebook.pairs) > 5)
    streams.stop("a")
    assert notebook.indices == list(range(source.read))
    assert notebook.closed
    assert streams.statuses()[0].state is StreamState.STOPPED
    streams.close()


def test_no_thread_is_left_behind():
    before = set(threading.enumerate())
    streams = stream_set()
    streams.add(plan("file", lambda: Counting(10_000), Notebook()))
    streams.add(plan("live", lambda: Counting(10_000, interval_s=0.01, live=True), Notebook()))
    time.sleep(0.1)
    assert streams.close()
    assert eventually(lambda: set(threading.enumerate()) <= before)


def test_a_live_stream_drops_and_counts_what_it_has_no_time_for():
    streams, notebook = stream_set(Brightness(seconds=0.05), workers=1), Notebook()
    source = Counting(100, interval_s=0.002, live=True)
    streams.add(plan("a", lambda: source, notebook))
    run(streams)
    [status] = streams.statuses()
    assert status.dropped > 20
    assert status.frames + status.dropped == 100
    assert notebook.indices == sorted(set(notebook.indices))
    assert [float(i) for i in notebook.indices] == notebook.scores


def test_a_slow_consumer_of_a_live_stream_sees_fresh_frames():
    streams, notebook = stream_set(Brightness(seconds=0)), Notebook(seconds=0.05)
    source = Counting(200, interval_s=0.002, live=True)
    streams.add(plan("a", lambda: source, notebook))
    run(streams)
    gaps = [b - a for a, b in zip(notebook.indices, notebook.indices[1:], strict=False)]
    assert max(gaps) > 5
    assert streams.statuses()[0].dropped > 50


def test_a_frame_that_was_to_be_looked_at_and_is_dropped_is_followed_by_one_that_is():
    streams, notebook = stream_set(Brightness(seconds=0.03), workers=1), Notebook()
    streams.add(plan("a", lambda: Counting(300, interval_s=0.001, live=True), notebook, interval=3))
    run(streams)
    assert any(result.inferred for _, result in notebook.pairs[-10:])


def test_a_lost_source_is_opened_again_and_the_stream_goes_on():
    opened = []

    def open_source() -> Counting:
        opened.append(len(opened))
        return Counting(30, first=30 * opened[-1], interval_s=0.002, live=True, ends=False)

    streams, notebook = stream_set(Brightness(seconds=0)), Notebook()
    streams.add(plan("a", open_source, notebook, retries=True, policy=QUICK))
    assert eventually(lambda: len(opened) >= 4)
    streams.close()
    assert notebook.indices == sorted(set(notebook.indices))
    times = [frame.pts for frame, _ in notebook.pairs]
    assert times == sorted(set(times))
    assert streams.statuses()[0].reconnects >= 3


def test_a_source_that_hangs_is_given_up_and_opened_again():
    opened = []

    def open_source() -> Counting:
        opened.append(1)
        hangs_at = 5 if len(opened) == 1 else None
        source = Counting(10_000, hangs_at=hangs_at, interval_s=0.005, live=True, ends=False)
        source.close = lambda: None  # type: ignore[method-assign]
        return source

    streams, notebook = stream_set(), Notebook()
    streams.add(plan("a", open_source, notebook, retries=True, policy=QUICK))
    assert eventually(lambda: len(notebook.pairs) > 20)
    assert eventually(lambda: streams.statuses()[0].state is StreamState.RUNNING)
    [status] = streams.statuses()
    assert (status.reconnects, status.error) == (1, None)
    streams.close()


def test_a_source_that_never_opens_is_given_up_after_as_many_retries_as_allowed():
    tries = []

    def open_source() -> Counting:
        tries.append(1)
        raise SourceError("rtsp://user:secret@camera/: refused")

    policy = RetryPolicy(first_s=0.01, limit_s=0.02, max_retries=3)
    streams = stream_set()
    streams.add(plan("a", open_source, Notebook(), retries=True, policy=policy))
    run(streams)
    [status] = streams.statuses()
    assert len(tries) == 4
    assert status.state is StreamState.FAILED
    assert status.error == "rtsp://***@camera/: refused"


def test_hanging_sources_do_not_pile_up():
    hanging = []
    block = threading.Event()

    def open_source() -> Counting:
        hanging.append(1)
        block.wait()
        raise SourceError("gone")

    policy = RetryPolicy(first_s=0.001, limit_s=0.002, opening_s=0.01)
    streams = stream_set()
    streams.add(plan("a", open_source, Notebook(), retries=True, policy=policy))
    time.sleep(1.5)
    assert 1 < len(hanging) <= 3
    block.set()
    streams.close()


def test_streams_come_and_go_while_others_run():
    streams, steady = stream_set(), Notebook()
    streams.add(plan("steady", lambda: Counting(100_000, interval_s=0.002, live=True), steady))
    for round_ in range(5):
        notebook = Notebook()
        streams.add(plan("guest", lambda: Counting(10_000), notebook))
        assert eventually(lambda n=notebook: len(n.pairs) > 3)
        assert streams.remove("guest")
        assert notebook.closed, round_
    assert [status.name for status in streams.statuses()] == ["steady"]
    seen = len(steady.pairs)
    assert eventually(lambda: len(steady.pairs) > seen + 10)
    streams.close()


def test_a_stopped_stream_may_be_started_again():
    notebooks: list[Notebook] = []

    def consumer(_: object) -> Notebook:
        notebooks.append(Notebook())
        return notebooks[-1]

    from posestream.runtime.stream import StreamPlan

    streams = stream_set()
    streams.add(StreamPlan("a", lambda: Counting(10_000), consumer), start=False)
    assert streams.statuses()[0].state is StreamState.WAITING
    streams.start("a")
    assert eventually(lambda: bool(notebooks) and len(notebooks[0].pairs) > 3)
    assert streams.stop("a")
    streams.start("a")
    assert eventually(lambda: len(notebooks) == 2 and len(notebooks[1].pairs) > 3)
    streams.close()
    assert all(notebook.closed for notebook in notebooks)


def test_only_so_many_files_are_open_at_once_and_all_have_their_turn():
    open_now, most = [0], [0]
    lock = threading.Lock()

    class Tracked(Counting):
        def __init__(self, count: int) -> None:
            super().__init__(count)
            with lock:
                open_now[0] += 1
                most[0] = max(most[0], open_now[0])

        def close(self) -> None:
            with lock:
                open_now[0] -= not self.closed.is_set()
            super().close()

    streams = stream_set(Brightness(seconds=0), concurrent=3)
    notebooks = [Notebook() for _ in range(12)]
    for i, notebook in enumerate(notebooks):
        streams.add(plan(f"s{i}", lambda: Tracked(5), notebook, takes_turns=True))
    run(streams)
    assert [len(notebook.pairs) for notebook in notebooks] == [5] * 12
    assert most[0] <= 3


def test_two_streams_of_one_name_are_refused():
    streams = stream_set()
    streams.add(plan("a", lambda: Counting(3), Notebook()))
    with pytest.raises(ValueError, match="stream 'a' is there already"):
        streams.add(plan("a", lambda: Counting(3), Notebook()))
    streams.close()


def test_closing_does_not_wait_for_a_source_that_hangs():
    block = threading.Event()

    def open_source() -> Counting:
        source = Counting(100, hangs_at=3)
        source.closed = block  # close() is not heard
        source.close = lambda: None  # type: ignore[method-assign]
        return source

    streams, notebook = stream_set(), Notebook()
    streams.add(plan("a", open_source, notebook))
    assert eventually(lambda: len(notebook.pairs) == 3)
    begun = time.monotonic()
    assert streams.close(timeout_s=0.3)
    assert time.monotonic() - begun < 3
    assert notebook.closed
    block.set()
