"""Figures of many streams under load: together or alone, beside a dead camera, latency."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _streams import add_pictures, make_clip, pictures_of, remove_pictures

import posestream
from posestream.assembly import build_stream_set, workers_and_batch
from posestream.config import estimator_config, load_config
from posestream.config_streams import SharingConfig
from posestream.runtime.stream import StreamPlan
from posestream.runtime.streams import StreamSet

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

Figures = dict[str, Any]
TOGETHER = 16
LIVE = 8
LOAD = 0.8
HALF, INTERVAL = 0.5, 4


def together(folder: Path, *, rounds: int = 3) -> Figures:
    """Time 16 files at once against one file of the same frames, with the same outputs.

    The mosaic is more work, which one file alone does not have; its ratio has no bar.
    """
    clip = make_clip(folder / "clip.mp4")
    long = make_clip(folder / "long.mp4", times=TOGETHER)
    inputs = {"together": [str(clip)] * TOGETHER, "alone": [str(long)]}

    def fps(which: str, **outputs: bool) -> float:
        given = {"input": inputs[which], "output": folder / which, "profile": "fast"}
        return posestream.run(load_config(None, {**given, "overwrite": True, **outputs})).fps

    def pair(**outputs: bool) -> tuple[float, float]:
        return fps("together", **outputs), fps("alone", **outputs)

    fps("together", video=True)  # compiles and fills caches
    measured: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        data, video = pair(video=False), pair(video=True, mosaic=False)
        tiled = fps("together", video=True, mosaic=True), video[1]
        for way, one in (("data", data), ("video", video), ("video_and_mosaic", tiled)):
            measured.setdefault(way, []).append(one)
    return {
        way: {
            "together_fps": round(median(a for a, _ in pairs), 2),
            "alone_fps": round(median(b for _, b in pairs), 2),
            "ratio": round(median(a / b for a, b in pairs), 3),
            "ratios": [round(a / b, 3) for a, b in pairs],
        }
        for way, pairs in measured.items()
    } | {"streams": TOGETHER, "bar": 0.95}


@contextmanager
def busy_set(images: list) -> Iterator[tuple[StreamSet, int]]:
    """Run a set of streams with the fast profile, warm; yield it, and its workers."""
    settings, sharing = estimator_config({"profile": "fast"}), SharingConfig(concurrent=1000)
    estimator, _, streams = build_stream_set(settings, sharing)
    estimator.estimate(images[:1])
    try:
        yield streams, workers_and_batch(settings, sharing)[0]
    finally:
        streams.close()


def capacity_fps(streams: StreamSet, images: list, *, seconds: float) -> tuple[float, float]:
    """Return how many of these pictures are done in a second, and the time of a call."""
    notings = add_pictures(streams, LIVE, images)
    while not all(one.noted for one in notings):
        time.sleep(0.05)
    before, begun_s = streams.clock.report()["estimate"], time.monotonic()
    time.sleep(seconds)
    ended_s, after = time.monotonic(), streams.clock.report()["estimate"]
    remove_pictures(streams, LIVE)
    done = sum(len(one.between(begun_s, ended_s)) for one in notings)
    call_s = (after.total_s - before.total_s) / (after.calls - before.calls)
    return done / (ended_s - begun_s), call_s


def dead_camera(folder: Path, *, rounds: int = 3, seconds: float = 5.0) -> Figures:
    """Time 8 live streams, then with a camera that does not answer, in turns."""
    import live_servers

    images = pictures_of(make_clip(folder / "clip.mp4"))
    gone = {"/camera": live_servers.answer(404)}
    with (
        busy_set(images) as (streams, _),
        live_servers.http_server(routes=gone) as web,
        live_servers.socket_server(live_servers.silent) as silent,
    ):
        full_fps, _ = capacity_fps(streams, images, seconds=3)
        rate = HALF * INTERVAL * full_fps / LIVE
        notings = add_pictures(streams, LIVE, images, rate=rate, interval=INTERVAL)
        time.sleep(2)

        def fps() -> float:
            begun_s = time.monotonic()
            time.sleep(seconds)
            return sum(one.rate(begun_s, time.monotonic()) for one in notings)

        dead = {
            "refuses": f"rtsp://127.0.0.1:{live_servers.free_port()}/live",
            "hangs": f"rtsp://127.0.0.1:{silent}/live",
            "answers 404": f"{web}/camera",
        }
        changes: dict[str, list[float]] = {name: [] for name in dead}
        for _ in range(rounds):
            for name, address in dead.items():
                alone = fps()
                with _beside(streams, address):
                    changes[name].append(fps() / alone - 1)
        dropped = sum(status.dropped for status in streams.statuses())
    return {
        "live_streams": LIVE,
        "rate": round(rate, 2),
        "interval": INTERVAL,
        "dropped": dropped,
        "bar": 0.02,
        "change": {name: round(median(all_), 4) for name, all_ in changes.items()},
        "changes": {name: [round(one, 4) for one in all_] for name, all_ in changes.items()},
    }


@contextmanager
def _beside(streams: StreamSet, address: str) -> Iterator[None]:
    """Keep a stream of an address among others for a while."""
    from posestream.assembly_streams import InputStream
    from posestream.config_streams import StreamConfig

    stream = InputStream("dead", address, StreamConfig(timeout=2.0))
    streams.add(StreamPlan("dead", stream.opener(), _nobody, retries=True, policy=stream.policy()))
    try:
        yield
    finally:
        streams.remove("dead")


def _nobody(_: object) -> Any:
    raise AssertionError("a dead camera has opened")


def latency(folder: Path, *, rounds: int = 3, seconds: float = 6.0) -> Figures:
    """Measure the latency of live streams that keep the machine busy to four fifths."""
    images = pictures_of(make_clip(folder / "clip.mp4"))
    rows: dict[int, list[Figures]] = {2: [], LIVE: []}
    with busy_set(images) as (streams, workers):
        for _ in range(rounds):
            for count, measured in rows.items():
                full_fps, call_s = capacity_fps(streams, images, seconds=3)
                rate = LOAD * full_fps / count
                measured.append(
                    _latency(streams, workers, count, images, rate, call_s, seconds=seconds)
                )
    return {
        str(count): {key: round(median(one[key] for one in measured), 4) for key in measured[0]}
        for count, measured in rows.items()
    } | {"rounds": {str(count): measured for count, measured in rows.items()}}


def _latency(
    streams: StreamSet,
    workers: int,
    count: int,
    images: list,
    rate: float,
    call_s: float,
    *,
    seconds: float,
) -> Figures:
    notings = add_pictures(streams, count, images, rate=rate)
    time.sleep(2)
    before, begun_s = streams.clock.report()["estimate"], time.monotonic()
    time.sleep(seconds)
    ended_s, after = time.monotonic(), streams.clock.report()["estimate"]
    dropped = sum(status.dropped for status in streams.statuses())
    taken = [late for one in notings for _, late in one.between(begun_s, ended_s)]
    remove_pictures(streams, count)
    p50_s, p99_s = np.quantile(taken, (0.5, 0.99)).tolist()
    bar_s = 2 / rate + call_s
    return {
        "rate": rate,
        "load": (after.total_s - before.total_s) / workers / (ended_s - begun_s),
        "frames": len(taken),
        "dropped": dropped,
        "inference_s": call_s,
        "p50_s": p50_s,
        "p99_s": p99_s,
        "bar_s": bar_s,
        "p99_over_bar": p99_s / bar_s,
    }


FIGURES: dict[str, Callable[[Path], Figures]] = {
    "together": together,
    "dead_camera": dead_camera,
    "latency": latency,
}
