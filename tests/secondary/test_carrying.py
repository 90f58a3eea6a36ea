"""What is known of a stream between two looks."""

import numpy as np
import pytest

from posestream.findings import NOTHING, Attributes, Detections, Findings
from posestream.secondary.carrying import Interval, StreamFindings
from posestream.types import Poses, Tracks

NAMES = ("red", "blue")


def people(*lefts: float, ids=None) -> Tracks:
    """People 40 pixels wide, side by side."""
    count = len(lefts)
    boxes = np.array([(x, 0, x + 40, 80) for x in lefts], np.float32).reshape(-1, 4)
    shapes = ((count, 1, 2), (count, 1), (count,))
    poses = Poses(*(np.ones(s, np.float32) for s in shapes), boxes)
    return Tracks.untracked(poses) if ids is None else Tracks(poses, np.array(ids, np.int64))


def shirts(*classes: int) -> Findings:
    scores = np.where(np.array(classes) >= 0, 0.9, 0).astype(np.float32)
    given = Attributes(np.array(classes, np.int64), scores, NAMES)
    return Findings(attributes={"shirt": given})


def labels(findings: Findings) -> list[str | None]:
    return findings.attributes["shirt"].labels


def test_a_model_looks_at_the_first_frame_and_then_at_every_nth():
    stream = StreamFindings({"a": Interval(frames=3), "b": Interval()})
    due = [stream.due(place, place / 30) for place in range(5)]
    assert [("a" in names, "b" in names) for names in due] == [
        (True, True),
        (False, True),
        (False, True),
        (True, True),
        (False, True),
    ]


def test_a_model_looks_every_so_many_seconds():
    stream = StreamFindings({"a": Interval(seconds=0.5)})
    places = [place for place in range(40) if stream.due(place, place / 10)]
    assert places == list(range(0, 40, 5))


def test_where_people_are_sought_less_often_a_model_waits_for_them():
    stream = StreamFindings({"a": Interval(frames=2)})
    assert [place for place in range(0, 12, 3) if stream.due(place, place / 30)] == [0, 3, 6, 9]


def test_objects_stay_until_the_next_look():
    cup = Detections(
        np.ones((1, 4), np.float32),
        np.ones(1, np.float32),
        np.zeros(1, np.int64),
        np.full(1, -1, np.int64),
        ("cup",),
    )
    stream = StreamFindings({})
    stream.settle(people(0), Findings(objects={"things": cup}))
    assert stream.settle(people(), NOTHING).objects["things"].labels == ["cup"]
    none = Findings(objects={"things": Detections.empty(("cup",))})
    assert stream.settle(people(), none).objects["things"].labels == []


def test_labels_follow_people_by_their_boxes_whatever_their_order():
    stream = StreamFindings({})
    assert labels(stream.settle(people(0, 100), shirts(0, 1))) == ["red", "blue"]
    assert labels(stream.settle(people(106, 4), NOTHING)) == ["blue", "red"]
    assert labels(stream.settle(people(8, 112), NOTHING)) == ["red", "blue"]


def test_somebody_new_has_no_label_until_the_next_look():
    stream = StreamFindings({})
    stream.settle(people(0), shirts(0))
    assert labels(stream.settle(people(300, 2), NOTHING)) == [None, "red"]


def test_two_people_never_share_one_persons_label():
    stream = StreamFindings({})
    stream.settle(people(0), shirts(0))
    assert labels(stream.settle(people(0, 3), NOTHING)) == ["red", None]


def test_labels_follow_tracks_wherever_they_go():
    stream = StreamFindings({})
    stream.settle(people(0, 100, ids=[7, 8]), shirts(0, 1))
    assert labels(stream.settle(people(100, 500, ids=[7, 8]), NOTHING)) == ["red", "blue"]


def test_a_track_that_was_away_keeps_its_label():
    stream = StreamFindings({})
    stream.settle(people(0, 100, ids=[7, 8]), shirts(0, 1))
    stream.settle(people(0, ids=[7]), NOTHING)
    assert labels(stream.settle(people(200, 0, ids=[8, 7]), NOTHING)) == ["blue", "red"]


def test_a_fresh_look_replaces_what_was_known():
    stream = StreamFindings({})
    stream.settle(people(0, ids=[7]), shirts(0))
    assert labels(stream.settle(people(0, ids=[7]), shirts(-1))) == [None]
    assert labels(stream.settle(people(0, ids=[7]), NOTHING)) == [None]


def test_objects_in_crops_follow_their_people_and_leave_with_them():
    stream = StreamFindings({})
    held = Detections(
        np.ones((2, 4), np.float32),
        np.array([0.9, 0.8], np.float32),
        np.array([0, 1], np.int64),
        np.array([0, 1], np.int64),
        ("cup", "dog"),
    )
    stream.settle(people(0, 100), Findings(objects={"things": held}))
    moved = stream.settle(people(300, 102), NOTHING).objects["things"]
    assert (moved.labels, moved.people.tolist()) == (["dog"], [1])


@pytest.mark.parametrize("box", [np.nan, np.inf])
def test_boxes_that_are_none_are_nobodys(box):
    stream = StreamFindings({})
    stream.settle(people(0), shirts(0))
    lost = people(0)
    lost.poses.boxes[:] = box
    assert labels(stream.settle(lost, NOTHING)) == [None]


def test_labels_of_many_tracks_are_forgotten_in_the_end():
    stream = StreamFindings({})
    for identity in range(1200):
        stream.settle(people(0, ids=[identity]), shirts(0))
    assert labels(stream.settle(people(0, ids=[0]), NOTHING)) == [None]
    assert labels(stream.settle(people(0, ids=[1199]), NOTHING)) == ["red"]
