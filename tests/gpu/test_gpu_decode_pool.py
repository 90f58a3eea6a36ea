"""A few threads take turns at many streams."""

import threading

from posestream.gpu.decode_pool import DecodePool, Task


def test_a_task_goes_on_as_long_as_there_is_more():
    done, left = threading.Event(), [5]

    def step() -> bool:
        left[0] -= 1
        if not left[0]:
            done.set()
        return left[0] > 0

    pool = DecodePool(1)
    pool.poke(Task(step))
    assert done.wait(10)
    pool.close()
    assert left == [0]


def test_a_task_never_runs_twice_at_once_and_no_poke_is_lost():
    pool, lock, runs = DecodePool(4), threading.Lock(), []

    def step() -> bool:
        assert lock.acquire(blocking=False)
        runs.append(1)
        lock.release()
        return False

    task = Task(step)
    for _ in range(1000):
        pool.poke(task)
    pool.close()
    assert runs


def test_a_poke_during_a_run_brings_another_run():
    began, go, runs = threading.Event(), threading.Event(), []

    def step() -> bool:
        runs.append(1)
        began.set()
        go.wait(10)
        return False

    pool, task = DecodePool(1), Task(step)
    pool.poke(task)
    began.wait(10)
    pool.poke(task)
    go.set()
    pool.close()
    assert len(runs) in (1, 2)  # two unless the pool was told to close in between
    assert task.run() is False


def test_a_task_that_was_poked_while_it_ran_says_so():
    task = Task(lambda: (task.poke(), False)[1])
    assert task.poke()
    assert task.run()
