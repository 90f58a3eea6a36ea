"""Mosaics of cameras: the latest frame of each, and nobody ever waits."""

import threading
import time
from fractions import Fraction

import numpy as np
import pytest
from watermarks import (
    SIZE,
    Watched,
    numbered,
    part,
    shows_words_only,
    side_by_side,
    wait_until,
)

from clips import number_in
from posestream.errors import SinkError
from posestream.mosaicking import open_mosaic
from posestream.mosaicking.board import Board
from posestream.mosaicking.live import LiveMosaic
from posestream.overlay.layout import layout

LEFT, RIGHT = layout(2, size=SIZE)


def live(sink, *streams, status=lambda _: None, rate=Fraction(50)):
    mosaic = open_mosaic([sink], live=True, status=status, size=SIZE, rate=rate)
    for stream in streams:
        mosaic.add(stream)
    return mosaic


def await_pictures(sink, more=2):
    """Wait until pictures came that were begun after now."""
    wanted = len(sink.frames) + more
    wait_until(lambda: len(sink.frames) >= wanted)


def latest(sink, tile):
    """Read what a tile shows in the latest picture; 0 before the first."""
    if not sink.frames:
        return 0
    return number_in(part(sink.frames[-1].image.rgb(), tile))


def test_every_picture_shows_the_latest_frames_at_its_time():
    sink = Watched()
    mosaic = live(sink, "a", "b")
    for number in (3, 200, 77):
        mosaic.show("a", numbered("a", number, 0))
        mosaic.show("b", numbered("b", 255 - number, 10_000 - number))
        await_pictures(sink)
        assert (latest(sink, LEFT), latest(sink, RIGHT)) == (number, 255 - number)
    mosaic.close()
    assert all(later > earlier for earlier, later in zip(sink.ticks, sink.ticks[1:], strict=False))
    assert {frame.time_base for frame in sink.frames} == {Fraction(1, 50)}
    assert [frame.index for frame in sink.frames] == list(range(len(sink.frames)))
    assert {frame.stream for frame in sink.frames} == {"mosaic"}


