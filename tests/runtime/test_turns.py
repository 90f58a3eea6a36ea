import threading

from small_streams import eventually

from posestream.runtime.turns import Turns


def test_work_is_done_in_the_order_it_came():
    turns, done, over = Turns("t"), list[int](), threading.Event()
    for number in range(100):
        turns.call(lambda number=number: done.append(number))
    turns.call(over.set)
    assert over.wait(5)
    assert done == list(range(100))
    turns.close()


def test_what_is_due_is_done_before_the_threads_go():
    turns, done = Turns("going", threads=2), list[int]()
    for number in range(20):
        turns.call(lambda number=number: done.append(number))
    turns.close()
    assert eventually(lambda: "going" not in [thread.name for thread in threading.enumerate()])
    assert sorted(done) == list(range(20))


def test_work_on_several_threads_is_done_side_by_side():
    turns, both = Turns("t", threads=2), threading.Barrier(2)
    met: list[int] = []
    for _ in range(2):
        turns.call(lambda: met.append(both.wait(5)))
    assert eventually(lambda: sorted(met) == [0, 1])
    turns.close()
