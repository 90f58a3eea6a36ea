import hashlib
from pathlib import Path

import numpy as np
import pytest

import posestream
from posestream.demo import photographs
from posestream.demo.photographs import load_photograph, photograph_names
from posestream.errors import SourceError

DEMO = Path(posestream.__file__).parent / "demo"
FILES = sorted(path for path in (DEMO / "photographs").iterdir() if path.suffix in {".jpg", ".png"})


def test_there_are_several_people():
    assert set(photograph_names()) == {"collins", "cameraman", "hopper"}


@pytest.mark.parametrize("name", photograph_names())
def test_each_photograph_knows_where_its_person_is(name):
    photograph = load_photograph(name)
    assert photograph.pixels.shape == (*photograph.cover.shape, 3)
    assert photograph.pixels.shape[0] % 2 == photograph.pixels.shape[1] % 2 == 0
    assert 0.2 < photograph.cover.mean() < 0.7
    assert photograph.cover[:10].mean() < 0.05
    assert photograph.cover[-1].max() == 1


def test_no_file_lacks_a_recorded_sum_and_an_origin():
    index = (DEMO / "photographs" / "photographs.toml").read_text()
    origins = (DEMO / "PHOTOGRAPHS.md").read_text()
    for file in FILES:
        assert hashlib.sha256(file.read_bytes()).hexdigest() in index
        if file.suffix == ".jpg":
            assert f"`{file.name}`" in origins


def test_they_are_small():
    assert sum(file.stat().st_size for file in FILES) < 500_000


def test_a_damaged_photograph_is_not_shown(monkeypatch, tmp_path):
    for file in (DEMO / "photographs").iterdir():
        (tmp_path / "photographs" / file.name).parent.mkdir(exist_ok=True)
        (tmp_path / "photographs" / file.name).write_bytes(file.read_bytes())
    damaged = tmp_path / "photographs" / "hopper.jpg"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    monkeypatch.setattr(photographs, "_FOLDER", tmp_path / "photographs")
    load_photograph.cache_clear()
    try:
        with pytest.raises(SourceError, match=r"hopper\.jpg: damaged"):
            load_photograph("hopper")
        assert isinstance(load_photograph("collins").pixels, np.ndarray)
    finally:
        load_photograph.cache_clear()
