import csv
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from example_results import frame_of
from test_jsonl import SCHEMA, written

from posestream.errors import OutputExistsError, SinkError
from posestream.findings import Attributes, Detections, Findings
from posestream.sinks.findings_table import FindingsCsvSink
from posestream.sinks.jsonl import json_line

SHIRTS = Attributes(np.array([1, -1]), np.array([0.75, 0], np.float32), ("red", "blue"))
SCENE = Attributes(np.array([0]), np.array([0.5], np.float32), ("=indoors",))
THINGS = Detections(
    np.array([[1, 2, 3, 4.5], [5, 6, np.nan, 8]], np.float32),
    np.array([0.9, 0.8], np.float32),
    np.array([0, 1]),
    np.array([-1, 1]),
    ("cup", "dog"),
)
FOUND = Findings({"things": THINGS}, {"shirt": SHIRTS}, {"scene": SCENE})


def rows(tmp_path, *results) -> list[dict[str, str]]:
    sink = FindingsCsvSink(tmp_path / "secondary.csv")
    for result in results:
        sink.write(result)
    sink.close()
    with (tmp_path / "secondary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_finding_is_a_row(tmp_path):
    found = rows(tmp_path, replace(frame_of(2, ids=[4, -1]), findings=FOUND))
    short = [(row["model"], row["kind"], row["label"], row["score"]) for row in found]
    assert short == [
        ("things", "object", "cup", "0.9"),
        ("things", "object", "dog", "0.8"),
        ("shirt", "person", "blue", "0.75"),
        ("scene", "frame", "'=indoors", "0.5"),
    ]
    assert [(row["person"], row["id"]) for row in found] == [
        ("", ""),
        ("1", ""),
        ("0", "4"),
        ("", ""),
    ]
    assert [row["bottom"] for row in found] == ["4.5", "8.0", "40.25", ""]
    assert [row["right"] for row in found] == ["3.0", "", "30.0", ""]
    assert {row["frame"] for row in found} == {"3"}


def test_frames_without_findings_leave_only_the_header(tmp_path):
    assert rows(tmp_path, frame_of(2), frame_of(0)) == []
    assert (tmp_path / "secondary.csv").read_text().startswith("stream,file,frame,pts_s,model,kind")


def test_an_earlier_run_is_kept_and_a_closed_table_takes_nothing(tmp_path):
    sink = FindingsCsvSink(tmp_path / "secondary.csv")
    sink.close()
    sink.close()
    with pytest.raises(SinkError, match="is closed"):
        sink.write(replace(frame_of(2), findings=FOUND))
    with pytest.raises(OutputExistsError, match=r"secondary\.csv"):
        FindingsCsvSink(tmp_path / "secondary.csv")


def test_a_line_of_json_holds_objects_and_attributes(tmp_path):
    things = THINGS[:1]
    found = Findings({"things": things}, {"shirt": SHIRTS}, {"scene": SCENE})
    (line,) = written(tmp_path, replace(frame_of(2), findings=found))
    jsonschema.Draft202012Validator(SCHEMA).validate(line)
    assert line["objects"] == [
        {"model": "things", "label": "cup", "score": 0.9, "box": [1.0, 2.0, 3.0, 4.5]}
    ]
    assert line["attributes"] == {"scene": {"label": "=indoors", "score": 0.5}}
    assert [person["attributes"] for person in line["people"]] == [
        {"shirt": {"label": "blue", "score": 0.75}},
        {},
    ]


def test_objects_beside_people_are_written_too(tmp_path):
    result = replace(frame_of(2), findings=Findings(objects={"things": THINGS[:1]}))
    (line,) = written(tmp_path, result)
    assert len(line["objects"]) == 1
    assert line["people"] == frame_of(2).to_dict()["people"]


def test_a_frame_that_nobody_else_looked_at_is_written_as_ever():
    assert b"objects" not in json_line(frame_of(2))
    assert b"attributes" not in json_line(frame_of(2))


@pytest.mark.parametrize(
    "wrong",
    [
        {"objects": [{"model": "m", "label": "l", "score": 2, "box": [0, 0, 1, 1]}]},
        {"objects": [{"model": "m", "label": "l", "score": 1, "box": [0, 0, 1]}]},
        {"objects": [{"model": "m", "label": 3, "score": 1, "box": [0, 0, 1, 1]}]},
        {"attributes": {"scene": "indoors"}},
    ],
)
def test_the_schema_refuses_findings_that_are_wrong(wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(frame_of(1).to_dict() | wrong)
