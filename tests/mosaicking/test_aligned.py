"""Mosaics of files: the right picture in the right place at the right time, in every run."""

import random
import threading
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from watermarks import (
    SIZE,
    Watched,
    numbered,
    part,
    shows_words_only,
    side_by_side,
    wait_until,
)

from posestream.errors import ConfigError, SinkError
from posestream.mosaicking import Mosaic, open_mosaic
from posestream.overlay.layout import layout


def mosaic_of(sink, *streams, status=lambda _: None, size=SIZE, rates=(), **options) -> Mosaic:
    mosaic = open_mosaic([sink], live=False, status=status, size=size, **options)
    for place, stream in enumerate(streams):
        mosaic.add(stream, frame_rate=rates[place] if rates else None)
    return mosaic


def play(mosaic, stream, times, *, hurry=None, first=0, size=(160, 90)):
    """Show frames of a stream, each with its number, with random breaks."""

    def work():
        for number, time_s in enumerate(times):
            if hurry is not None and hurry.random() < 0.3:
                time.sleep(hurry.random() * 0.004)
            mosaic.show(stream, numbered(stream, first + number, time_s, size=size))
        mosaic.ended(stream)

    return work


def expected(times, ticks, rate):
    """Return the number that the latest frame at each tick has."""
    offsets = [Fraction(t) - Fraction(times[0]) for t in times]
    return [max(i for i, t in enumerate(offsets) if t <= Fraction(tick, rate)) for tick in ticks]


