import numpy as np
import pytest

from posestream.findings import NOTHING, Attributes, Detections, Findings, attributes_json


def detections(count=2, names=("cup", "dog")) -> Detections:
    return Detections(
        np.arange(4 * count, dtype=np.float32).reshape(count, 4),
        np.linspace(0.5, 0.75, count, dtype=np.float32),
        np.arange(count),
        np.arange(-1, count - 1),
        names,
    )


def test_objects_are_named_by_their_class_or_by_its_number():
    assert detections().labels == ["cup", "dog"]
    assert detections(names=("cup",)).labels == ["cup", "1"]


def test_objects_are_selected_like_rows():
    assert detections()[np.array([False, True])].labels == ["dog"]
    assert len(detections()[:0]) == len(Detections.empty()) == 0


def test_objects_of_several_parts_come_best_first():
    joined = Detections.joined([detections(2), detections(1)], ("cup", "dog"))
    assert joined.scores.tolist() == [0.75, 0.5, 0.5]
    assert joined.labels == ["dog", "cup", "cup"]


def test_rows_without_a_label_are_none():
    given = Attributes(np.array([1, -1]), np.array([0.5, 0], np.float32), ("red", "blue"))
    assert given.labels == ["blue", None]
    assert given[np.array([1])].labels == Attributes.none(1).labels == [None]


def test_arrays_that_disagree_are_refused():
    one = detections(1)
    with pytest.raises(ValueError, match="arrays disagree about 1 objects"):
        Detections(detections(2).boxes, one.scores, one.classes, one.people)
    with pytest.raises(ValueError, match=r"classes \(2,\), scores \(1,\)"):
        Attributes(np.zeros(2, np.int64), np.zeros(1, np.float32))


def test_nothing_is_false_and_a_model_that_found_nothing_is_something():
    assert not NOTHING
    assert Findings(objects={"things": Detections.empty()})


def test_findings_are_plain_json():
    found = Findings(objects={"things": detections()})
    assert found.objects_json() == [
        {"model": "things", "label": "cup", "score": 0.5, "box": [0.0, 1.0, 2.0, 3.0]},
        {
            "model": "things",
            "label": "dog",
            "score": 0.75,
            "box": [4.0, 5.0, 6.0, 7.0],
            "person": 0,
        },
    ]
    given = Attributes(np.array([1, -1]), np.array([0.12345, 0], np.float32), ("red", "blue"))
    assert attributes_json({"shirt": given}, 0) == {"shirt": {"label": "blue", "score": 0.1235}}
    assert attributes_json({"shirt": given}, 1) == {}


def test_findings_follow_their_people_to_other_rows():
    labels = Attributes(np.array([4, 5]), np.array([0.4, 0.5], np.float32))
    boxes = np.arange(12, dtype=np.float32).reshape(3, 4)
    things = Detections(
        boxes, np.ones(3, np.float32), np.array([7, 8, 9]), np.array([0, 1, -1]), ()
    )
    moved = Findings({"bag": things}, {"shirt": labels}).for_people(np.array([1, -1]))
    assert moved.attributes["shirt"].classes.tolist() == [5, -1]
    assert moved.attributes["shirt"].scores.tolist() == [0.5, 0]
    assert moved.objects["bag"].classes.tolist() == [8, 9]
    assert moved.objects["bag"].people.tolist() == [0, -1]


def test_findings_of_nobody_stay_as_they_are():
    assert not Findings().for_people(np.array([-1, -1]))
