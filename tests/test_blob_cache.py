"""The cache gives back exactly what it was given, or nothing."""

import os
from pathlib import Path

import pytest

from posestream.blob_cache import BlobCache, blob_key, cache_folder


def test_a_blob_comes_back_as_it_was(tmp_path: Path):
    cache = BlobCache(tmp_path / "new" / "folder")
    assert cache.load("key") is None
    cache.store("key", b"content")
    cache.store("other", b"")
    assert cache.load("key") == b"content"
    assert cache.load("other") == b""


@pytest.mark.parametrize("cut", [0, 10, 33, 38])
def test_a_damaged_blob_is_none(tmp_path: Path, cut: int):
    cache = BlobCache(tmp_path)
    cache.store("key", b"content")
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:cut])
    assert cache.load("key") is None


def test_nothing_is_left_beside_the_blob(tmp_path: Path):
    cache = BlobCache(tmp_path)
    cache.store("key", b"1")
    cache.store("key", b"2")
    assert [file.name for file in tmp_path.iterdir()] == ["key.blob"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    BlobCache(tmp_path).store("key", b"content")
    assert list(tmp_path.iterdir()) == []


def test_the_blobs_not_needed_for_longest_make_room(tmp_path: Path):
    cache = BlobCache(tmp_path, limit_bytes=3 * (32 + 10))
    for age, key in enumerate(["a", "b", "c"]):
        cache.store(key, b"0123456789")
        os.utime(tmp_path / f"{key}.blob", (age, age))
    assert cache.load("a") is not None
    cache.store("d", b"0123456789")
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["a", "c", "d"]


def test_a_key_depends_on_every_part():
    parts = {"a": 1, "b": [2, 3]}
    assert blob_key(parts) == blob_key({"b": [2, 3], "a": 1})
    assert blob_key(parts) != blob_key({**parts, "b": [2, 4]})
    assert blob_key(parts) != blob_key({**parts, "c": None})


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"POSESTREAM_CACHE_DIR": "/chosen"}, "/chosen"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/posestream"),
        ("linux", {}, "/people/me/.cache/posestream"),
        ("darwin", {}, "/people/me/Library/Caches/posestream"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/posestream"),
        ("win32", {}, "/people/me/AppData/Local/posestream"),
    ],
)
def test_the_folder_is_where_the_system_keeps_caches(monkeypatch, platform, variables, folder):
    for name in ("POSESTREAM_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/people/me", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert cache_folder() == Path(folder)
