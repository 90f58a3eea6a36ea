import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from happenings import event, result
from posestream.events import CROSS, FALL, LONG_LIE, RECOVERED
from posestream.images import HostImage
from posestream.overlay.annotator import Annotator
from posestream.overlay.banners import COLOURS, RecentEvents, event_colour
from posestream.topology import COCO_17

SIZE = (640, 480)
BOX = {3: (200.0, 200.0, 300.0, 400.0)}


def grey(size: tuple[int, int] = SIZE) -> HostImage:
    return HostImage.from_rgb(np.full((*size[::-1], 3), 128, np.uint8))


def picture(annotator: Annotator, found, *, size: tuple[int, int] = SIZE) -> np.ndarray:
    return annotator.draw(grey(size), found).rgb().astype(int)


def drawn(*events, size: tuple[int, int] = SIZE, boxes=None, **options) -> np.ndarray:
    found = result(*events, size=size, boxes=boxes)
    return picture(Annotator(COCO_17, **options), found, size=size)


def changed(pixels: np.ndarray) -> np.ndarray:
    return np.abs(pixels - 128).max(axis=2) > 6


def test_an_event_is_a_stripe_along_the_whole_top_in_the_colour_of_its_kind():
    rows = changed(drawn(event(), boxes={}))
    assert rows[:10].all()
    assert not rows[40:].any()
    red, green, blue = drawn(event())[2, -5]
    assert red > 170
    assert max(green, blue) < 70


def test_a_quiet_frame_has_no_stripe():
    assert not changed(drawn()).any()


def test_the_person_is_marked_with_a_box_and_words_under_it():
    marked, unmarked = drawn(event(), boxes=BOX), drawn(event(track=9), boxes=BOX)
    difference = np.abs(marked - unmarked).max(axis=2) > 6
    difference[:40] = False  # the stripe names the person
    rows, columns = np.nonzero(difference)
    assert 190 <= rows.min() <= 200
    assert 405 <= rows.max() <= 430
    assert 190 <= columns.min() <= 200
    np.testing.assert_allclose(marked[300, 200], COLOURS[FALL], atol=45)


def test_an_event_is_shown_for_some_seconds_of_the_streams_time():
    annotator = Annotator(COCO_17, events_s=2.0)
    assert changed(picture(annotator, result(event(at_s=10), at_s=10))).any()
    assert changed(picture(annotator, result(at_s=11.9))).any()
    assert not changed(picture(annotator, result(at_s=12.0))).any()


def test_events_can_be_left_out():
    assert not changed(drawn(event(), boxes=BOX, events_s=0)).any()


def test_streams_do_not_see_each_others_events():
    annotator = Annotator(COCO_17)
    assert changed(picture(annotator, result(event(), stream="hall"))).any()
    assert not changed(picture(annotator, result(stream="yard"))).any()


def test_the_latest_events_come_first_and_no_more_than_three_are_written():
    recent = RecentEvents()
    recent.after(result(event("a", at_s=1), at_s=1))
    shown = recent.after(result(event("b", at_s=2), event("c", at_s=2), at_s=2))
    assert [one.kind for one in shown] == ["c", "b", "a"]
    many = changed(drawn(*[event(f"kind{n}") for n in range(10)]))
    assert not many[80:].any()


def test_visitors_do_not_crowd_out_a_fall():
    annotator = Annotator(COCO_17)
    picture(annotator, result(event(at_s=2), at_s=2))
    later = picture(annotator, result(*[event("enter", at_s=3) for _ in range(5)], at_s=3))
    np.testing.assert_allclose(later[2, -5], COLOURS[FALL], atol=60)
    assert later[2, -5][0] > 150


def test_a_video_that_begins_again_forgets_what_is_yet_to_come():
    recent = RecentEvents()
    recent.after(result(event(at_s=100), at_s=100))
    assert recent.after(result(at_s=0.5)) == []
    assert recent.after(result(at_s=100.5)) == []


def test_only_the_latest_event_of_a_person_is_marked():
    annotator = Annotator(COCO_17)
    picture(annotator, result(event(at_s=2), at_s=2, boxes=BOX))
    later = picture(annotator, result(event(RECOVERED, at_s=3), at_s=3, boxes=BOX))
    np.testing.assert_allclose(later[300, 200], COLOURS[RECOVERED], atol=45)


def test_the_frame_number_moves_under_the_stripe():
    plain = np.nonzero(changed(drawn(frame_number=True)))
    both = drawn(event(), frame_number=True)
    under = np.abs(both - drawn(event())).max(axis=2) > 6
    assert plain[0].min() < 4
    assert np.nonzero(under)[0].min() >= 24


def test_kinds_have_colours_that_letters_can_be_read_on():
    for kind in (FALL, LONG_LIE, RECOVERED):
        red, green, blue = COLOURS[kind]
        assert 0.299 * red + 0.587 * green + 0.114 * blue < 110  # white letters
    assert event_colour("new kind") == event_colour("new kind")


@pytest.mark.parametrize("size", [(16, 16), (33, 17), (64, 300), (1, 1), (1921, 1081)])
def test_pictures_of_any_size_are_drawn_on(size):
    long = event(CROSS, zone="a zone with a very long name " * 5, direction="in")
    assert changed(drawn(long, size=size, boxes=BOX, frame_number=True)).any()


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=4, max_size=4))
def test_no_box_is_too_odd(box):
    drawn(event(), boxes={3: tuple(box)})


def test_the_picture_stays_what_encoders_take():
    copy = Annotator(COCO_17).draw(grey(), result(event(), boxes=BOX))
    assert isinstance(copy.frame, av.VideoFrame)
    assert copy.frame.format.name == "yuv420p"
