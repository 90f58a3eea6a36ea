from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from happenings import event
from posestream.sinks.clips.ring import EncodedPicture, PictureRing
from posestream.sinks.clips.span import ClipSpan

TIMES = {"before_s": 5.0, "after_s": 10.0, "longest_s": 30.0}


def picture(number: int, *, key_every: int = 10, size: int = 100) -> EncodedPicture:
    """One of ten a second."""
    is_key = number % key_every == 0
    return EncodedPicture(b"x" * size, number, number, 1, is_key, Fraction(1, 10))


def filled(count: int, *, keep_s: float = 5, most_bytes: int = 10**9, **options) -> PictureRing:
    ring = PictureRing(keep_s=keep_s, most_bytes=most_bytes)
    for number in range(count):
        ring.add(picture(number, **options))
    return ring


def places(pictures: list[EncodedPicture]) -> list[int]:
    return [one.pts for one in pictures]


def test_a_ring_holds_the_last_seconds_from_a_key_frame_on():
    assert places(filled(206).since(0)) == list(range(150, 206))


def test_what_a_ring_takes_does_not_grow_with_time():
    assert filled(1000).size_bytes == filled(10_000).size_bytes
    assert len(filled(1000)) <= 70


def test_a_ring_gives_what_follows_the_last_key_frame_before_a_time():
    assert places(filled(206).since(17.5))[0] == 170
    assert places(filled(206).since(17.0))[0] == 170
    assert places(filled(206).since(99))[0] == 200


def test_a_ring_gives_what_follows_a_picture():
    assert places(filled(206).after(203)) == [204, 205]
    assert filled(206).after(205) == []


def test_a_ring_says_how_far_it_reaches():
    assert filled(206).reached_s == 20.5
    assert filled(0).reached_s == float("-inf")


def test_memory_counts_more_than_time():
    ring = filled(200, most_bytes=2500)
    assert ring.size_bytes <= 2500
    assert places(ring.since(0))[0] % 10 == 0
    assert places(ring.since(0))[-1] == 199


def test_pictures_before_the_first_key_frame_cannot_be_decoded_and_are_not_held():
    ring = PictureRing(keep_s=5)
    ring.add(picture(3))
    assert len(ring) == 0
    assert ring.since(0) == []


def test_a_span_goes_from_before_to_after():
    span = ClipSpan(event(at_s=20), **TIMES)
    assert (span.start_s, span.end_s, span.settled_s) == (15, 30, 35)
    assert span.rest() is None


@pytest.mark.parametrize(("at_s", "taken"), [(20, True), (35, True), (35.1, False), (50, False)])
def test_a_span_takes_what_would_overlap(at_s, taken):
    assert ClipSpan(event(at_s=20), **TIMES).takes(event(at_s=at_s)) == taken


def test_a_span_grows_with_what_it_takes_up_to_a_limit():
    span = ClipSpan(event(at_s=20), **TIMES)
    span.add(event(at_s=34))
    assert (span.end_s, span.settled_s) == (44, 49)
    span.add(event(at_s=44))
    assert (span.end_s, span.settled_s) == (45, 45)
    rest = span.rest()
    assert rest is not None
    assert (rest.start_s, rest.end_s) == (45, 54)
    assert [one.pts_s for one in rest.events] == [44]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_every_event_is_within_a_span_from_before_to_after_it(times):
    """Spans as they follow each other cover every event with what comes before and after."""
    spans: list[ClipSpan] = []
    for at_s in sorted(times):
        one = event(at_s=at_s)
        if spans and (rest := spans[-1].rest()) and at_s > spans[-1].end_s:
            spans.append(rest)
        if spans and spans[-1].takes(one):
            spans[-1].add(one)
        else:
            spans.append(ClipSpan(one, **TIMES))
    while rest := spans[-1].rest():
        spans.append(rest)
    for span in spans:
        assert span.end_s - span.start_s <= 30 + 1e-6
    for at_s in times:
        for moment in (at_s - 5, at_s, at_s + 10):
            assert any(span.start_s - 1e-6 <= moment <= span.end_s + 1e-6 for span in spans)
