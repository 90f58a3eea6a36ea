"""Frames of many streams become batches."""

import threading

from gpu_stand_ins import surface

from posestream.gpu.batches import Batcher, DecodedFrame


def frame(owner: object, index: int, size: tuple[int, int] = (64, 48)) -> DecodedFrame:
    return DecodedFrame(owner, index, index, surface(size), 0.0)


def batcher(limit: int = 3, gather_s: float = 60.0) -> Batcher:
    return Batcher(limit=limit, gather_s=gather_s, input_size=lambda size: size)


def taken(batcher: Batcher) -> list[tuple[object, int]]:
    return [(one.owner, one.index) for one in batcher.take()]


def test_a_full_batch_comes_at_once_and_oldest_first():
    frames = batcher()
    for index in range(4):
        frames.put(frame("a", index))
    assert taken(frames) == [("a", 0), ("a", 1), ("a", 2)]
    assert len(frames) == 1


def test_a_frame_waits_no_longer_than_it_may():
    frames = batcher(gather_s=0.0)
    frames.put(frame("a", 0))
    assert taken(frames) == [("a", 0)]


def test_a_batch_holds_one_input_size_and_no_frame_overtakes_its_stream():
    frames = batcher(limit=4)
    frames.put(frame("wide", 0))
    frames.put(frame("turned", 0, (48, 64)))
    frames.put(frame("turned", 1))  # fits the batch, but not before the one that was left
    frames.put(frame("wide", 1))
    assert taken(frames) == [("wide", 0), ("wide", 1)]
    frames.close()
    assert taken(frames) == [("turned", 0)]
    assert taken(frames) == [("turned", 1)]


def test_a_stream_that_is_late_loses_its_oldest_frames_only():
    frames = batcher(limit=9)
    for index in range(4):
        frames.put(frame("late", index))
        frames.put(frame("other", index))
    gone = frames.withdraw("late", keep=1)
    assert [one.index for one in gone] == [0, 1, 2]
    frames.close()
    assert taken(frames).count(("other", 0)) == 1
    assert len(frames) == 0


def test_a_closed_batcher_gives_out_what_waits_and_then_nothing():
    frames = batcher()
    frames.put(frame("a", 0))
    frames.close()
    assert taken(frames) == [("a", 0)]
    assert frames.take() == []


def test_whoever_waits_is_woken_by_the_last_frame_of_a_batch():
    frames, found = batcher(limit=2), []
    thread = threading.Thread(target=lambda: found.extend(taken(frames)))
    thread.start()
    frames.put(frame("a", 0))
    frames.put(frame("b", 0))
    thread.join(10)
    assert found == [("a", 0), ("b", 0)]
