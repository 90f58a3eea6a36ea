from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

import clips
from posestream.errors import ConfigError, SourceError, SourceNotFoundError
from posestream.sources.file import VideoFileSource
from posestream.sources.images import ImagesSource
from posestream.sources.opening import open_source
from posestream.sources.options import SourceOptions


def image(path: Path) -> Path:
    cv2.imwrite(str(path), np.full((24, 32, 3), 120, np.uint8))
    return path


def video(path: Path) -> Path:
    return clips.record(path, frames=3)


def test_a_video_file_is_a_video_named_after_it(tmp_path: Path):
    source = open_source(
        str(video(tmp_path / "Entrance 2.mp4")), options=SourceOptions(start_s=0.04)
    )
    assert isinstance(source, VideoFileSource)
    assert source.name == "Entrance 2"
    assert len(list(source.frames())) == 2


def test_an_image_is_a_still_named_after_it(tmp_path: Path):
    source = open_source(image(tmp_path / "team.jpg"))
    assert isinstance(source, ImagesSource)
    assert (source.name, source.info.still, source.info.frame_count) == ("team", True, 1)


def test_a_name_may_be_given(tmp_path: Path):
    assert open_source(video(tmp_path / "a.mp4"), name="door").name == "door"
    assert open_source(image(tmp_path / "a.png"), name="wall").name == "wall"


def test_files_without_a_telling_name_are_known_by_their_content(tmp_path: Path):
    image(tmp_path / "a.png").rename(tmp_path / "picture")
    video(tmp_path / "a.mp4").rename(tmp_path / "film")
    assert open_source(tmp_path / "picture").info.still
    assert not open_source(tmp_path / "film").info.still


def test_a_folder_of_images_is_named_after_the_folder(tmp_path: Path, monkeypatch):
    folder = tmp_path / "holiday"
    folder.mkdir()
    for n in (10, 9):
        image(folder / f"{n}.jpg")
    (folder / "readme.txt").write_text("not looked at")
    source = open_source(str(folder))
    assert source.name == "holiday"
    assert [frame.file for frame in source.frames()] == ["9.jpg", "10.jpg"]
    monkeypatch.chdir(folder)
    assert open_source(".").name == "holiday"


def test_a_pattern_gives_its_images_in_natural_order(tmp_path: Path):
    for n in (1, 2, 10):
        image(tmp_path / f"a{n}.jpg")
        image(tmp_path / f"b{n}.png")
    source = open_source(str(tmp_path / "a*.jpg"))
    assert [frame.file for frame in source.frames()] == ["a1.jpg", "a2.jpg", "a10.jpg"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path):
    assert open_source(video(tmp_path / "take[1].mp4")).name == "take[1]"


def test_a_folder_or_pattern_with_one_video_is_that_video(tmp_path: Path):
    video(tmp_path / "only.mp4")
    assert open_source(tmp_path).name == "only"
    assert open_source(str(tmp_path / "*.mp4")).name == "only"


def test_several_videos_are_not_one_stream(tmp_path: Path):
    video(tmp_path / "a.mp4")
    video(tmp_path / "b.mkv")
    with pytest.raises(SourceError, match="holds 2 videos; give them one at a time"):
        open_source(tmp_path)


def test_images_among_videos_are_refused(tmp_path: Path):
    video(tmp_path / "a.mp4")
    image(tmp_path / "b.jpg")
    with pytest.raises(SourceError, match="holds 1 images and 1 videos; give one kind"):
        open_source(tmp_path)


def test_a_folder_without_media_says_what_would_do(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(SourceError, match="holds no video and no image; give a video file"):
        open_source(tmp_path)


def test_what_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"gone\.mp4: no such file or folder"):
        open_source(str(tmp_path / "gone.mp4"))
    with pytest.raises(SourceNotFoundError, match=r"\*\.png: no file matches this pattern"):
        open_source(str(tmp_path / "*.png"))


@pytest.mark.parametrize("text", ["ftp://root:secret@10.0.0.1/a.mp4", "FILE:///root:secret@x"])
def test_other_addresses_are_refused_without_repeating_passwords(text: str):
    with pytest.raises(
        SourceError, match="addresses cannot be opened; allowed are rtsp://"
    ) as caught:
        open_source(text)
    assert "secret" not in str(caught.value)


def test_a_generated_input_is_opened():
    source = open_source("fake:320x240@10?frames=3", name="hall")
    assert (source.name, source.info.size, source.info.frame_rate) == ("hall", (320, 240), 10)
    assert len(list(source.frames())) == 3


def test_a_recording_may_be_played_over_and_over_as_if_it_were_a_camera(tmp_path: Path):
    path = video(tmp_path / "a.mp4")
    source = open_source(path, options=SourceOptions(loop=True, realtime=True))
    assert source.info.live
    times = [frame.pts for frame, _ in zip(source.frames(), range(7), strict=False)]
    source.close()
    assert times == sorted(set(times))
    assert len(times) == 7


def test_images_with_a_rate_are_a_video(tmp_path: Path):
    for n in range(3):
        image(tmp_path / f"{n}.png")
    source = open_source(tmp_path, options=SourceOptions(rate=Fraction(5)))
    assert not source.info.still
    assert [frame.pts_s for frame in source.frames()] == [0, 0.2, 0.4]
    with pytest.raises(ConfigError, match=r"realtime, loop: .* has images, which need a rate"):
        open_source(tmp_path, options=SourceOptions(loop=True))


def test_start_and_end_do_not_go_with_images(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"start, end: .* has images, which have no time"):
        open_source(image(tmp_path / "a.png"), options=SourceOptions(start_s=1))


def test_photographs_that_nobody_decodes_say_what_to_do(tmp_path: Path):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(SourceError, match=r"a\.heic: HEIC images cannot be read; convert"):
        open_source(tmp_path / "a.heic")


def test_an_empty_file_without_a_suffix_is_refused(tmp_path: Path):
    (tmp_path / "nothing").touch()
    with pytest.raises(SourceError, match="nothing: the file is empty"):
        open_source(tmp_path / "nothing")
