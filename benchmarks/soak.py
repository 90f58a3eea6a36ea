"""Eight live streams for a long time: memory, threads, handles, order, files.

    python benchmarks/soak.py --minutes 20 [--output FILE]

Four videos played in real time over and over, two generated cameras with a watermark in every
frame, and two cameras of an RTSP server that is killed and started again every minute (six videos
where there is no such server). Data, videos and the mosaic are written, endpoints are served and
asked where starlette is installed. Exit code 1 if a check fails.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import _soak_checks
from _machine import write
from _streams import make_clip

from posestream.config import load_config
from posestream.pipeline import run
from posestream.runtime.status import StreamStatus
from posestream.runtime.stopping import StopFlag
from posestream.serving.machine import process_use

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import live_servers

PLAYED = {
    "hall": (640, 360, 12),
    "gate": (320, 180, 25),
    "yard": (854, 480, 8),
    "lift": (426, 240, 10),
}
MORE_PLAYED = {"shop": (640, 360, 10), "stairs": (320, 180, 10)}
GENERATED = {"east": "fake:320x180@10?realtime=1", "west": "fake:480x270@7?realtime=1&seed=3"}
SERVED = ("/one", "/two")
ROUNDS = 40
SAMPLE_S = 10.0
SERVER_LIVES_S = 60.0
SERVER_IS_AWAY_S = 3.0


class Sampler:
    """Stops a run when its time is over, and notes what the process takes meanwhile.

    Args:
        seconds: How long the run goes.
        stop: Requested at the end.
        asked: Asked at every sample; an address of the endpoints, None without any.
    """

    def __init__(self, seconds: float, stop: StopFlag, *, asked: str | None) -> None:
        self.samples: list[dict[str, float]] = []
        self.refusals = 0
        self._seconds = seconds
        self._stop = stop
        self._asked = asked
        self._begun_s = time.monotonic()

    def look(self, streams: Sequence[StreamStatus]) -> None:
        """Take a sample where one is due."""
        elapsed_s = time.monotonic() - self._begun_s
        if elapsed_s >= self._seconds:
            self._stop.request()
        if elapsed_s < len(self.samples) * SAMPLE_S:
            return
        self._ask()
        use = process_use()
        self.samples.append(
            {
                "at_s": round(elapsed_s, 1),
                "resident_mb": round((use.resident_bytes or 0) / 1e6, 2),
                "threads": use.threads or 0,
                "open_files": use.open_files or 0,
                "frames": sum(one.frames for one in streams),
                "dropped": sum(one.dropped for one in streams),
                "reconnects": sum(one.reconnects for one in streams),
            }
        )

    def _ask(self) -> None:
        for path in ("/metrics", "/snapshot.jpg", "/streams") if self._asked else ():
            try:
                with urllib.request.urlopen(f"{self._asked}{path}", timeout=5) as answer:
                    answer.read()
            except OSError:  # no picture yet, at the beginning
                self.refusals += 1


def soak(folder: Path, *, seconds: float) -> dict[str, Any]:
    """Run eight live streams and check what came of it."""
    stop = StopFlag()
    with _cameras() as addresses:
        streams, port = _streams(folder, addresses), live_servers.free_port()
        serves = importlib.util.find_spec("starlette") and importlib.util.find_spec("uvicorn")
        given = {"streams": streams, "output": folder / "out", "profile": "fast", "interval": 5}
        given |= {"mosaic_size": "960x540", "serve": str(port) if serves else None}
        sampler = Sampler(seconds, stop, asked=f"http://127.0.0.1:{port}" if serves else None)
        begun_s = time.monotonic()
        summary = run(load_config(None, given), stop=stop, on_status=sampler.look)
        elapsed_s = time.monotonic() - begun_s
    found = {
        "minutes": round(elapsed_s / 60, 2),
        "growth": _soak_checks.growth(sampler.samples),
        "asked_in_vain": sampler.refusals,
        "streams": [_stream(one) for one in summary.streams],
        "order": _soak_checks.order(folder / "out", summary.streams, marked=tuple(GENERATED)),
        "files": _soak_checks.files(folder / "out"),
    }
    restarts = bool(addresses) and seconds > 2 * SERVER_LIVES_S
    verdict = _soak_checks.verdict(found, reconnects=restarts)
    return {**found, "verdict": verdict, "samples": sampler.samples}


def _streams(folder: Path, served: Sequence[str]) -> dict[str, Any]:
    """Return eight streams with names and settings."""
    streams: dict[str, Any] = {name: {"input": address} for name, address in GENERATED.items()}
    played = PLAYED if served else PLAYED | MORE_PLAYED
    for name, (width, height, rate) in played.items():
        clip = make_clip(folder / f"{name}.mp4", times=ROUNDS, rate=rate, size=(width, height))
        streams[name] = {"input": str(clip), "realtime": True, "loop": True}
    for address in served:
        streams[address.rpartition("/")[2]] = {"input": address, "timeout": 5.0}
    return streams


def _stream(status: StreamStatus) -> dict[str, Any]:
    keys = ("name", "state", "frames", "dropped", "corrupt", "reconnects", "error")
    values = status.to_dict()
    return {key: values[key] for key in keys}


@contextlib.contextmanager
def _cameras() -> Iterator[list[str]]:
    """Serve two cameras that go away every minute; yield their addresses."""
    if not live_servers.has_rtsp_server():
        yield []
        return
    over = threading.Event()
    servers = [
        live_servers.RtspServer(
            port=live_servers.free_port(), path=path, size="640x360", rate=10, gop=10
        )
        for path in SERVED
    ]
    for server in servers:
        server.start()

    def come_and_go() -> None:
        while not over.wait(SERVER_LIVES_S):
            for server in servers:
                server.kill()
            if over.wait(SERVER_IS_AWAY_S):
                return
            for server in servers:
                server.start()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        yield [server.address for server in servers]
    finally:
        over.set()
        thread.join()
        for server in servers:
            server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description="Run eight live streams for a long time.")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = soak(Path(folder), seconds=60 * arguments.minutes)
    shown = {key: value for key, value in figures.items() if key != "samples"}
    print(json.dumps(shown, indent=2))
    write(figures, arguments.output)
    raise SystemExit(not all(figures["verdict"].values()))


if __name__ == "__main__":
    main()
