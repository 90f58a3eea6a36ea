from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from posestream.errors import OutputExistsError, SinkError
from posestream.images import HostImage
from posestream.sinks.images import ImageSink
from posestream.types import Frame


def photograph(name: str | None, *, index: int = 0, level: int = 100) -> Frame:
    pixels = np.full((24, 33, 3), (level, 40, 200), np.uint8)
    image = HostImage.from_rgb(pixels)
    return Frame("album", index, index, Fraction(1), image, 0.0, file=name)


def shown(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("a.jpg", "a.jpg"),
        ("a.JPEG", "a.jpg"),
        ("a.PNG", "a.png"),
        ("a.b.webp", "a.b.jpg"),
        ("a.tiff", "a.jpg"),
        (None, "album_000003.jpg"),
    ],
)
def test_photographs_keep_their_names(tmp_path: Path, given: str | None, written: str):
    ImageSink(tmp_path / "out").write(photograph(given, index=3))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [written]


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_sizes_and_colours_stay(tmp_path: Path, name: str):
    ImageSink(tmp_path).write(photograph(name))
    pixels = shown(tmp_path / name)
    assert pixels.shape == (24, 33, 3)
    assert np.abs(pixels.astype(int) - (100, 40, 200)).max() <= 3


def test_two_photographs_of_one_name_do_not_meet(tmp_path: Path):
    sink = ImageSink(tmp_path)
    for level, name in enumerate(["a.jpg", "a.webp", "A.jpg", "a.png"]):
        sink.write(photograph(name, level=50 * level))
    sink.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["A-3.jpg", "a-2.jpg", "a.jpg", "a.png"]
    assert abs(int(shown(tmp_path / "a-2.jpg")[0, 0, 0]) - 50) <= 3


def test_existing_files_are_kept_unless_overwriting_is_asked_for(tmp_path: Path):
    (tmp_path / "a.jpg").write_text("precious")
    with pytest.raises(OutputExistsError, match=r"a\.jpg: exists"):
        ImageSink(tmp_path).write(photograph("a.jpg"))
    assert (tmp_path / "a.jpg").read_text() == "precious"
    ImageSink(tmp_path, overwrite=True).write(photograph("a.jpg"))
    assert shown(tmp_path / "a.jpg").shape == (24, 33, 3)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="file: cannot be written"):
        ImageSink(tmp_path / "file")


def test_a_photograph_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    sink = ImageSink(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SinkError, match=r"a\.jpg: cannot be written \(No space left on device\)"):
        sink.write(photograph("a.jpg"))
    assert list(tmp_path.iterdir()) == []
