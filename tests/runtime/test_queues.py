import threading
import time

import pytest

from posestream.runtime.queues import BoundedQueue


def test_items_come_out_in_the_order_they_went_in():
    queue: BoundedQueue[int] = BoundedQueue(3)
    assert all(queue.put(i) for i in range(3))
    queue.close()
    assert list(queue) == [0, 1, 2]


def test_a_full_queue_makes_the_producer_wait():
    queue: BoundedQueue[int] = BoundedQueue(1)
    accepted: list[bool] = []
    queue.put(0)
    producer = threading.Thread(target=lambda: accepted.append(queue.put(1)))
    producer.start()
    time.sleep(0.05)
    assert accepted == []
    assert next(iter(queue)) == 0
    producer.join(5)
    assert accepted == [True]


def test_a_closed_queue_refuses_items_and_gives_what_it_holds():
    queue: BoundedQueue[str] = BoundedQueue(2)
    queue.put("kept")
    queue.close()
    assert not queue.put("late")
    assert list(queue) == ["kept"]


def test_a_cancelled_queue_frees_both_sides_at_once():
    queue: BoundedQueue[int] = BoundedQueue(1)
    queue.put(0)
    outcome: list[bool] = []
    producer = threading.Thread(target=lambda: outcome.append(queue.put(1)))
    producer.start()
    time.sleep(0.05)
    assert queue.cancel() == [0]
    producer.join(5)
    assert outcome == [False]
    assert list(queue) == []


def test_a_consumer_that_waits_is_woken_by_the_end():
    queue: BoundedQueue[int] = BoundedQueue(1)
    seen: list[list[int]] = []
    consumer = threading.Thread(target=lambda: seen.append(list(queue)))
    consumer.start()
    time.sleep(0.05)
    queue.close()
    consumer.join(5)
    assert seen == [[]]


def test_a_queue_without_room_is_refused():
    with pytest.raises(ValueError, match="capacity must be at least 1, not 0"):
        BoundedQueue(0)


def test_taking_waits_only_so_long():
    queue: BoundedQueue[int] = BoundedQueue(1)
    assert queue.take(0.01) == []
    queue.put(7)
    assert queue.take(0.01) == [7]
