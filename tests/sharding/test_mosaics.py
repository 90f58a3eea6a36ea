"""The mosaic of several processes before it is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from posestream.config import load_config
from posestream.errors import SinkError
from posestream.sharding.mosaics import SharedMosaic
from posestream.sharding.sheets import SheetMemory


def test_where_there_is_no_room_for_all_sheets_none_is_left(tmp_path: Path, monkeypatch):
    made, real = [], SheetMemory.made

    def room_for_one(size: tuple[int, int]) -> SheetMemory:
        if made:
            raise SinkError("mosaic: no room for 9 bytes of shared memory")
        made.append(real(size))
        return made[0]

    monkeypatch.setattr(SheetMemory, "made", room_for_one)
    config = load_config(None, {"output": tmp_path, "input": ["fake:"] * 2})
    with pytest.raises(SinkError, match="no room for 9 bytes"):
        SharedMosaic(config, ["one", "two"], [(0,), (1,)], live=False)
    assert not made[0].file.exists()