def test_streams_under_load_stay_in_their_places():
    sink = Watched()
    mosaic = live(sink, *"abcd")
    until = time.monotonic() + 0.5

    def camera(stream, base):
        def work():
            number = 0
            while time.monotonic() < until:
                mosaic.show(stream, numbered(stream, base + number % 64, 0, size=(64, 36)))
                number += 1

        return work

    side_by_side(*(camera(s, 64 * n) for n, s in enumerate("abcd")))
    await_pictures(sink)
    mosaic.close()
    for n, tile in enumerate(layout(4, size=SIZE)):
        shown = [
            number
            for k, number in enumerate(sink.numbers(tile))
            if not shows_words_only(sink.rgb(k), tile)
        ]
        assert shown
        assert {number // 64 for number in shown} == {n}


def test_a_camera_without_pictures_has_no_signal_until_one_comes():
    sink = Watched()
    mosaic = live(sink, "a", "b")
    mosaic.show("a", numbered("a", 9, 0))
    await_pictures(sink)
    assert shows_words_only(sink.rgb(-1), RIGHT)
    mosaic.show("b", numbered("b", 10, 0))
    await_pictures(sink)
    mosaic.close()
    assert (latest(sink, LEFT), latest(sink, RIGHT)) == (9, 10)


def test_a_camera_in_trouble_has_no_signal_and_says_why():
    sink, trouble = Watched(), {}
    mosaic = live(sink, "a", "b", status=trouble.get)
    for stream in "ab":
        mosaic.show(stream, numbered(stream, 5, 0))
    await_pictures(sink)
    shown = []
    for words in ("retrying in 4 s", "retrying in 3 s"):
        trouble["b"] = words
        await_pictures(sink)
        shown.append(part(sink.rgb(-1), RIGHT))
        assert shows_words_only(sink.rgb(-1), RIGHT)
        assert latest(sink, LEFT) == 5
    assert (shown[0] != shown[1]).any()
    trouble.clear()
    await_pictures(sink)
    mosaic.close()
    assert latest(sink, RIGHT) == 5


def test_a_camera_that_stalls_loses_its_picture():
    sink = Watched()
    board = Board(size=SIZE, shape=None)
    mosaic = LiveMosaic([sink], board, rate=Fraction(50), status=lambda _: None, stale_after_s=0.2)
    mosaic.add("a")
    mosaic.show("a", numbered("a", 66, 0))
    whole = layout(1, size=SIZE)[0]
    wait_until(lambda: latest(sink, whole) == 66)
    wait_until(lambda: shows_words_only(sink.rgb(-1), whole))
    mosaic.show("a", numbered("a", 67, 0))
    wait_until(lambda: latest(sink, whole) == 67)
    mosaic.close()


def test_a_camera_that_was_stopped_keeps_its_last_picture_dimmed():
    sink = Watched()
    mosaic = live(sink, "a")
    whole = layout(1, size=SIZE)[0]
    mosaic.show("a", numbered("a", 0xF0, 0))
    await_pictures(sink)
    light = sink.rgb(-1)
    mosaic.ended("a")
    await_pictures(sink)
    assert sink.rgb(-1).mean() < 0.6 * light.mean()
    mosaic.show("a", numbered("a", 0x0F, 0))
    await_pictures(sink)
    mosaic.close()
    assert latest(sink, whole) == 0x0F


def test_cameras_that_come_and_go_lay_the_tiles_anew():
    sink = Watched()
    mosaic = live(sink, "a")
    mosaic.show("a", numbered("a", 1, 0))
    await_pictures(sink)
    assert latest(sink, layout(1, size=SIZE)[0]) == 1
    mosaic.add("b")
    mosaic.show("b", numbered("b", 2, 0))
    await_pictures(sink)
    assert (latest(sink, LEFT), latest(sink, RIGHT)) == (1, 2)
    mosaic.remove("a")
    await_pictures(sink)
    assert latest(sink, layout(1, size=SIZE)[0]) == 2
    mosaic.remove("b")
    mosaic.show("b", numbered("b", 3, 0))
    mosaic.add("c")
    await_pictures(sink)
    mosaic.close()
    assert shows_words_only(sink.rgb(-1), layout(1, size=SIZE)[0])


def test_a_slow_sink_makes_pictures_rarer_and_keeps_nobody_waiting():
    sink = Watched(takes_s=0.1)
    mosaic = live(sink, "a")
    frame = numbered("a", 5, 0)
    mosaic.show("a", frame)
    wait_until(lambda: len(sink.frames) >= 1)
    shown = 0
    while len(sink.frames) < 4:
        mosaic.show("a", frame)
        shown += 1
    mosaic.close()
    gaps = np.diff(sink.ticks)
    assert gaps.min() >= 4
    assert shown > 100


def test_a_broken_sink_ends_the_mosaic_and_nobody_else():
    sink = Watched(fails_at=2)
    mosaic = live(sink, "a")
    mosaic.show("a", numbered("a", 5, 0))
    wait_until(lambda: mosaic.error is not None)
    mosaic.show("a", numbered("a", 6, 0))
    with pytest.raises(SinkError, match="the disk is full"):
        mosaic.close()
    assert (sink.closed, mosaic.frames) == (1, 2)


def test_who_answers_may_hold_a_lock_that_somebody_who_calls_wants():
    lock, sink = threading.Lock(), Watched()

    def status(_):
        with lock:
            return

    mosaic = live(sink, "a", status=status)

    def busy():
        for n in range(200):
            with lock:
                mosaic.add(f"s{n % 3}")
                mosaic.show("a", numbered("a", 1, 0, size=(32, 18)))
                mosaic.remove(f"s{n % 3}")

    side_by_side(busy)
    await_pictures(sink)
    side_by_side(mosaic.close)
    assert mosaic.error is None


def test_a_mosaic_without_streams_waits_and_closes():
    sink = Watched()
    mosaic = live(sink)
    side_by_side(mosaic.close)
    mosaic.close()
    assert (sink.frames, sink.closed) == ([], 1)
