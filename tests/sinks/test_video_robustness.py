import contextlib
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_video import boxes, numbers_in, still, write

import clips
from posestream.containers import mp4_boxes
from posestream.errors import SinkError
from posestream.sinks import progressive
from posestream.sinks.video import VideoSink
from posestream.sources.file import VideoFileSource

WRITER = """
import itertools, resource, signal, sys
sys.path.insert(0, {tests!r})
from test_video import still
from posestream.errors import SinkError
from posestream.sinks.video import VideoSink

limit = {limit}
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sink = VideoSink({path!r}, audio_from={sound!r}, threads=1)
try:
    for number in itertools.count():
        sink.write(still(number))
        print(number, flush=True)
except SinkError as error:
    print(error, flush=True)
try:
    sink.write(still(0))
except SinkError as error:
    print(error, flush=True)
sink.close()
"""


def writer(path: Path, *, sound: Path | None = None, limit: int = 0) -> subprocess.Popen[str]:
    code = WRITER.format(
        tests=str(Path(__file__).parent),
        path=str(path),
        sound=str(sound) if sound else None,
        limit=limit,
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    )


def assert_counts_up(numbers: list[int]) -> None:
    assert numbers == [n % 256 for n in range(len(numbers))]


@pytest.mark.parametrize("with_sound", [False, True])
def test_what_was_written_plays_after_a_kill(tmp_path: Path, with_sound: bool):
    path = tmp_path / "o.mp4"
    sound = clips.record(tmp_path / "in.mp4", frames=400, sound="aac", size=(64, 48))
    with writer(path, sound=sound if with_sound else None) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 200:
                break
        process.send_signal(signal.SIGKILL)
        process.stdout.read()
    numbers = numbers_in(path)
    assert_counts_up(numbers)
    assert len(numbers) >= 150, "at most two seconds may be lost"
    if with_sound:
        assert len(clips.sound_packets(path)) > 200


def test_a_file_that_may_not_grow_ends_with_a_clear_error_and_plays(tmp_path: Path):
    path = tmp_path / "o.mp4"
    with writer(path, limit=120_000) as process:
        output = process.communicate(timeout=120)[0].splitlines()
    assert process.returncode == 0
    assert re.search(r"o\.mp4: cannot be written \(File too large\)", output[-2])
    assert "o.mp4: is closed" in output[-1]
    numbers = numbers_in(path)
    assert_counts_up(numbers)
    assert len(numbers) > 50
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def small_disk(tmp_path: Path):
    """Mount a disk of 400 kB; only root may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs permission to mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, *, keep: int = 0) -> None:
    """Fill a disk up, but for so many bytes."""
    with contextlib.suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
        while shutil.disk_usage(disk).free > keep:
            file.write(bytes(4096))


def write_until_it_fails(sink: VideoSink) -> None:
    for number in range(10_000):
        sink.write(still(number))


def test_a_full_disk_ends_with_a_clear_error_and_what_was_written_plays(small_disk: Path):
    sink = VideoSink(small_disk / "o.mp4")
    with pytest.raises(SinkError, match=r"o\.mp4: cannot be written \(No space left on device\)"):
        write_until_it_fails(sink)
    sink.close()
    numbers = numbers_in(small_disk / "o.mp4")
    assert_counts_up(numbers)
    assert len(numbers) > 100
    with (small_disk / "o.mp4").open("rb") as file:
        *_, (_, end) = mp4_boxes(file)
        assert end == file.seek(0, 2), "ends with a cut fragment"


def test_a_disk_too_full_for_the_second_copy_keeps_the_first(
    small_disk: Path, caplog: pytest.LogCaptureFixture
):
    fill(small_disk, keep=100_000)
    path = write(small_disk / "o.mp4", [still(n) for n in range(200)])
    assert "stays in fragments" in caplog.text
    assert not list(small_disk.glob(".*"))
    assert "moof" in boxes(path)
    assert_counts_up(numbers_in(path))


def test_a_disk_that_fills_up_with_the_last_frames_is_told(small_disk: Path):
    sink = VideoSink(small_disk / "o.mp4")
    for number in range(100):
        sink.write(still(number))
    fill(small_disk)
    with pytest.raises(SinkError, match="No space left on device"):
        sink.close()
    sink.close()
    assert_counts_up(numbers_in(small_disk / "o.mp4"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match=r"file/o\.mp4: cannot be written"):
        VideoSink(tmp_path / "file" / "o.mp4")
    with pytest.raises(SinkError, match="cannot be written"):
        VideoSink("/proc/o.mp4")


def test_a_folder_that_vanishes_is_told_with_the_first_frame(tmp_path: Path):
    folder = tmp_path / "gone"
    sink = VideoSink(folder / "o.mp4")
    folder.rmdir()
    with pytest.raises(SinkError, match=r"o\.mp4: cannot be written \(No such file or directory\)"):
        sink.write(still(0))
    sink.close()


def test_the_first_copy_stays_whatever_happens_to_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(progressive, "_copy", fail)
    path = write(tmp_path / "o.mp4", [still(n) for n in range(60)])
    assert "stays in fragments; it plays" in caplog.text
    assert numbers_in(path) == list(range(60))
    assert list(tmp_path.iterdir()) == [path]


def test_a_second_copy_that_lost_its_end_is_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    copy = progressive._copy

    def copy_most(path: Path, part: Path, *settings: object) -> None:
        copy(path, part, *settings)
        os.truncate(part, part.stat().st_size - 1)

    monkeypatch.setattr(progressive, "_copy", copy_most)
    path = write(tmp_path / "o.mp4", [still(n) for n in range(60)])
    assert "stays in fragments" in caplog.text
    assert numbers_in(path) == list(range(60))


def test_the_file_can_be_watched_while_it_grows(tmp_path: Path):
    sink = VideoSink(tmp_path / "o.mp4")
    for number in range(120):
        sink.write(still(number))
    growing = VideoFileSource(tmp_path / "o.mp4")
    assert len(list(growing.frames())) >= 75
    sink.close()