def every(rate, count, *, start=Fraction(0)):
    return [start + i / Fraction(rate) for i in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_each_tile_shows_its_streams_latest_frame_whatever_the_threads_do(seed):
    hurry, sink = random.Random(seed), Watched()
    times = {
        "fast": every(50, 40),
        "slow": every(Fraction(25, 2), 10, start=Fraction(1000)),
        "ntsc": every(Fraction(30_000, 1001), 24, start=Fraction(1, 3)),
        "uneven": [Fraction(i * i, 400) for i in range(18)],
    }
    rates = [Fraction(50), Fraction(25, 2), Fraction(30_000, 1001), None]
    mosaic = mosaic_of(sink, *times, rates=rates)
    work = [play(mosaic, s, t, hurry=random.Random(hurry.random())) for s, t in times.items()]
    side_by_side(*work)
    mosaic.close()
    ticks = sink.ticks
    assert ticks == list(range(len(ticks)))
    assert {frame.time_base for frame in sink.frames} == {Fraction(1, 50)}
    assert len(ticks) == 40
    for tile, (stream, own) in zip(layout(4, size=SIZE), times.items(), strict=True):
        running = [t for t in ticks if Fraction(t, 50) <= own[-1] - own[0]]
        assert sink.numbers(tile)[: len(running)] == expected(own, running, 50), stream


def test_the_same_files_give_the_same_pictures_in_every_run():
    def run(seed):
        hurry, sink = random.Random(seed), Watched()
        mosaic = mosaic_of(sink, "a", "b", "c")
        work = [
            play(mosaic, stream, every(rate, count), hurry=random.Random(hurry.random()))
            for stream, rate, count in (("a", 25, 30), ("b", 10, 5), ("c", 40, 20))
        ]
        side_by_side(*work)
        mosaic.close()
        return [sink.rgb(n) for n in range(len(sink.frames))]

    first, second = run(1), run(2)
    assert len(first) == 30
    np.testing.assert_array_equal(first, second)


def test_the_fastest_stream_sets_the_rate_and_sixty_is_the_most():
    for rates, rate in (([Fraction(15), Fraction(24)], 24), ([Fraction(240), None], 60)):
        sink = Watched()
        mosaic = mosaic_of(sink, "a", "b", rates=rates)
        work = [play(mosaic, s, every(r or 30, 30)) for s, r in zip("ab", rates, strict=True)]
        side_by_side(*work)
        mosaic.close()
        assert {frame.time_base for frame in sink.frames} == {Fraction(1, rate)}


def test_a_rate_told_later_counts_and_the_given_one_is_the_last_resort():
    sink = Watched()
    mosaic = mosaic_of(sink, "a", rate=Fraction(10))
    side_by_side(play(mosaic, "a", every(20, 9)))
    mosaic.close()
    assert [f.time_base for f in sink.frames] == [Fraction(1, 10)] * 5
    assert sink.numbers(layout(1, size=SIZE)[0]) == [0, 2, 4, 6, 8]
    sink = Watched()
    mosaic = mosaic_of(sink, "a", rate=Fraction(10))
    mosaic.add("a", frame_rate=Fraction(20))
    side_by_side(play(mosaic, "a", every(20, 9)))
    mosaic.close()
    assert sink.numbers(layout(1, size=SIZE)[0]) == list(range(9))


def test_frames_that_come_faster_than_the_mosaic_never_block():
    sink = Watched()
    mosaic = mosaic_of(sink, "slow", "fast", rate=Fraction(10))
    work = [play(mosaic, "slow", every(2, 3)), play(mosaic, "fast", every(200, 200))]
    side_by_side(*work)
    mosaic.close()
    assert sink.numbers(layout(2, size=SIZE)[1])[:10] == [20 * n for n in range(10)]


def test_a_stream_that_ended_stays_dimmed_with_a_note():
    sink = Watched()
    mosaic = mosaic_of(sink, "short", "long")
    work = [play(mosaic, "short", every(25, 3), first=0xF0), play(mosaic, "long", every(25, 8))]
    side_by_side(*work)
    mosaic.close()
    short, long = layout(2, size=SIZE)
    light = [float(part(sink.rgb(n), short).mean()) for n in range(8)]
    assert sink.numbers(short)[:3] == [0xF0, 0xF1, 0xF2]
    assert max(light[3:]) < 0.6 * min(light[:3])
    assert len(set(light[3:])) == 1
    assert sink.numbers(long) == list(range(8))


def test_a_stream_that_failed_before_its_first_frame_has_no_signal():
    asked = []

    def status(stream):
        asked.append(stream)
        return "file is damaged"

    sink = Watched()
    mosaic = mosaic_of(sink, "bad", "good", status=status)
    mosaic.ended("bad")
    side_by_side(play(mosaic, "good", every(25, 5)))
    mosaic.close()
    bad, good = layout(2, size=SIZE)
    assert all(shows_words_only(sink.rgb(n), bad) for n in range(5))
    assert sink.numbers(good) == list(range(5))
    assert set(asked) == {"bad"}


def test_a_stream_that_runs_ahead_waits_and_holds_few_pictures():
    sink, shown = Watched(), []
    mosaic = mosaic_of(sink, "ahead", "behind")

    def run_ahead():
        for number, time_s in enumerate(every(25, 50)):
            mosaic.show("ahead", numbered("ahead", number, time_s))
            shown.append(number)
        mosaic.ended("ahead")

    thread = threading.Thread(target=run_ahead, daemon=True)
    thread.start()
    wait_until(lambda: len(shown) == 4)
    time.sleep(0.1)
    assert len(shown) == 4
    assert sink.frames == []
    side_by_side(play(mosaic, "behind", every(25, 50)), thread.join)
    mosaic.close()
    assert sink.numbers(layout(2, size=SIZE)[0]) == list(range(50))


@pytest.mark.parametrize("leave", ["ended", "remove", "close"])
def test_who_waits_for_a_stream_goes_on_when_that_one_leaves(leave):
    sink = Watched()
    mosaic = mosaic_of(sink, "waits", "hangs")
    mosaic.show("hangs", numbered("hangs", 0, 0))
    thread = threading.Thread(target=play(mosaic, "waits", every(25, 30)), daemon=True)
    thread.start()
    time.sleep(0.05)
    assert thread.is_alive()
    if leave == "close":
        side_by_side(mosaic.close)
    else:
        getattr(mosaic, leave)("hangs")
    thread.join(20)
    assert not thread.is_alive()
    side_by_side(mosaic.close)
    assert sink.ticks == list(range(len(sink.ticks)))
    assert sink.closed == 1
    if leave != "close":
        assert len(sink.ticks) == 30


def test_a_stream_that_is_removed_while_it_waits_is_let_go():
    mosaic = mosaic_of(Watched(), "waits", "hangs")
    thread = threading.Thread(target=play(mosaic, "waits", every(25, 30)), daemon=True)
    thread.start()
    time.sleep(0.05)
    mosaic.remove("waits")
    thread.join(20)
    assert not thread.is_alive()
    mosaic.close()


def test_streams_that_come_and_go_lay_the_tiles_anew():
    sink = Watched()
    mosaic = mosaic_of(sink, "a")
    for number in range(6):
        mosaic.show("a", numbered("a", number, Fraction(number, 25)))
    wait_until(lambda: len(sink.frames) == 5)
    mosaic.add("b")
    mosaic.show("a", numbered("a", 6, Fraction(6, 25)))
    wait_until(lambda: len(sink.frames) == 6)
    mosaic.show("b", numbered("b", 100, Fraction(77)))
    mosaic.show("a", numbered("a", 7, Fraction(7, 25)))
    mosaic.show("b", numbered("b", 101, Fraction(77) + Fraction(1, 25)))
    wait_until(lambda: len(sink.frames) == 7)
    mosaic.remove("a")
    mosaic.ended("b")
    mosaic.close()
    whole, halves = layout(1, size=SIZE)[0], layout(2, size=SIZE)
    assert sink.numbers(whole)[:5] == [0, 1, 2, 3, 4]
    assert shows_words_only(sink.rgb(5), halves[1])
    assert sink.numbers(halves[0])[5:7] == [5, 6]
    assert sink.numbers(halves[1])[6] == 100
    assert sink.numbers(whole)[7] == 101
    assert sink.ticks == list(range(8))


def test_a_stream_that_starts_again_goes_on_where_the_mosaic_is():
    sink = Watched()
    mosaic = mosaic_of(sink, "a")
    side_by_side(play(mosaic, "a", every(25, 4)))
    wait_until(lambda: len(sink.frames) == 4)
    side_by_side(play(mosaic, "a", every(25, 4, start=Fraction(500)), first=50))
    mosaic.close()
    assert sink.numbers(layout(1, size=SIZE)[0]) == [0, 1, 2, 3, 50, 51, 52, 53]
    assert sink.ticks == list(range(8))


def test_a_stream_may_change_its_size_midway():
    sink = Watched()
    mosaic = mosaic_of(sink, "a", "b")

    def changing():
        for number, size in enumerate([(160, 90), (640, 480), (90, 160), (321, 181)] * 2):
            mosaic.show("a", numbered("a", number, Fraction(number, 25), size=size))
        mosaic.ended("a")

    side_by_side(changing, play(mosaic, "b", every(25, 8)))
    mosaic.close()
    left, right = layout(2, size=SIZE)
    numbers = sink.numbers(left)
    assert [numbers[n] for n in (0, 3, 4, 7)] == [0, 3, 4, 7]
    assert sink.numbers(right) == list(range(8))


def test_sixty_four_streams_of_different_lengths_finish():
    sink, size = Watched(), (1280, 720)
    streams = [f"s{i}" for i in range(64)]
    mosaic = mosaic_of(sink, *streams, size=size)
    work = [play(mosaic, s, every(25, 3 + i % 5), first=i) for i, s in enumerate(streams)]
    side_by_side(*work, within_s=90)
    mosaic.close()
    assert len(sink.frames) == 7
    tiles = layout(64, size=size)
    assert [sink.numbers(tile)[0] for tile in tiles] == list(range(64))


def test_a_broken_sink_ends_the_mosaic_and_nobody_else():
    broken, other = Watched(fails_at=3), Watched()
    mosaic = open_mosaic([other, broken], live=False, status=lambda _: None, size=SIZE)
    mosaic.add("a")
    mosaic.add("b")
    work = [play(mosaic, stream, every(25, 40)) for stream in "ab"]
    side_by_side(*work)
    wait_until(lambda: mosaic.error is not None)
    assert isinstance(mosaic.error, SinkError)
    with pytest.raises(SinkError, match="the disk is full"):
        mosaic.close()
    mosaic.close()
    assert (broken.closed, other.closed) == (1, 1)
    assert mosaic.frames == 3


def test_a_status_that_raises_lets_nobody_wait():
    def status(_):
        raise LookupError("no such stream")

    mosaic = mosaic_of(Watched(), "a", "b", status=status)
    mosaic.ended("a")
    side_by_side(play(mosaic, "b", every(25, 40)))
    with pytest.raises(LookupError, match="no such stream"):
        mosaic.close()


def test_nothing_shown_is_nothing_written():
    sink = Watched()
    mosaic = mosaic_of(sink, "a")
    mosaic.show("unknown", numbered("unknown", 1, 0))
    mosaic.ended("unknown")
    mosaic.remove("unknown")
    mosaic.close()
    mosaic.show("a", numbered("a", 1, 0))
    assert (sink.frames, sink.closed, mosaic.error) == ([], 1, None)


def test_a_stream_too_many_is_refused_and_the_others_stay():
    sink = Watched()
    mosaic = mosaic_of(sink, "a", "b", shape="2x1")
    with pytest.raises(ConfigError, match="2x1 has 2 places, and there are 3 streams"):
        mosaic.add("c")
    side_by_side(*(play(mosaic, stream, every(25, 3)) for stream in "ab"))
    mosaic.close()
    assert len(sink.frames) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": Fraction(0)}, "a rate of 0 pictures per second is not above 0"),
        ({"shape": "big"}, "'big' is not columns and rows"),
        ({"size": (16, 9)}, "at least 32 x 18 are needed"),
    ],
)
def test_what_cannot_be_is_refused_at_once(options, message):
    with pytest.raises(ConfigError, match=message):
        open_mosaic([], live=False, status=lambda _: None, **options)


