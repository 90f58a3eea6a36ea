"""The compiled text, against the one that Python's own encoder makes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from example_results import HAND, frame_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posestream.sinks.json_people import people_json
from posestream.sinks.jsonl import json_line
from posestream.topology import COCO_17, Topology
from posestream.types import Poses, Result, Tracks


def by_python(result: Result) -> bytes:
    return json.dumps(result.to_dict(), separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize(
    "result",
    [
        frame_of(0),
        frame_of(1),
        frame_of(20, ids=[*range(19), -1]),
        frame_of(3, missing=("nose", "left_hip", "right_ankle")),
        frame_of(2, topology=HAND),
        frame_of(1, topology=Topology(name="x", keypoints=('quo"te', "é", "back\\"), limbs=())),
        frame_of(1, missing=COCO_17.keypoints),
        frame_of(2, file="000123.jpg", stream="a]}", ids=[2**62, 10]),
    ],
)
def test_the_line_is_the_one_that_json_writes(result):
    assert json_line(result) == by_python(result)


def test_keypoints_that_tracking_filled_in_are_named_as_json_names_them():
    marks = np.zeros((3, 17), np.bool_)
    marks[1, [0, 4, 16]] = marks[2, 9] = True
    found = frame_of(3, missing=("nose", "left_wrist"))
    tracks = Tracks(found.poses, np.array([3, 0, -1]), marks)
    line = json_line(replace(found, tracks=tracks))
    assert line == by_python(replace(found, tracks=tracks))
    assert [person.get("filled") for person in json.loads(line)["people"]] == [
        None,
        ["nose", "right_ear", "right_ankle"],
        ["left_wrist"],
    ]


coordinates = st.floats(-1e5, 1e5, width=32)


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(np.float32, (2, 17, 2), elements=coordinates | st.just(np.nan)),
    hnp.arrays(np.float32, (2, 17), elements=st.floats(0, 1, width=32)),
    hnp.arrays(np.float32, (2, 4), elements=coordinates),
    hnp.arrays(np.float32, (2,), elements=st.floats(0, 1, width=32)),
    hnp.arrays(np.bool_, (2, 17)),
)
def test_any_numbers_are_written_as_json_writes_them(points, scores, boxes, confidences, filled):
    tracks = Tracks(Poses(points, scores, confidences, boxes), np.array([-1, 5]), filled)
    result = Result("s", 0, 0.0, 0.0, (640, 480), tracks, COCO_17)
    # A tiny negative number is -0.0 in Python and 0.0 here, which is the same number.
    assert json_line(result) == by_python(result).replace(b"-0.0,", b"0.0,").replace(
        b"-0.0]", b"0.0]"
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_boxes_and_scores_that_need_care_are_left_to_python(bad):
    for change in ("boxes", "scores"):
        result = frame_of(2)
        getattr(result.poses, change)[1] = bad
        assert people_json(result) is None
        assert json.loads(json_line(result)) == result.to_dict()


def test_parts_of_larger_arrays_are_written_as_they_are():
    whole = frame_of(6)
    every_other = whole.poses[::2]
    result = Result("s", 0, 0.0, 0.0, (640, 480), Tracks.untracked(every_other), COCO_17)
    assert json_line(result) == by_python(result)
