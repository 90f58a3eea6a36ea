"""Settings of zones become what watches them, or say which key is wrong."""

from pathlib import Path

import pytest
import yaml

from posestream.assembly_zones import (
    read_zones,
    speed_meter,
    zone_painter,
    zone_watcher,
    zones_and_lines,
)
from posestream.config import validated
from posestream.config_zones import ZonesConfig
from posestream.errors import ConfigError
from posestream.topology import COCO_17
from posestream.zones import FEET, Anchor, Line, Zone

SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
GROUND = {"picture": SQUARE, "metres": [[0, 4], [4, 4], [4, 0], [0, 0]]}


def settings(text: str) -> ZonesConfig:
    return validated(ZonesConfig, yaml.safe_load(text))


def test_settings_become_zones_and_lines():
    zones, lines = zones_and_lines(
        settings("""
        zones:
          door: {polygon: [[0, 0], [100, 0], [100, 50]], dwell: 10, drawn_on: 640x480}
          shelf: {polygon: "0,0;1,0;1,1", anchor: left_wrist, settle: 1}
          bed: {polygon: [[0, 0], [1, 0], [1, 1]], anchor: [left_hip, right_hip], match: all}
        lines:
          gate: {from: [0.1, 0.5], to: [0.9, 0.5], directions: [down, up], anchor: feet}
        """)
    )
    assert zones == (
        Zone(name="door", polygon=((0, 0), (100, 0), (100, 50)), dwell_s=10, drawn_on=(640, 480)),
        Zone(
            name="shelf",
            polygon=((0, 0), (1, 0), (1, 1)),
            anchor=Anchor(("left_wrist",)),
            settle_s=1,
        ),
        Zone(
            name="bed",
            polygon=((0, 0), (1, 0), (1, 1)),
            anchor=Anchor(("left_hip", "right_hip"), every=True),
        ),
    )
    gate = Line(name="gate", start=(0.1, 0.5), end=(0.9, 0.5), directions=("down", "up"))
    assert lines == (gate,)
    assert gate.anchor == FEET


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zones: {a: {polygon: [[0, 0], [1, 1]]}}", r"zones\.a\.polygon: .*3 to 100 different"),
        ("zones: {a: {polygon: [[0,0],[1,1],[1,0],[0,1]]}}", r"a\.polygon: .*crosses itself"),
        ("zones: {a: {polygon: [[0.1,0],[1.5,1],[1,0]]}}", r"a\.polygon: 1.5 is no fraction"),
        ("zones: {a: {polygon: [[0,0],[x,1],[1,0]]}}", r"a\.polygon\.1\.0: .*number, not 'x'"),
        ("zones: {a: {polygon: '0,0;1'}}", r"zones\.a\.polygon: must be points x,y"),
        ("zones: {a: {polygone: []}}", r"zones\.a\.polygone: no such.*Did you mean 'polygon'"),
        ("zones: {a: {polygon: [[0,0],[1,0],[1,1]], dwell: 0}}", r"a\.dwell: .*than 0, not 0"),
        ("zones: {a: {polygon: [[0,0],[1,0],[1,1]], match: al}}", r"zones\.a\.match.*'any'.*'all'"),
        ("zones: {a: {polygon: [[0,0],[1,0],[1,1]]}}\nlines: {a: {from: [0,0], to: [1,1]}}",
         "lines: 'a' is the name of a zone"),
        ("lines: {a: {from: [0, 0]}}", r"lines\.a\.to: .*required"),
        ("lines: {a: {from: [0, 0], to: [0, 0]}}", r"lines\.a: .*two ends apart"),
        ("lines: {a: {from: [0,0], to: [1,1], directions: [in, in]}}", r"a: .*different words"),
        ("lines: {a: {from: [0,0], to: [1,1], directions: [in]}}", r"lines\.a\.directions"),
        ("ground: {picture: [[0,0],[1,0],[1,1]], metres: []}", r"ground\.picture"),
        ("ground: {picture: [[0,0],[0.5,0],[1,0],[1,1]], metres: [[0,0],[1,0],[1,1],[0,1]]}",
         r"ground: picture: points 1, 2, 3 lie on one line"),
        ("zone_grace: -1", r"zone_grace: .*greater than or equal to 0, not -1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_key(text, message):
    with pytest.raises(ConfigError, match=message):
        settings(text)


def test_builders_make_parts_or_nothing():
    nothing = ZonesConfig()
    assert zone_watcher(nothing, COCO_17) is None
    assert speed_meter(nothing, COCO_17) is None
    full = validated(
        ZonesConfig,
        {"zones": {"door": {"polygon": SQUARE}}, "ground": GROUND, "zone_grace": 1},
    )
    watcher = zone_watcher(full, COCO_17, stream="hall")
    assert watcher is not None
    assert [zone.name for zone in watcher.zones] == ["door"]
    assert speed_meter(full, COCO_17) is not None
    assert zone_painter(full) is not None


def test_an_anchor_that_the_network_does_not_find_is_named():
    wrong = settings("lines: {gate: {from: [0,0], to: [1,1], anchor: left_ancle}}")
    with pytest.raises(ConfigError, match=r"lines\.gate\.anchor.*Did you mean 'left_ankle'"):
        zone_watcher(wrong, COCO_17)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "run.yaml"
    own = {"zones": {"own": {"polygon": SQUARE}}}
    whole = {
        "profile": "fast",
        "zones": {"door": {"polygon": SQUARE, "dwell": 3}},
        "ground": GROUND,
        "streams": {"hall": {"input": "hall.mp4", **own}, "yard": "yard.mp4"},
    }
    path.write_text(yaml.safe_dump(whole))
    return path


def test_zones_are_read_from_a_file_of_a_run(file: Path):
    found = read_zones(file)
    assert list(found.zones) == ["door"]
    assert found.ground is not None


def test_a_stream_of_the_file_has_its_own(file: Path):
    assert list(read_zones(file, stream="hall").zones) == ["own"]
    assert list(read_zones(file, stream="yard").zones) == ["door"]
    with pytest.raises(ConfigError, match=r"no 'hal'\. Did you mean 'hall'"):
        read_zones(file, stream="hal")


def test_the_command_line_adds_and_replaces(file: Path):
    found = read_zones(file, zones=["door=0,0;1,0;1,1", "exit=0,0;9,0;9,9"], lines=["l=0,0;1,1"])
    assert list(found.zones) == ["door", "exit"]
    assert len(found.zones["door"].polygon) == 3
    assert found.zones["door"].dwell is None
    assert found.lines["l"].end == (1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zones": ["0,0;1,0;1,1"]}, "--zone: must be NAME=x1,y1;x2,y2"),
        ({"zones": ["=0,0;1,0;1,1"]}, "--zone: must be NAME="),
        ({"lines": ["l=0,0"]}, "--line: .*two ends, not '0,0'"),
        ({"lines": ["l=0,0;1"]}, r"lines\.l\.to"),
    ],
)
def test_texts_of_the_command_line_are_checked(options, message):
    with pytest.raises(ConfigError, match=message):
        read_zones(None, **options)
