import threading
import time
from fractions import Fraction
from queue import SimpleQueue

import pytest
from small_streams import picture

from posestream.runtime.lane import Lane
from posestream.runtime.scheduling import Scheduler, Ticket
from posestream.types import Frame


def ticket(lane: Lane, index: int, *, infer: bool = True) -> Ticket:
    frame = Frame("s", index, index, Fraction(1, 25), picture(index), 0.0)
    return Ticket(frame, lane, infer=infer)


def all_out(lane: Lane) -> list[Ticket]:
    """Attend to a lane until it has ended; return what came out."""
    due, taken = SimpleQueue[None](), list[Ticket]()
    lane.attend(lambda: due.put(None))
    while True:
        due.get()
        if lane.hand_on(taken.append):
            return taken


def next_out(lane: Lane) -> Ticket:
    taken: list[Ticket] = []
    lane.hand_on(taken.append)
    return taken[0]


def indices(tickets: list[Ticket]) -> list[int]:
    return [t.frame.index for t in tickets]


def test_tickets_come_out_in_order_though_served_in_another():
    scheduler = Scheduler()
    lane = Lane(scheduler, ahead=3)
    for index in range(3):
        lane.put(ticket(lane, index))
    for one in reversed(scheduler.take(3)):
        one.serve(None)
    lane.close()
    assert indices(all_out(lane)) == [0, 1, 2]


def test_a_file_waits_for_room():
    scheduler = Scheduler()
    lane = Lane(scheduler, ahead=1)
    lane.put(ticket(lane, 0))
    put: list[bool] = []
    reader = threading.Thread(target=lambda: put.append(lane.put(ticket(lane, 1))))
    reader.start()
    time.sleep(0.05)
    assert put == []
    scheduler.take()[0].serve(None)
    assert next_out(lane).frame.index == 0
    reader.join(5)
    assert put == [True]


def test_a_live_stream_drops_the_oldest_frame_that_waits():
    scheduler, dropped = Scheduler(), list[Ticket]()
    lane = Lane(scheduler, ahead=6, live=True, waiting=2, on_drop=dropped.append)
    for index in range(5):
        assert lane.put(ticket(lane, index))
    assert indices(dropped) == [0, 1, 2]
    assert indices(scheduler.take(9)) == [3, 4]


def test_a_frame_that_a_worker_has_is_not_dropped():
    scheduler, dropped = Scheduler(), list[Ticket]()
    lane = Lane(scheduler, ahead=6, live=True, waiting=2, on_drop=dropped.append)
    lane.put(ticket(lane, 0))
    [at_work] = scheduler.take()
    for index in range(1, 4):
        lane.put(ticket(lane, index))
    assert indices(dropped) == [1, 2]
    at_work.serve(None)
    assert next_out(lane) is at_work


def test_a_live_stream_whose_results_are_not_taken_drops_the_oldest_result():
    scheduler, dropped = Scheduler(), list[Ticket]()
    lane = Lane(scheduler, ahead=3, live=True, on_drop=dropped.append)
    for index in range(5):
        lane.put(ticket(lane, index))
        for one in scheduler.take(1):
            one.serve(None)
    assert indices(dropped) == [0, 1]
    assert len(lane) == 3


def test_where_all_is_at_work_the_newest_frame_is_dropped():
    scheduler, dropped = Scheduler(), list[Ticket]()
    lane = Lane(scheduler, ahead=2, live=True, on_drop=dropped.append)
    for index in range(2):
        lane.put(ticket(lane, index))
        scheduler.take()
    assert lane.put(ticket(lane, 2))
    assert indices(dropped) == [2]


def test_frames_that_nobody_looks_at_need_no_worker():
    scheduler = Scheduler()
    lane = Lane(scheduler, ahead=4)
    lane.put(ticket(lane, 0, infer=False))
    lane.close()
    assert indices(all_out(lane)) == [0]
    assert len(scheduler) == 0


def test_closing_a_live_stream_drops_what_waits_and_keeps_what_is_at_work():
    scheduler, dropped = Scheduler(), list[Ticket]()
    lane = Lane(scheduler, ahead=4, live=True, on_drop=dropped.append)
    lane.put(ticket(lane, 0))
    [at_work] = scheduler.take()
    lane.put(ticket(lane, 1))
    lane.close()
    at_work.serve(None)
    assert indices(all_out(lane)) == [0]
    assert indices(dropped) == [1]
    assert not lane.put(ticket(lane, 2))


def test_cancelling_frees_a_reader_and_a_writer_at_once():
    scheduler = Scheduler()
    lane = Lane(scheduler, ahead=1)
    lane.put(ticket(lane, 0))
    outcome: list[object] = []
    reader = threading.Thread(target=lambda: outcome.append(lane.put(ticket(lane, 1))))
    writer = threading.Thread(target=lambda: outcome.append(all_out(lane)))
    reader.start()
    writer.start()
    time.sleep(0.05)
    lane.cancel()
    reader.join(5)
    writer.join(5)
    assert sorted(outcome, key=str) == [False, []]
    assert len(scheduler) == 0


def test_a_lane_without_room_is_refused():
    with pytest.raises(ValueError, match="must be at least 1, not 0 and 2"):
        Lane(Scheduler(), ahead=0)


def test_who_attends_is_told_once_and_again_when_that_is_done():
    scheduler, told = Scheduler(), list[str]()
    lane = Lane(scheduler, ahead=4)
    lane.attend(lambda: told.append("ready"))
    for index in range(3):
        lane.put(ticket(lane, index))
    first, second, third = scheduler.take(3)
    second.serve(None)
    assert told == []  # the first is not served
    first.serve(None)
    third.serve(None)
    assert told == ["ready"]
    assert not lane.hand_on(lambda _: told.append("taken"))
    assert told == ["ready", "taken", "ready"]


def test_who_attends_late_is_told_what_has_happened():
    scheduler, told = Scheduler(), list[str]()
    lane = Lane(scheduler, ahead=1)
    lane.close()
    lane.attend(lambda: told.append("over"))
    assert told == ["over"]
    assert lane.hand_on(lambda _: None)


def test_a_result_that_is_dropped_before_its_turn_is_not_missed():
    scheduler, taken = Scheduler(), list[Ticket]()
    lane = Lane(scheduler, ahead=1, live=True)
    told: list[int] = []
    lane.attend(lambda: told.append(1))
    lane.put(ticket(lane, 0))
    scheduler.take()[0].serve(None)
    lane.put(ticket(lane, 1))  # the first one's result makes room
    assert not lane.hand_on(taken.append)
    assert (taken, len(told)) == ([], 1)
    scheduler.take()[0].serve(None)
    assert len(told) == 2
    lane.hand_on(taken.append)
    assert indices(taken) == [1]
