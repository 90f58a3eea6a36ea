"""Slots are made when they are needed, and lent to one at a time."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from posestream.errors import OutOfMemoryError
from posestream.gpu import runner as module
from posestream.gpu.runner import Runner
from posestream.models.card import InputSpec

SPEC = InputSpec(
    name="image", layout="NCHW", dtype="float32", colour="RGB", multiple=32, long_side=64
)


class Slots:
    """Counts the slots that are made; fails as often as it is told."""

    def __init__(self) -> None:
        self.made: list[Slots.One] = []
        self.failures = 0

    class One:
        def __init__(self, size: tuple[int, int]) -> None:
            self.size = size

    def __call__(self, *parts: Any, size: tuple[int, int], **options: Any) -> Slots.One:
        if self.failures:
            self.failures -= 1
            raise OutOfMemoryError("no room")
        self.made.append(Slots.One(size))
        return self.made[-1]


@pytest.fixture
def slots(monkeypatch) -> Slots:
    slots = Slots()
    monkeypatch.setattr(module, "Slot", slots)
    return slots


def running(**options: Any) -> Runner:
    network, decoding = SimpleNamespace(capturable=True, slow_start=False), SimpleNamespace()
    parts: list[Any] = [network, decoding]
    return Runner(*parts, spec=SPEC, **options)


def test_a_slot_is_made_for_each_input_size_when_one_is_wanted(slots):
    runner = running()
    assert slots.made == []
    first = runner.lend_for((64, 32))
    runner.give_back(first)
    assert runner.lend_for((64, 32)) is first
    assert runner.lend_for((64, 64)).size == (64, 64)
    assert len(slots.made) == 2


def test_a_second_slot_is_made_only_while_the_first_is_away(slots):
    runner = running(slots=2)
    assert runner.lend_for((64, 64)) is not runner.lend_for((64, 64))
    assert len(slots.made) == 2


def test_whoever_finds_no_slot_waits_for_one(slots):
    runner, got = running(slots=1), []
    slot = runner.lend_for((64, 64))
    waiting = threading.Thread(target=lambda: got.append(runner.lend_for((64, 64))))
    waiting.start()
    assert got == []
    runner.give_back(slot)
    waiting.join(10)
    assert got == [slot]


def test_a_slot_that_could_not_be_made_is_tried_again(slots):
    runner, slots.failures = running(slots=1), 1
    with pytest.raises(OutOfMemoryError):
        runner.lend_for((64, 64))
    assert runner.lend_for((64, 64)) is slots.made[0]


def test_the_largest_size_of_batches_is_the_batch(slots):
    assert running(batch=20).batch == 20
    assert running(sizes=(1, 8)).batch == 8


def sizes(count: int) -> list[tuple[int, int]]:
    return [(32 * n, 32) for n in range(1, count + 1)]


def test_of_many_sizes_the_one_that_waited_longest_goes(slots):
    runner, many = running(), sizes(module._MOST_SIZES + 1)
    for size in [*many[:-1], many[0], many[-1]]:  # the second is now the one
        runner.give_back(runner.lend_for(size))
    assert len(slots.made) == len(many)
    for size in (many[0], many[2], many[-1]):
        runner.give_back(runner.lend_for(size))
    assert len(slots.made) == len(many)
    runner.give_back(runner.lend_for(many[1]))
    assert len(slots.made) == len(many) + 1


def test_what_is_lent_stays_however_many_sizes_come(slots):
    runner = running()
    lent = [runner.lend_for(size) for size in sizes(module._MOST_SIZES + 3)]
    for slot in lent:
        runner.give_back(slot)
    for slot in lent:
        assert runner.lend_for(slot.size) is slot
