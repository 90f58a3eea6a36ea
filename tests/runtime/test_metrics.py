import threading

import pytest

from posestream.runtime.metrics import StageClock, StageTime


def test_a_stage_counts_its_calls_and_its_time():
    clock = StageClock()
    clock.add("draw", 0.5)
    clock.add("draw", 1.5)
    assert clock.report() == {"draw": StageTime(2, 2.0)}
    assert clock.report()["draw"].mean_ms == 1000


def test_a_block_that_raises_is_still_counted():
    clock = StageClock()
    with pytest.raises(KeyError), clock.time("write"):
        raise KeyError("disk")
    assert clock.report()["write"].calls == 1


def test_threads_do_not_lose_each_others_counts():
    clock = StageClock()
    threads = [
        threading.Thread(target=lambda: [clock.add("decode", 0.001) for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.report()["decode"].calls == 2000


def test_a_stage_that_never_ran_costs_nothing():
    assert StageTime(0, 0.0).mean_ms == 0
