import json
import math

import pytest

from posestream.events import CROSS, FALL, Event


def event(**others):
    given = {"stream": "hall", "kind": FALL, "pts_s": 2.5, "wall_s": 1e9, "track": 3}
    return Event(**(given | others))


def test_an_event_is_plain_json():
    fall = event(confidence=0.87654, evidence={"drop_statures": 0.612345})
    assert json.loads(json.dumps(fall.to_dict())) == {
        "schema": 1,
        "stream": "hall",
        "event": "fall",
        "pts_s": 2.5,
        "wall_s": 1e9,
        "id": 3,
        "confidence": 0.8765,
        "evidence": {"drop_statures": 0.6123},
    }


def test_a_line_crossed_says_which_line_and_which_way():
    crossed = event(kind=CROSS, zone="door", direction="in").to_dict()
    assert (crossed["zone"], crossed["direction"]) == ("door", "in")


def test_measurements_that_json_does_not_know_are_left_out():
    odd = event(evidence={"speed": math.nan, "drop": math.inf, "low": 0.1})
    assert odd.to_dict()["evidence"] == {"low": 0.1}


def test_somebody_nobody_tracks_has_no_id():
    assert event(track=-1).to_dict()["id"] is None


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"kind": ""}, "kind must not be empty"),
        ({"pts_s": math.nan}, "'fall': times nan"),
        ({"wall_s": math.inf}, "'fall': times 2.5, inf"),
        ({"confidence": 1.5}, "'fall': confidence 1.5"),
    ],
)
def test_what_a_receiver_relies_on_is_checked(others, message):
    with pytest.raises(ValueError, match=message):
        event(**others)
