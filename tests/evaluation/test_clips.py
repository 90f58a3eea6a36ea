import json
from pathlib import Path

import pytest

from posestream.errors import ConfigError
from posestream.evaluation.clips import read_clips

ENTRY = {
    "file": "a.mp4",
    "kind": "fall",
    "action": "trips",
    "container_fps": 18.0,
    "real_fps": 12.0,
    "segments": [{"label": "fall", "start_frame": 24, "end_frame": 36}],
}


def write(folder: Path, entries: object) -> Path:
    path = folder / "clips.json"
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    (folder / "a.mp4").touch()
    return path


def test_times_are_those_of_the_camera(tmp_path: Path):
    [clip] = read_clips(write(tmp_path, [ENTRY]))
    assert clip.path == tmp_path / "a.mp4"
    assert clip.speed == 1.5
    [fall] = clip.falls
    assert (fall.start_s, fall.end_s) == (2.0, 3.0)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("{", "not JSON"),
        ([], "at least one clip"),
        ({"file": "a.mp4"}, "at least one clip"),
        ([{"file": "a.mp4"}], r"clip 0 is not valid \(KeyError\('real_fps'\)\)"),
        ([ENTRY | {"real_fps": 0}], "must be above 0"),
        ([ENTRY, ENTRY | {"file": "b.mp4"}], "1 of 2 files are missing, such as 'b.mp4'"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path: Path, entries: object, message: str):
    with pytest.raises(ConfigError, match=message):
        read_clips(write(tmp_path, entries))


def test_a_list_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="No such file"):
        read_clips(tmp_path / "none.json")
