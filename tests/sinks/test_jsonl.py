import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from example_results import HAND, frame_of

import posestream
from posestream.errors import OutputExistsError
from posestream.sinks.jsonl import JsonLinesSink
from posestream.types import SCHEMA_VERSION, Poses, Result, Tracks
from posestream.zones import Counts, LineCount, Movements, ZoneCount

SCHEMA = json.loads(
    (Path(posestream.__file__).parent / "sinks" / "poses.schema.json").read_text(encoding="utf-8")
)
WRITER = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from example_results import frame_of
from posestream.sinks.jsonl import JsonLinesSink
sink = JsonLinesSink(Path(sys.argv[1]), overwrite=True)
for _ in range(50):
    sink.write(frame_of(20))
os.kill(os.getpid(), signal.SIGKILL)
"""


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(tmp_path, *results: Result) -> list[dict]:
    sink = JsonLinesSink(tmp_path / "poses.jsonl")
    for result in results:
        sink.write(result)
    sink.close()
    return lines(tmp_path / "poses.jsonl")


def test_each_frame_is_a_line(tmp_path):
    first, second = written(tmp_path, frame_of(0, frame=0), frame_of(2, frame=1, ids=[4, -1]))
    assert first == {
        "schema": 1,
        "stream": "walk.mp4",
        "frame": 0,
        "pts_s": 0.0,
        "size": [640, 480],
        "inferred": True,
        "people": [],
    }
    assert [person["id"] for person in second["people"]] == [4, None]
    assert second["pts_s"] == pytest.approx(1 / 30, abs=1e-6)
    person = second["people"][1]
    assert person["score"] == 0.75
    assert person["box"] == [1.5, 2.0, 30.0, 40.25]
    assert person["keypoints"]["left_eye"] == [101.0, 10.0, 0.5]


def test_keypoints_that_were_not_found_are_left_out(tmp_path):
    (line,) = written(tmp_path, frame_of(1, missing=("nose", "left_hip")))
    assert len(line["people"][0]["keypoints"]) == 15
    assert "nose" not in line["people"][0]["keypoints"]


def test_what_was_counted_and_how_people_move_is_written(tmp_path):
    counts = Counts((ZoneCount("door", 2, 3, 1, 0),), (LineCount("gate", ("in", "out"), (4, 7)),))
    moved = Movements(
        np.array([(1.234, 5.678), (np.nan, np.nan)]), np.array([1.4, np.nan]), np.array([3.0, 0.0])
    )
    result = replace(frame_of(2, ids=[0, 1]), counts=counts, movements=moved)
    (line,) = written(tmp_path, result)
    jsonschema.Draft202012Validator(SCHEMA).validate(line)
    assert line["zones"] == {"door": {"present": 2, "entered": 3, "left": 1, "dwelt": 0}}
    assert line["lines"] == {"gate": {"in": 4, "out": 7}}
    assert [person["ground"] for person in line["people"]] == [
        {"place_m": [1.23, 5.68], "speed_m_s": 1.4, "distance_m": 3.0},
        {"distance_m": 0.0},
    ]
    assert len(line["people"][1]["keypoints"]) == 17


def test_keypoints_that_tracking_put_there_are_named(tmp_path):
    result = frame_of(2, ids=[0, 1])
    filled = np.zeros((2, 17), np.bool_)
    filled[1, [0, 16]] = True
    tracks = Tracks(result.poses, result.tracks.ids, filled)
    [line] = written(tmp_path, replace(result, tracks=tracks))
    assert "filled" not in line["people"][0]
    assert line["people"][1]["filled"] == ["nose", "right_ankle"]
    jsonschema.validate(line, SCHEMA)


def test_the_name_of_a_photograph_is_kept(tmp_path):
    (line,) = written(tmp_path, frame_of(1, file="000123.jpg"))
    assert line["file"] == "000123.jpg"


@pytest.mark.parametrize("topology", [HAND])
def test_any_topology_can_be_written(tmp_path, topology):
    (line,) = written(tmp_path, frame_of(1, topology=topology))
    assert list(line["people"][0]["keypoints"]) == ["palm", "thumb_tip"]


def test_lines_follow_the_shipped_schema(tmp_path):
    assert SCHEMA["properties"]["schema"]["const"] == SCHEMA_VERSION
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for line in written(
        tmp_path,
        frame_of(0),
        frame_of(3, ids=[0, -1, 2**40], missing=("nose",)),
        frame_of(1, file="é.jpg", stream='\udce9 人 \n"', topology=HAND),
    ):
        validator.validate(line)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"frame": -1},
        {"size": [640]},
        {"people": [{"id": None, "score": 1, "box": [0, 0, 1, 1]}]},
        {"people": [{"id": 1.5, "score": 1, "box": [0, 0, 1, 1], "keypoints": {}}]},
        {"people": [{"id": 1, "score": 1, "box": [0, 0, 1, 1], "keypoints": {"nose": [1, 2]}}]},
    ],
)
def test_the_schema_refuses_what_is_wrong(wrong):
    line = frame_of(1).to_dict() | wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(line)


def test_numbers_that_json_does_not_know_are_never_written(tmp_path):
    poses = Poses(
        np.full((1, 17, 2), np.nan, np.float32),
        np.full((1, 17), 0.5, np.float32),
        np.array([np.nan], np.float32),
        np.array([[np.inf, -np.inf, np.nan, 1]], np.float32),
    )
    result = frame_of(1)
    broken = Result("s", 0, 0.0, 0.0, (640, 480), Tracks.untracked(poses), result.topology)
    (line,) = written(tmp_path, broken)
    assert line["people"] == [{"id": None, "score": 0, "box": [0, 0, 0, 1], "keypoints": {}}]


def test_every_line_is_on_disk_before_the_sink_is_closed(tmp_path):
    sink = JsonLinesSink(tmp_path / "poses.jsonl")
    sink.write(frame_of(1))
    assert len(lines(tmp_path / "poses.jsonl")) == 1


def test_an_earlier_run_is_kept(tmp_path):
    written(tmp_path, frame_of(1))
    with pytest.raises(OutputExistsError, match=r"poses\.jsonl"):
        JsonLinesSink(tmp_path / "poses.jsonl")
    assert len(lines(tmp_path / "poses.jsonl")) == 1


def test_a_killed_process_leaves_whole_lines(tmp_path):
    path = tmp_path / "poses.jsonl"
    subprocess.run([sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)])
    assert path.read_bytes().endswith(b"\n")
    assert [len(line["people"]) for line in lines(path)] == [20] * 50


def test_the_documented_line_follows_the_schema():
    page = Path(__file__).parents[2] / "docs" / "reference" / "poses-jsonl.md"
    example = page.read_text(encoding="utf-8").split("```json\n")[1].split("\n```")[0]
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(example))