STREAM = st.fixed_dictionaries(
    {
        "rate": st.sampled_from([1, 5, 24, 25, 30, 60, 120]),
        "count": st.integers(0, 12),
        "start": st.sampled_from([0, 7, 1000]),
        "leaves": st.sampled_from(["ended", "remove", "again", "never"]),
        "told": st.booleans(),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(STREAM, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_whatever_streams_do_nobody_waits_for_ever(streams, dice):
    sink = Watched()
    mosaic = open_mosaic([sink], live=False, status=lambda _: "gone", size=(320, 180))
    for n, stream in enumerate(streams):
        mosaic.add(str(n), frame_rate=Fraction(stream["rate"]) if stream["told"] else None)
    one = numbered("any", 1, 0, size=(64, 36)).image

    def live(n, stream, pause):
        def work():
            for i in range(stream["count"]):
                time.sleep(pause)
                pts = round((stream["start"] + i / stream["rate"]) * 90_000)
                frame = numbered(str(n), 1, 0, size=(2, 2))
                mosaic.show(str(n), type(frame)(str(n), i, pts, frame.time_base, one, 0.0))
            if stream["leaves"] == "never":
                return
            leave = mosaic.remove if stream["leaves"] == "remove" else mosaic.ended
            leave(str(n))
            if stream["leaves"] == "again":
                mosaic.show(str(n), numbered(str(n), 1, 5))
                mosaic.ended(str(n))

        return work

    work = [live(n, s, dice.random() * 0.002) for n, s in enumerate(streams)]
    if any(stream["leaves"] == "never" for stream in streams):
        work.append(lambda: (time.sleep(dice.random() * 0.05), mosaic.close())[1])
    side_by_side(*work)
    side_by_side(mosaic.close)
    assert mosaic.error is None
    assert sink.closed == 1
    assert sink.ticks == sorted(set(sink.ticks))
