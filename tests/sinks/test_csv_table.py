import csv
import io

import numpy as np
import pytest
from example_results import HAND, frame_of

from posestream.errors import OutputExistsError
from posestream.sinks.csv_table import CsvSink


def written(tmp_path, *results) -> str:
    sink = CsvSink(tmp_path / "poses.csv")
    for result in results:
        sink.write(result)
    sink.close()
    sink.close()
    return (tmp_path / "poses.csv").read_bytes().decode("utf-8")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_each_person_is_a_row(tmp_path):
    first, second = rows(written(tmp_path, frame_of(0), frame_of(2, frame=6, ids=[5, -1])))
    assert first["stream"] == "walk.mp4"
    assert first["frame"] == "6"
    assert float(first["pts_s"]) == pytest.approx(0.2)
    assert (first["id"], second["id"]) == ("5", "")
    assert float(first["score"]) == 0.75
    assert [float(first[side]) for side in ("left", "top", "right", "bottom")] == [
        1.5,
        2,
        30,
        40.25,
    ]
    assert float(second["left_eye_x"]) == 101
    assert float(second["left_eye_y"]) == 10
    assert float(second["left_eye_score"]) == 0.5


def test_what_was_not_found_is_an_empty_cell(tmp_path):
    (row,) = rows(written(tmp_path, frame_of(1, missing=("nose",))))
    assert row["nose_x"] == row["nose_y"] == row["nose_score"] == ""


def test_the_columns_follow_the_topology(tmp_path):
    text = written(tmp_path, frame_of(1, topology=HAND))
    assert text.splitlines()[0] == (
        "stream,file,frame,pts_s,id,score,left,top,right,bottom,"
        "palm_x,palm_y,palm_score,thumb_tip_x,thumb_tip_y,thumb_tip_score"
    )


def test_a_run_without_people_still_has_a_header(tmp_path):
    assert written(tmp_path, frame_of(0), frame_of(0)).count("\r\n") == 1


def test_lines_end_as_rfc_4180_asks(tmp_path):
    text = written(tmp_path, frame_of(2))
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n") == 3


@pytest.mark.parametrize("name", ["=1+1", "+1", "-cmd", "@sum", "\tx", "\rx"])
def test_a_name_is_never_run_as_a_formula(tmp_path, name):
    (row,) = rows(written(tmp_path, frame_of(1, stream=name, file=name)))
    assert row["stream"] == row["file"] == "'" + name


@pytest.mark.parametrize("name", ['a "b", c', "line\nbreak", "人", "plain.mp4"])
def test_any_name_survives(tmp_path, name):
    (row,) = rows(written(tmp_path, frame_of(1, stream=name)))
    assert row["stream"] == name


def test_a_name_that_is_not_unicode_is_escaped(tmp_path):
    (row,) = rows(written(tmp_path, frame_of(1, stream="caf\udce9")))
    assert row["stream"] == r"caf\udce9"


def test_numpy_reads_the_numbers(tmp_path):
    text = written(tmp_path, frame_of(3, missing=("left_hip",)))
    table = np.genfromtxt(io.StringIO(text), delimiter=",", names=True)
    assert np.isnan(table["left_hip_x"]).all()
    np.testing.assert_allclose(table["right_hip_x"], [12, 112, 212])


def test_rows_are_on_disk_as_they_are_written(tmp_path):
    sink = CsvSink(tmp_path / "poses.csv")
    sink.write(frame_of(2))
    assert len(rows((tmp_path / "poses.csv").read_bytes().decode())) == 2


def test_an_earlier_run_is_kept(tmp_path):
    written(tmp_path, frame_of(1))
    with pytest.raises(OutputExistsError, match=r"poses\.csv"):
        CsvSink(tmp_path / "poses.csv")
