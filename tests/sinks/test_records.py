import signal
import subprocess
import sys

import pytest

from posestream.errors import OutputExistsError, SinkError
from posestream.sinks.records import RecordFile

FULL_DISK = """
import resource, sys
from pathlib import Path
from posestream.errors import SinkError
from posestream.sinks.records import RecordFile
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # as good as a full disk
file = RecordFile(Path(sys.argv[1]), head=b"[", tail=b"]")
for i in range(100):
    try:
        file.append(b"x" * 99 + b"\\n")
    except SinkError as error:
        print(i, error)
        break
file.close()
"""

ENDLESS = """
import sys
from pathlib import Path
from posestream.sinks.records import RecordFile
file = RecordFile(Path(sys.argv[1]), overwrite=True)
for written in range(1, 10**9):
    file.append(b"a" * 2000 + b"\\n")
    print(written, flush=True)
"""


def test_records_go_between_head_and_tail(tmp_path):
    file = RecordFile(tmp_path / "f", head=b"[", tail=b"]")
    assert file.path.read_bytes() == b"[]"
    for record, whole in ((b"one", b"[one]"), (b",two", b"[one,two]")):
        file.append(record)
        assert file.path.read_bytes() == whole
    file.close()
    assert file.path.read_bytes() == b"[one,two]"


def test_missing_folders_are_made(tmp_path):
    RecordFile(tmp_path / "a" / "b" / "f").close()
    assert (tmp_path / "a" / "b" / "f").exists()


def test_an_existing_file_is_refused_and_kept(tmp_path):
    (tmp_path / "f").write_text("precious")
    with pytest.raises(OutputExistsError, match=r"f: exists; pass --overwrite"):
        RecordFile(tmp_path / "f")
    assert (tmp_path / "f").read_text() == "precious"


def test_an_existing_file_is_replaced_on_request(tmp_path):
    (tmp_path / "f").write_text("long ago and far away")
    file = RecordFile(tmp_path / "f", overwrite=True)
    file.append(b"new")
    file.close()
    assert (tmp_path / "f").read_text() == "new"


def test_a_folder_in_the_way_is_named(tmp_path):
    (tmp_path / "f").mkdir()
    with pytest.raises(SinkError, match=r"f: cannot be written: Is a directory"):
        RecordFile(tmp_path / "f", overwrite=True)


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "f").write_text("a file")
    with pytest.raises(SinkError, match=r"f: cannot be written") as caught:
        RecordFile(tmp_path / "f" / "g")
    assert not isinstance(caught.value, OutputExistsError)


def test_it_closes_twice_and_then_takes_no_more(tmp_path):
    file = RecordFile(tmp_path / "f")
    file.close()
    file.close()
    with pytest.raises(SinkError, match="is closed"):
        file.append(b"x")


def test_a_full_disk_leaves_the_records_that_fitted(tmp_path):
    path = tmp_path / "f"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"9 {path}: cannot be written: File too large\n"
    assert path.read_bytes() == b"[" + (b"x" * 99 + b"\n") * 9 + b"]"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_kill_9_loses_no_record_that_was_written(tmp_path):
    path = tmp_path / "f"
    for attempt in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", ENDLESS, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        while int(process.stdout.readline()) < 20 * attempt:
            pass
        process.kill()
        acknowledged = [int(line) for line in process.communicate()[0].split("\n")[:-1]]
        *records, cut = path.read_bytes().split(b"\n")
        assert set(records) <= {b"a" * 2000}
        assert len(records) >= max(acknowledged, default=20 * attempt)
        assert cut != b"a" * 2000  # the write that the kill met, if any
