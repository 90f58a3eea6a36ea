import logging
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from posestream.errors import ConfigError, SourceError, SourceNotFoundError
from posestream.sources.images import ImagesSource, image_files


def save(path: Path, *, width: int = 32, height: int = 24) -> Path:
    cv2.imwrite(str(path), np.full((height, width, 3), 120, np.uint8))
    return path


def test_a_folder_is_read_in_natural_order_without_what_is_no_image(tmp_path: Path):
    for name in ("shot10.png", "shot9.jpg", "Shot1.webp", "shot100.bmp"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "folder.jpg").mkdir()
    save(tmp_path / ".hidden.jpg")
    names = [path.name for path in image_files(tmp_path)]
    assert names == ["Shot1.webp", "shot9.jpg", "shot10.png", "shot100.bmp"]


def test_photographs_are_counted_and_know_their_names(tmp_path: Path):
    paths = [save(tmp_path / f"{n}.png", width=30 + n) for n in range(3)]
    source = ImagesSource(paths, name="shots")
    frames = list(source.frames())
    assert [(f.index, f.pts, f.file) for f in frames] == [
        (0, 0, "0.png"),
        (1, 1, "1.png"),
        (2, 2, "2.png"),
    ]
    assert [f.image.size for f in frames] == [(30, 24), (31, 24), (32, 24)]
    assert {f.stream for f in frames} == {"shots"}
    assert source.info.still
    assert source.info.frame_count == 3
    assert source.info.frame_rate is None


def test_unreadable_ones_are_skipped_counted_and_logged(tmp_path: Path, caplog):
    (tmp_path / "0.jpg").write_text("no image")
    paths = [tmp_path / "0.jpg", save(tmp_path / "1.jpg"), tmp_path / "gone.jpg"]
    source = ImagesSource(paths, name="shots")
    assert source.corrupt_frames == 0
    with caplog.at_level(logging.WARNING):
        frames = list(source.frames())
    assert [(f.index, f.file) for f in frames] == [(0, "1.jpg")]
    assert source.corrupt_frames == 2
    assert "skipped" in caplog.text
    assert "0.jpg: is not an image" in caplog.text
    assert "gone.jpg: no such file" in caplog.text


def test_when_none_can_be_read_the_first_reason_is_told(tmp_path: Path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_text("no image")
    with pytest.raises(SourceError, match=r"none of 2 images can be read; .*a\.jpg: is not an"):
        ImagesSource([tmp_path / "a.jpg", tmp_path / "b.jpg"], name="shots")


def test_a_single_one_tells_its_own_reason(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"gone\.jpg: no such file"):
        ImagesSource([tmp_path / "gone.jpg"], name="shot")


def test_no_images_at_all_are_refused():
    with pytest.raises(SourceError, match="shots: no images"):
        ImagesSource([], name="shots")


def test_closing_ends_the_frames(tmp_path: Path):
    source = ImagesSource([save(tmp_path / f"{n}.png") for n in range(3)], name="shots")
    frames = source.frames()
    next(frames)
    source.close()
    assert list(frames) == []


def test_with_a_rate_photographs_are_the_frames_of_a_video(tmp_path: Path):
    paths = [save(tmp_path / f"{n}.png", width=30 + n) for n in range(3)]
    source = ImagesSource(paths, name="lapse", rate=Fraction(5, 2))
    assert not source.info.still
    assert source.info.frame_rate == Fraction(5, 2)
    assert source.info.frame_count == 3
    frames = list(source.frames())
    assert [(f.index, f.pts_s, f.file) for f in frames] == [
        (0, 0, None),
        (1, 0.4, None),
        (2, 0.8, None),
    ]
    assert [f.image.size for f in frames] == [(30, 24), (31, 24), (32, 24)]


def test_an_unreadable_picture_of_a_video_leaves_a_gap_in_time(tmp_path: Path):
    (tmp_path / "1.jpg").write_text("no image")
    paths = [save(tmp_path / "0.jpg"), tmp_path / "1.jpg", save(tmp_path / "2.jpg")]
    frames = list(ImagesSource(paths, name="lapse", rate=Fraction(10)).frames())
    assert [(f.index, f.pts) for f in frames] == [(0, 0), (1, 2)]


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-5)])
def test_a_rate_that_cannot_be_is_refused(tmp_path: Path, rate: Fraction):
    with pytest.raises(ConfigError, match=f"lapse: rate {rate} must be above 0"):
        ImagesSource([save(tmp_path / "a.png")], name="lapse", rate=rate)
