import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from example_results import HAND, frame_of

from posestream.errors import MissingDependencyError, OutputExistsError, SinkError
from posestream.sinks import parquet
from posestream.sinks.parquet import ParquetSink
from posestream.topology import COCO_17

KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from example_results import frame_of
from posestream.sinks import parquet
parquet._ROWS_PER_PART = 100
sink = parquet.ParquetSink(Path(sys.argv[1]))
for frame in range(275):
    sink.write(frame_of(2, frame=frame))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "poses.parquet"


def written(path, *results):
    sink = ParquetSink(path)
    for result in results:
        sink.write(result)
    sink.close()
    sink.close()
    return pq.read_table(path)


def test_each_person_is_a_row(path):
    table = written(path, frame_of(0), frame_of(2, frame=6, ids=[5, -1], file="a.jpg"))
    first, second = table.to_pylist()
    assert first["stream"] == "walk.mp4"
    assert first["file"] == "a.jpg"
    assert first["frame"] == 6
    assert first["pts_s"] == pytest.approx(0.2)
    assert (first["id"], second["id"]) == (5, None)
    assert [first[side] for side in ("left", "top", "right", "bottom")] == [1.5, 2, 30, 40.25]
    assert second["left_eye_x"] == 101
    assert second["left_eye_score"] == 0.5


def test_what_was_not_found_is_null(path):
    (row,) = written(path, frame_of(1, missing=("nose",))).to_pylist()
    assert row["nose_x"] is row["nose_y"] is row["nose_score"] is None
    assert row["file"] is None


def test_the_columns_follow_the_topology(path):
    names = written(path, frame_of(1, topology=HAND)).column_names
    assert names[-6:] == [
        f"{keypoint}_{what}" for keypoint in HAND.keypoints for what in ("x", "y", "score")
    ]


def test_a_run_without_people_gives_an_empty_table(path):
    assert written(path, frame_of(0)).num_rows == 0


def test_a_run_without_frames_gives_no_file(path):
    ParquetSink(path).close()
    assert os.listdir(path.parent) == []


def test_many_parts_become_one_file(path, monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS_PER_PART", 10)
    table = written(path, *(frame_of(3, frame=i) for i in range(50)))
    assert table["frame"].to_pylist() == [i for i in range(50) for _ in range(3)]
    assert pq.ParquetFile(path).metadata.num_row_groups > 10
    assert os.listdir(path.parent) == ["poses.parquet"]


def test_memory_is_bounded_by_the_size_of_a_part(path, monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS_PER_PART", 10)
    sink = ParquetSink(path)
    for i in range(100):
        sink.write(frame_of(3, frame=i))
        assert sum(map(len, sink._rows)) < 10
    sink.close()


def test_a_slow_run_finishes_a_part_by_time(path, monkeypatch):
    monkeypatch.setattr(parquet, "_SECONDS_PER_PART", -1)
    sink = ParquetSink(path)
    sink.write(frame_of(1))
    assert pq.read_table(path.with_name("poses.parquet.parts")).num_rows == 1
    sink.close()


def test_after_kill_9_the_finished_parts_are_read_like_one_file(path):
    subprocess.run([sys.executable, "-c", KILLED, str(path), str(Path(__file__).parent)])
    assert not path.exists()
    table = pq.read_table(path.with_name("poses.parquet.parts"))
    assert table["frame"].to_pylist() == [i for i in range(250) for _ in range(2)]
    assert len(table.column_names) == 10 + 3 * len(COCO_17.keypoints)


def test_what_a_killed_run_left_is_refused_and_kept(path):
    subprocess.run([sys.executable, "-c", KILLED, str(path), str(Path(__file__).parent)])
    with pytest.raises(OutputExistsError, match=r"poses\.parquet\.parts: exists"):
        ParquetSink(path)
    sink = ParquetSink(path, overwrite=True)
    sink.write(frame_of(1))
    sink.close()
    assert pq.read_table(path).num_rows == 1
    assert os.listdir(path.parent) == ["poses.parquet"]


def test_an_earlier_run_is_refused_and_kept(path):
    written(path, frame_of(1))
    with pytest.raises(OutputExistsError, match=r"poses\.parquet: exists"):
        ParquetSink(path)
    assert pq.read_table(path).num_rows == 1


def test_a_folder_with_other_files_is_not_deleted(path):
    parts = path.with_name("poses.parquet.parts")
    parts.mkdir()
    (parts / "precious.txt").write_text("mine")
    with pytest.raises(SinkError, match="cannot be written"):
        ParquetSink(path, overwrite=True)
    assert (parts / "precious.txt").read_text() == "mine"


def test_after_closing_it_takes_no_more(path):
    sink = ParquetSink(path)
    sink.close()
    with pytest.raises(SinkError, match="is closed"):
        sink.write(frame_of(1))


def test_without_pyarrow_it_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'posestream\[parquet\]'"):
        ParquetSink(path)
    assert os.listdir(path.parent) == []
