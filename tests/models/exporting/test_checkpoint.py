"""A checkpoint is tensors and nothing else; nothing in it is ever run."""

import os
import pickle
import random
import zipfile
from pathlib import Path

import pytest

from checkpoint_files import save
from posestream.errors import ModelError, SourceNotFoundError
from posestream.models.exporting import checkpoint
from posestream.models.exporting.checkpoint import read_checkpoint

torch = pytest.importorskip("torch")


def state() -> dict[str, object]:
    return {"a.weight": torch.arange(4.0), "a.bias": torch.zeros(2)}


class Attack:
    """What a pickle may do to somebody who opens it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self):
        return os.system, (f"touch {self._folder / 'owned'}",)


@pytest.mark.parametrize("old", [True, False])
def test_a_state_dict_is_read(tmp_path: Path, old: bool):
    found = read_checkpoint(save(tmp_path / "net.pth", state(), old=old))
    assert list(found) == ["a.weight", "a.bias"]
    assert found["a.weight"].tolist() == [0, 1, 2, 3]


def test_usual_wrappings_are_seen_through(tmp_path: Path):
    wrapped = {f"module.{key}": value for key, value in state().items()}
    path = save(tmp_path / "net.pth", {"epoch": 3, "state_dict": wrapped})
    assert list(read_checkpoint(path)) == ["a.weight", "a.bias"]


@pytest.mark.parametrize("old", [True, False])
def test_a_pickle_that_wants_to_run_something_is_refused_and_not_run(tmp_path: Path, old: bool):
    path = save(tmp_path / "net.pth", {"a": torch.zeros(1), "b": Attack(tmp_path)}, old=old)
    with pytest.raises(
        ModelError, match=r"net\.pth: refused: .*wants to use \w+\.system"
    ) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "owned").exists()


def test_a_bare_pickle_that_wants_to_run_something_is_not_run(tmp_path: Path):
    path = tmp_path / "net.pth"
    path.write_bytes(pickle.dumps(Attack(tmp_path)))
    with pytest.raises(ModelError, match=r"net\.pth: "):
        read_checkpoint(path)
    assert not (tmp_path / "owned").exists()


def test_a_whole_network_is_refused_with_what_to_save_instead(tmp_path: Path):
    path = save(tmp_path / "net.pth", torch.nn.Linear(1, 1))
    with pytest.raises(ModelError, match=r"wants to use torch\.nn.*Save a state_dict\(\) alone"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "holds nothing; allowed: a state dict of tensors"),
        ([1, 2], "holds a list; allowed: a state dict of tensors"),
        (torch.zeros(1), "holds a Tensor; allowed: a state dict of tensors"),
        ({"a": 3}, "'a' holds a int; allowed: a tensor"),
        ({1: torch.zeros(1)}, "'1' holds a Tensor"),
    ],
)
def test_something_else_than_a_state_dict_is_refused(tmp_path: Path, content, message: str):
    with pytest.raises(ModelError, match=rf"net\.pth: {message}"):
        read_checkpoint(save(tmp_path / "net.pth", content))


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"PK\x03\x04" + bytes(100)])
def test_garbage_is_refused_in_one_line(tmp_path: Path, content: bytes):
    path = tmp_path / "net.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"net\.pth: no PyTorch checkpoint, or a") as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("old", [True, False])
def test_cut_off_and_damaged_files_never_escape_as_another_error(tmp_path: Path, old: bool):
    path = save(tmp_path / "net.pth", state(), old=old)
    good = path.read_bytes()
    rng = random.Random(0)
    refused = 0
    for _ in range(120):
        content = bytearray(good[: rng.randrange(1, len(good))])
        for _ in range(rng.randrange(4)):
            content[rng.randrange(min(len(content), 600))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            read_checkpoint(path)
        except ModelError:
            refused += 1
    assert refused > 100


def test_a_larger_file_than_allowed_is_not_read(tmp_path: Path, monkeypatch):
    path = save(tmp_path / "net.pth", state())
    monkeypatch.setattr(checkpoint, "MAX_BYTES", 100)
    with pytest.raises(ModelError, match="unpacked are not allowed; allowed: 100"):
        read_checkpoint(path)


def test_a_zip_that_unpacks_to_more_than_allowed_is_not_unpacked(tmp_path: Path, monkeypatch):
    path = tmp_path / "net.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"net/data/{number}", bytes(2**20))
    monkeypatch.setattr(checkpoint, "MAX_BYTES", 2**22)
    assert path.stat().st_size < 2**14
    with pytest.raises(ModelError, match=r"net\.pth: 5242880 bytes unpacked are not allowed"):
        read_checkpoint(path)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"none\.pth: no such file"):
        read_checkpoint(tmp_path / "none.pth")
