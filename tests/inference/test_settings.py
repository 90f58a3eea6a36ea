"""Threads are chosen by what this process may use."""

import os
from pathlib import Path

import pytest

from posestream.errors import ConfigError
from posestream.inference import settings
from posestream.inference.settings import described, threads_for, usable_cores


@pytest.fixture
def four_cores(monkeypatch, tmp_path) -> Path:
    """A machine with four cores; write a quota into the file that is returned."""
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(settings, "_QUOTA", quota)
    return quota


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        (None, 4),
        ("max 100000", 4),
        ("200000 100000", 2),
        ("50000 100000", 1),
        ("900000 100000", 4),
        ("nonsense", 4),
    ],
)
def test_a_containers_quota_counts(four_cores, quota, cores):
    if quota is not None:
        four_cores.write_text(quota)
    assert usable_cores() == cores


def test_there_is_a_thread_per_core_unless_told_otherwise(four_cores):
    assert threads_for(None, 1) == 4
    assert threads_for(None, 6) == 6
    assert threads_for(3, 2) == 3


@pytest.mark.parametrize(
    ("threads", "streams", "message"),
    [
        (1, 2, "threads: 1 is not allowed with 2 streams; allowed: 2 or more"),
        (None, 0, "streams: 0 is not allowed"),
        (0, 1, "threads: 0 is not allowed"),
    ],
)
def test_less_than_one_thread_per_stream_is_refused(threads, streams, message):
    with pytest.raises(ConfigError, match=message):
        threads_for(threads, streams)


def test_counts_are_told_in_words():
    assert described(1, 2) == "1 thread, 2 streams"
