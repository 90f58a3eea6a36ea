import os
import socket
import threading
from pathlib import Path

import pytest

import clips
from posestream.containers import check_regular_file, codec_threads, open_media
from posestream.errors import SourceError, SourceNotFoundError


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"door\.mp4: no such file"):
        open_media(tmp_path / "door.mp4")


def test_a_folder_is_refused(tmp_path: Path):
    with pytest.raises(SourceError, match="is a folder, not a file"):
        open_media(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="a device or a pipe"):
        open_media(tmp_path / "pipe")


def test_an_empty_file_is_refused(tmp_path: Path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(SourceError, match=r"a\.mp4: the file is empty"):
        open_media(tmp_path / "a.mp4")


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = clips.record(tmp_path / "a.mp4", frames=2)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(SourceError, match=r"a\.mp4: no permission to read it"):
        check_regular_file(path)


@pytest.mark.parametrize("name", ["notes.mp4", "notes.txt", "notes.ans"])
def test_text_is_called_text_whatever_its_name(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_text("Überwachung, one line like another\n" * 300, encoding="utf-8")
    with pytest.raises(SourceError, match="is text, not a video"):
        open_media(path)


def test_random_bytes_are_no_video(tmp_path: Path):
    path = tmp_path / "a.mkv"
    path.write_bytes(bytes(range(256)) * 100)
    with pytest.raises(SourceError, match=r"a\.mkv: is not a video that FFmpeg can read"):
        open_media(path)


def test_an_mp4_that_was_never_finished_is_called_so(tmp_path: Path):
    whole = clips.record(tmp_path / "whole.mp4", frames=50).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"cut\.mp4: is an MP4 without its index .* cut off"):
        open_media(path)


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.txt"])
def test_playlists_do_not_open_other_files(tmp_path: Path, name: str):
    clips.record(tmp_path / "secret.ts", frames=5)
    path = tmp_path / name
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError, match="is a playlist that refers to other files"):
        open_media(path)


def test_concatenations_do_not_open_other_files(tmp_path: Path):
    clips.record(tmp_path / "secret.mp4", frames=5)
    path = tmp_path / "all.mp4"
    path.write_text("ffconcat version 1.0\nfile secret.mp4\n")
    with pytest.raises(SourceError, match="is a playlist that refers to other files"):
        open_media(path)


def test_a_playlist_in_disguise_reaches_no_network(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        visitors = []

        def wait_for_visitors() -> None:
            try:
                visitors.append(server.accept()[1])
            except TimeoutError:
                return

        waiting = threading.Thread(target=wait_for_visitors)
        waiting.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/live.ts"
        path = tmp_path / "clip.m3u8"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n")
        with pytest.raises(SourceError):
            open_media(path)
        waiting.join()
    assert visitors == []


def test_a_name_that_looks_like_an_address_is_a_file(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clips.record(tmp_path / "a.mp4", frames=2).rename(tmp_path / "concat:100% é.mp4")
    with open_media(Path("concat:100% é.mp4")) as container:
        assert container.streams.video[0].frames == 2


def test_codecs_get_at_least_one_thread_and_at_most_four():
    assert 1 <= codec_threads() <= 4
