import json
import os
from pathlib import Path

import numpy as np
import pytest
from example_results import HAND, frame_of

from posestream.errors import ConfigError, OutputExistsError, SinkError
from posestream.sinks.openpose import BODY_25, OpenPoseSink
from posestream.topology import COCO_17, OPENPOSE_COCO, TRTPOSE_HUMAN, Topology

COCO = COCO_17.keypoints.index
PARTS = ("pose", "face", "hand_left", "hand_right")


def written(folder: Path, *results) -> dict[str, dict]:
    sink = OpenPoseSink(folder)
    for result in results:
        sink.write(result)
    sink.close()
    return {file.name: json.loads(file.read_text()) for file in sorted(folder.iterdir())}


def points(frame: dict, person: int = 0) -> dict[str, list[float]]:
    numbers = frame["people"][person]["pose_keypoints_2d"]
    return {name: numbers[3 * i : 3 * i + 3] for i, name in enumerate(BODY_25)}


def one(tmp_path, *args, **kwargs) -> dict:
    (frame,) = written(tmp_path / "openpose", frame_of(*args, **kwargs)).values()
    return frame


def test_each_frame_is_a_file_named_as_openpose_names_it(tmp_path):
    files = written(tmp_path / "o", frame_of(0, frame=0), frame_of(1, frame=41))
    assert list(files) == ["walk_000000000000_keypoints.json", "walk_000000000041_keypoints.json"]


def test_a_photograph_gives_its_name(tmp_path):
    results = [frame_of(1, file=name) for name in ("a.jpg", "a.png", "b.jpg")]
    assert list(written(tmp_path / "o", *results)) == [
        "a.png_keypoints.json",
        "a_keypoints.json",
        "b_keypoints.json",
    ]


@pytest.mark.parametrize(
    ("stream", "name"),
    [("../../evil", "evil"), ("rtsp://cam:554/a b", "a_b"), ("...", "stream"), ("Größe", "Größe")],
)
def test_any_stream_gives_a_harmless_file_name(tmp_path, stream, name):
    assert list(written(tmp_path / "o", frame_of(0, stream=stream))) == [
        f"{name}_000000000003_keypoints.json"
    ]


def test_a_frame_has_the_keys_that_readers_look_for(tmp_path):
    frame = one(tmp_path, 2, ids=[7, -1])
    assert frame["version"] == 1.1
    assert [person["person_id"] for person in frame["people"]] == [[7], [-1]]
    for part in ("face", "hand_left", "hand_right"):
        assert frame["people"][0][f"{part}_keypoints_2d"] == []
    assert len(frame["people"][0]["pose_keypoints_2d"]) == 75


def test_keypoints_come_in_body_25s_order(tmp_path):
    found = points(one(tmp_path, 2), person=1)
    for name in ("nose", "right_wrist", "left_knee", "right_eye", "left_ear"):
        assert found[name] == [100 + COCO(name), 10 * COCO(name), 0.5]
    for toe in BODY_25[19:]:
        assert found[toe] == [0, 0, 0]


def test_neck_and_middle_of_the_hips_lie_between_both_sides(tmp_path):
    found = points(one(tmp_path, 1))
    assert found["neck"] == [5.5, 55, 0.5]
    assert found["mid_hip"] == [11.5, 115, 0.5]


@pytest.mark.parametrize("missing", [("left_shoulder",), ("left_shoulder", "right_shoulder")])
def test_one_shoulder_makes_no_neck(tmp_path, missing):
    found = points(one(tmp_path, 1, missing=missing))
    assert found["neck"] == found["left_shoulder"] == [0, 0, 0]
    assert found["mid_hip"] == [11.5, 115, 0.5]


@pytest.mark.parametrize("topology", [TRTPOSE_HUMAN, OPENPOSE_COCO])
def test_a_neck_that_was_seen_is_taken_as_it_is(tmp_path, topology):
    k = topology.keypoints.index("neck")
    assert points(one(tmp_path, 1, topology=topology))["neck"] == [k, 10 * k, 0.5]


def test_an_earlier_run_is_refused_and_kept(tmp_path):
    written(tmp_path, frame_of(1))
    with pytest.raises(OutputExistsError, match="exists; pass --overwrite"):
        OpenPoseSink(tmp_path)
    assert len(os.listdir(tmp_path)) == 1


def test_an_earlier_run_leaves_no_frames_in_a_new_one(tmp_path):
    written(tmp_path, *(frame_of(1, frame=i) for i in range(5)))
    (tmp_path / "notes.txt").write_text("mine")
    sink = OpenPoseSink(tmp_path, overwrite=True)
    sink.write(frame_of(1, frame=0))
    assert sorted(os.listdir(tmp_path)) == ["notes.txt", "walk_000000000000_keypoints.json"]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "o").write_text("a file")
    with pytest.raises(SinkError, match="o: cannot be written"):
        OpenPoseSink(tmp_path / "o", overwrite=True)


def test_a_folder_that_vanishes_is_an_error_of_the_sink(tmp_path):
    sink = OpenPoseSink(tmp_path / "o")
    (tmp_path / "o").rmdir()
    with pytest.raises(SinkError, match=r"walk_000000000003_keypoints\.json: cannot be written"):
        sink.write(frame_of(1))


def test_after_closing_it_takes_no_more(tmp_path):
    sink = OpenPoseSink(tmp_path)
    sink.close()
    sink.close()
    with pytest.raises(SinkError, match="is closed"):
        sink.write(frame_of(1))


def test_a_topology_without_people_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"openpose .* 'hand' has none"):
        OpenPoseSink(tmp_path).write(frame_of(0, topology=HAND))


def test_a_whole_body_has_its_face_and_hands_in_openposes_order(tmp_path):
    fingers = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
    hands = [
        f"{side}_{name}"
        for side in ("left", "right")
        for name in ("hand_root", *(f"{finger}{k}" for finger in fingers for k in range(1, 5)))
    ]
    names = ("nose", *(f"face_{k}" for k in range(68)), *hands)
    whole = Topology("whole", names, ())
    result = frame_of(1, topology=whole)
    [person] = written(tmp_path / "o", result)["walk_000000000003_keypoints.json"]["people"]
    found = result.poses.keypoints[0].round(3)
    assert [len(person[f"{part}_keypoints_2d"]) for part in PARTS] == [75, 210, 63, 63]
    np.testing.assert_allclose(person["face_keypoints_2d"][0:2], found[1], atol=1e-3)
    assert person["face_keypoints_2d"][-6:] == [0] * 6
    np.testing.assert_allclose(person["hand_left_keypoints_2d"][-3:-1], found[89], atol=1e-3)
    np.testing.assert_allclose(person["hand_right_keypoints_2d"][0:2], found[90], atol=1e-3)
