"""Recording a graph, and what others want of the GPU meanwhile, keep out of each other's way."""

import threading

import pytest

from posestream.gpu.recording import Traffic

PATIENCE_S = 10.0


class Precious:
    """Notes when it is let go."""

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def __del__(self) -> None:
        self._seen.append("gone")


class Kept:
    """Lets go of what is precious when nobody refers to it any more, as decoders are."""

    def __init__(self, traffic: Traffic, precious: Precious) -> None:
        self._traffic, self._held = traffic, [precious]

    def __del__(self) -> None:
        self._traffic.let_go(self._held)


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()


def started(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_many_are_here_together(traffic: Traffic):
    together = threading.Barrier(3)

    def work() -> None:
        with traffic.alongside:
            together.wait(PATIENCE_S)

    threads = [started(work) for _ in range(3)]
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not together.broken


def test_whoever_wants_to_be_alone_waits_for_all_and_nobody_comes_in_between(traffic: Traffic):
    order, inside, go = [], threading.Event(), threading.Event()

    def first() -> None:
        with traffic.alongside:
            inside.set()
            go.wait(PATIENCE_S)
            order.append("first")

    def recorder() -> None:
        with traffic.alone:
            order.append("alone")

    def late() -> None:
        with traffic.alongside:
            order.append("late")

    threads = [started(first)]
    assert inside.wait(PATIENCE_S)
    threads.append(started(recorder))
    while traffic._recorder is None:
        threads[-1].join(0.001)
    threads.append(started(late))
    threads[-1].join(0.05)
    assert order == []
    go.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == ["first", "alone", "late"]


def test_one_who_is_here_may_enter_again_though_somebody_waits_to_be_alone(traffic: Traffic):
    with traffic.alongside:
        thread = started(lambda: traffic.close())
        while traffic._recorder is None:
            thread.join(0.001)
        with traffic.alongside:
            assert thread.is_alive()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_one_who_is_alone_may_do_what_others_do(traffic: Traffic):
    with traffic.alone, traffic.alongside:
        pass
    with traffic.alongside:
        assert traffic._inside == 1
    assert traffic._inside == 0


def test_what_the_recorder_happens_to_let_go_goes_after_the_recording(traffic: Traffic):
    seen: list[str] = []
    kept = Kept(traffic, Precious(seen))
    with traffic.alone:
        del kept
        assert seen == []
    assert seen == ["gone"]
    Kept(traffic, Precious(seen))
    assert seen == ["gone", "gone"]


def test_what_is_let_go_in_the_midst_of_entering_and_leaving_goes_soon(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
):
    seen: list[str] = []
    tell, wait = traffic._changed.notify_all, traffic._changed.wait

    def collecting(step):
        def stepped() -> None:  # where the collector of cycles may call, with the lock held
            Kept(traffic, Precious(seen))
            step()

        return stepped

    monkeypatch.setattr(traffic._changed, "notify_all", collecting(tell))
    monkeypatch.setattr(traffic._changed, "wait", collecting(wait))

    def work() -> None:
        with traffic.alone:
            pass
        for _ in range(3):
            with traffic.alongside:
                pass

    threads = [started(work) for _ in range(4)]
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads)
    assert len(seen) >= 4
    assert not traffic._left_behind


def test_an_error_leaves_the_way_free(traffic: Traffic):
    for holding in (traffic.alone, traffic.alongside):
        with pytest.raises(KeyError), holding:
            raise KeyError
    with traffic.alone:
        assert traffic._inside == 0
