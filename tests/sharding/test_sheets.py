"""Tiles drawn in one process and shown by another."""

import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from posestream.images import HostImage, plane_arrays
from posestream.overlay.layout import layout
from posestream.sharding.messages import SheetMade, SheetsOver
from posestream.sharding.sheets import SLOTS, SheetForm, SheetMemory, SheetSink, sheet_grid
from posestream.types import Frame


def picture(size: tuple[int, int], level: int) -> HostImage:
    frame = av.VideoFrame(*size, "yuv420p")
    for number, plane in enumerate(plane_arrays(frame)):
        plane[:] = level + number
    return HostImage(frame)


def frame(size: tuple[int, int], level: int, tick: int = 0) -> Frame:
    return Frame("mosaic", tick, tick, Fraction(1, 25), picture(size, level), wall_s=0.0)


@pytest.fixture
def memory():
    made = SheetMemory.made((64, 36))
    yield made
    made.forget()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 16, 33, 100, 128, 300])
@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (1918, 1078), (3840, 2160)])
def test_tiles_of_a_sheet_are_as_large_as_those_of_the_whole(count: int, size: tuple[int, int]):
    whole = layout(count, size=size)
    columns = sum(tile.top == whole[0].top for tile in whole)
    for streams in range(1, count + 1, 3):
        sheet, shape = sheet_grid(streams, size, (columns, len(whole) // columns))
        tiles = SheetForm(sheet, shape, live=False, file=Path()).tiles()
        assert len(tiles) >= streams
        assert {(t.width, t.height) for t in tiles} == {(whole[0].width, whole[0].height)}
        assert sheet[0] % 2 == sheet[1] % 2 == 0


def test_what_one_maps_and_writes_the_other_reads(memory: SheetMemory):
    other = SheetMemory(memory.file, (64, 36))
    memory.forget()
    assert not memory.file.exists()
    for slot in range(SLOTS):
        for number, plane in enumerate(memory.planes(slot)):
            plane[:] = 10 * slot + number
    for slot in range(SLOTS):
        planes = other.planes(slot)
        assert [plane.shape for plane in planes] == [(36, 64), (18, 32), (18, 32)]
        assert [np.unique(plane).tolist() for plane in planes] == [
            [10 * slot + number] for number in range(3)
        ]


def test_a_picture_waits_until_an_earlier_one_has_been_used(memory: SheetMemory):
    sent: list[object] = []
    sink = SheetSink(memory, sent.append)
    for tick in range(SLOTS):
        sink.write(frame((64, 36), 50 + tick, tick))
    writer = threading.Thread(target=sink.write, args=(frame((64, 36), 90, 7),))
    writer.start()
    writer.join(0.2)
    assert writer.is_alive()
    sink.free(1)
    writer.join(10)
    sink.close()
    assert [(one.slot, one.tick) for one in sent if isinstance(one, SheetMade)] == [
        (0, 0),
        (1, 1),
        (1, 7),
    ]
    assert isinstance(sent[-1], SheetsOver)
    assert [plane[0, 0] for plane in memory.planes(1)] == [90, 91, 92]


def test_nobody_waits_for_a_process_that_is_gone(memory: SheetMemory):
    sent: list[object] = []
    sink = SheetSink(memory, sent.append)
    for tick in range(SLOTS):
        sink.write(frame((64, 36), 50, tick))
    writer = threading.Thread(target=sink.write, args=(frame((64, 36), 90),))
    writer.start()
    sink.let_go()
    writer.join(10)
    assert not writer.is_alive()
    assert len(sent) == SLOTS


def test_how_streams_ended_is_told_apart_from_pictures(memory: SheetMemory):
    sent: list[object] = []
    SheetSink(memory, sent.append).write_last(picture((64, 36), 9), 12, Fraction(30))
    assert sent == [SheetMade(0, 12, Fraction(1, 30), last=True)]
