import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from example_results import frame_of

import posestream
from happenings import event, result
from posestream.errors import OutputExistsError
from posestream.events import CROSS, EVENT_SCHEMA_VERSION
from posestream.sinks.events import EventLinesSink
from posestream.sinks.jsonl import json_line

SINKS = Path(posestream.__file__).parent / "sinks"
SCHEMA = json.loads((SINKS / "events.schema.json").read_text(encoding="utf-8"))
POSES_SCHEMA = json.loads((SINKS / "poses.schema.json").read_text(encoding="utf-8"))


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_event_is_a_line_and_quiet_frames_are_none(tmp_path):
    sink = EventLinesSink(tmp_path / "events.jsonl")
    sink.write(result())
    sink.write(result(event(at_s=1.0), event(CROSS, at_s=1.0, zone="door", direction="in")))
    sink.write(result())
    assert [line["event"] for line in lines(tmp_path / "events.jsonl")] == ["fall", "cross"]
    sink.close()


def test_where_nothing_happens_there_is_an_empty_file(tmp_path):
    EventLinesSink(tmp_path / "events.jsonl").close()
    assert (tmp_path / "events.jsonl").read_bytes() == b""


def test_lines_follow_the_shipped_schema(tmp_path):
    assert SCHEMA["properties"]["schema"]["const"] == EVENT_SCHEMA_VERSION
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    sink = EventLinesSink(tmp_path / "events.jsonl")
    odd = event(
        stream='\udce9 人 \n"', track=-1, evidence={"drop_statures": 0.6, "x": float("nan")}
    )
    sink.write(result(odd, event(CROSS, zone="door", direction="in")))
    sink.close()
    for line in lines(tmp_path / "events.jsonl"):
        jsonschema.Draft202012Validator(SCHEMA).validate(line)


@pytest.mark.parametrize("wrong", [{"schema": 2}, {"event": ""}, {"id": -1}, {"confidence": 2}])
def test_the_schema_refuses_what_is_wrong(wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(event().to_dict() | wrong)


def test_an_earlier_run_is_kept(tmp_path):
    EventLinesSink(tmp_path / "events.jsonl").close()
    with pytest.raises(OutputExistsError, match=r"events\.jsonl"):
        EventLinesSink(tmp_path / "events.jsonl")


@pytest.mark.parametrize("people", [0, 2])
def test_poses_jsonl_has_the_events_of_a_frame_and_only_there(people):
    quiet = frame_of(people)
    eventful = replace(quiet, events=(event(),))
    assert "events" not in json.loads(json_line(quiet))
    line = json.loads(json_line(eventful))
    assert line["events"] == [event().to_dict()]
    assert line == eventful.to_dict()
    assert list(line)[-1] == "people"
    jsonschema.Draft202012Validator(POSES_SCHEMA).validate(line)


def test_the_documented_line_follows_the_schema():
    page = Path(__file__).parents[2] / "docs" / "how-to" / "alerts.md"
    example = page.read_text(encoding="utf-8").split("```json\n")[1].split("\n```")[0]
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(example))
