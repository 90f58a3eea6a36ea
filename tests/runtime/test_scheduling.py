import threading
import time
from fractions import Fraction

import pytest
from small_streams import eventually, picture

from posestream.runtime.scheduling import Scheduler, Ticket
from posestream.types import Frame


class Nobody:
    """An owner that does not care."""

    def ready(self, ticket: Ticket) -> None:
        """Do nothing."""


def ticket(owner: Nobody, index: int = 0) -> Ticket:
    return Ticket(Frame("s", index, index, Fraction(1, 25), picture(index), 0.0), owner)


def test_streams_take_turns_however_many_frames_one_has():
    scheduler, busy, idle = Scheduler(), Nobody(), Nobody()
    for index in range(5):
        scheduler.put(ticket(busy, index))
    scheduler.put(ticket(idle))
    order = [scheduler.take()[0] for _ in range(6)]
    assert [t.owner for t in order[:3]] == [busy, idle, busy]
    assert [t.frame.index for t in order if t.owner is busy] == [0, 1, 2, 3, 4]


def test_a_batch_takes_one_frame_of_each_stream_before_a_second_of_any():
    scheduler, owners = Scheduler(), [Nobody() for _ in range(3)]
    for owner in owners:
        for index in range(3):
            scheduler.put(ticket(owner, index))
    batch = scheduler.take(4)
    assert [t.owner for t in batch] == [*owners, owners[0]]
    assert [t.frame.index for t in batch] == [0, 0, 0, 1]


def test_a_frame_waits_for_others_no_longer_than_allowed():
    scheduler = Scheduler()
    scheduler.put(ticket(Nobody()))
    begun = time.monotonic()
    assert len(scheduler.take(8, gather_s=0.05)) == 1
    assert time.monotonic() - begun >= 0.04


def test_a_full_batch_does_not_wait():
    scheduler = Scheduler()
    for _ in range(2):
        scheduler.put(ticket(Nobody()))
    begun = time.monotonic()
    assert len(scheduler.take(2, gather_s=60)) == 2
    assert time.monotonic() - begun < 30


def test_a_ticket_that_nobody_has_taken_can_be_taken_back_once():
    scheduler, owner = Scheduler(), Nobody()
    first, second = ticket(owner, 0), ticket(owner, 1)
    scheduler.put(first)
    scheduler.put(second)
    assert scheduler.withdraw(first)
    assert not scheduler.withdraw(first)
    assert scheduler.take() == [second]
    assert not scheduler.withdraw(second)
    assert len(scheduler) == 0


def test_workers_that_wait_are_let_go_at_the_end():
    scheduler = Scheduler()
    taken: list[list[Ticket]] = []
    worker = threading.Thread(target=lambda: taken.append(scheduler.take()))
    worker.start()
    scheduler.close()
    worker.join(5)
    assert taken == [[]]


def test_what_waits_at_the_end_is_still_served():
    scheduler = Scheduler()
    scheduler.put(ticket(Nobody()))
    scheduler.close()
    assert len(scheduler.take(4, gather_s=60)) == 1
    assert scheduler.take(4) == []


@pytest.mark.parametrize("streams", [1, 7])
def test_no_ticket_is_lost_or_served_twice_by_many_workers(streams: int):
    scheduler, owners = Scheduler(), [Nobody() for _ in range(streams)]
    taken: list[Ticket] = []

    def work() -> None:
        while batch := scheduler.take(3, gather_s=0.001):
            taken.extend(batch)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    put = [ticket(owner, index) for index in range(100) for owner in owners]
    for one in put:
        scheduler.put(one)
    scheduler.close()
    for worker in workers:
        worker.join(10)
    assert len(taken) == len(put)
    assert set(taken) == set(put)


def test_a_second_worker_waits_while_one_gathers_a_batch():
    scheduler, taken = Scheduler(), list[list[Ticket]]()
    workers = [
        threading.Thread(target=lambda: taken.append(scheduler.take(3, gather_s=60)))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    put = [ticket(Nobody(), index) for index in range(6)]
    for one in put[:3]:
        scheduler.put(one)
    assert eventually(lambda: taken == [put[:3]])
    for one in put[3:]:
        scheduler.put(one)
    for worker in workers:
        worker.join(10)
    assert taken == [put[:3], put[3:]]


def test_what_is_left_of_a_batch_is_taken_by_the_next_worker_though_nothing_comes():
    scheduler, taken = Scheduler(), list[list[Ticket]]()
    for index in range(3):
        scheduler.put(ticket(Nobody(), index))
    assert len(scheduler.take(2, gather_s=60)) == 2
    worker = threading.Thread(target=lambda: taken.append(scheduler.take(2, gather_s=0.01)))
    worker.start()
    worker.join(10)
    assert [len(batch) for batch in taken] == [1]
