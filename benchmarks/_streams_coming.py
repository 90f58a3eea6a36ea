"""Figures of streams that come and go: start, stop, and back after the server was away."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import av
from _streams import Instant, Noting, make_clip
from av.error import FFmpegError

from posestream.assembly_streams import InputStream
from posestream.config import load_config
from posestream.config_streams import StreamConfig
from posestream.pipeline import run
from posestream.runtime.status import StreamStatus
from posestream.runtime.stopping import StopFlag
from posestream.runtime.stream import StreamPlan
from posestream.runtime.streams import StreamSet
from posestream.topology import COCO_17

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

Figures = dict[str, Any]
TRIALS = 10
LONGEST_S = 20.0
STARTED = 32
PATIENCE_S = 40.0


def reconnect(folder: Path) -> Figures:
    """Time how soon frames come after an RTSP server's return, away for 1 to 20 s."""
    import live_servers

    if not live_servers.has_rtsp_server():
        return {"left_out": "no gst-rtsp-server"}
    streams = StreamSet(Instant(), topology=COCO_17, workers=1)
    with ExitStack() as stack:
        stack.callback(streams.close)
        trials = []
        for place in range(TRIALS):
            server = stack.enter_context(live_servers.rtsp_server())
            noting = Noting()
            stream = InputStream(f"camera-{place}", server.address, StreamConfig(timeout=5.0))
            streams.add(
                StreamPlan(
                    stream.name,
                    stream.opener(),
                    lambda _, noting=noting: noting,
                    retries=True,
                    policy=stream.policy(),
                )
            )
            trials.append((server, noting, 1 + place * (LONGEST_S - 1) / (TRIALS - 1)))
        _until(lambda: all(noting.noted for _, noting, _ in trials))
        back_s: dict[float, float] = {}
        threads = [
            threading.Thread(target=_outage, args=(*trial, back_s), daemon=True) for trial in trials
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    times = [back_s[outage] for outage in sorted(back_s)]
    return {
        "bar_s": 2.0,
        "outages_s": [round(outage, 1) for outage in sorted(back_s)],
        "back_s": [round(one, 3) for one in times],
        "median_s": round(median(times), 3),
        "max_s": round(max(times), 3),
    }


def _outage(server: Any, noting: Noting, outage_s: float, back_s: dict[float, float]) -> None:
    """Kill a server, start it again after a while, and wait for the next frame."""
    server.kill()
    time.sleep(outage_s)
    server.start()
    returned_s = time.monotonic()
    _until(lambda: noting.noted[-1][0] > returned_s)
    first = next(at for at, _ in noting.noted if at > returned_s)
    back_s[outage_s] = first - returned_s


def start_and_stop(folder: Path) -> Figures:
    """Time 32 streams from the call to everybody's first result, and the end of the run."""
    import live_servers

    clip = make_clip(folder / "clip.mp4")
    figures: Figures = {"streams": STARTED, "bar_start_s": 10.0, "bar_stop_s": 3.0}
    figures["files"] = _started([str(clip)] * STARTED, folder / "files", realtime=True, loop=True)
    if live_servers.has_rtsp_server():
        with live_servers.rtsp_server(size="640x360", rate=10, gop=10) as server:
            figures["rtsp"] = _started([server.address] * STARTED, folder / "rtsp")
    return figures


def _started(inputs: Sequence[str], output: Path, **settings: object) -> Figures:
    given = {"input": list(inputs), "output": output, "profile": "fast", "overwrite": True}
    config, stop = load_config(None, {**given, **settings}), StopFlag()
    begun_s = time.monotonic()
    times: Figures = {}

    def look(streams: Sequence[StreamStatus]) -> None:
        now_s = time.monotonic()
        if "start_s" not in times and streams and all(one.frames for one in streams):
            times["start_s"] = round(now_s - begun_s, 3)
        began = begun_s + times.get("start_s", PATIENCE_S)
        if not stop.requested and now_s > began + 3:
            times["asked_s"] = now_s
            stop.request()

    summary = run(config, stop=stop, on_status=look)
    times["stop_s"] = round(time.monotonic() - times.pop("asked_s"), 3)
    videos = sorted(output.glob("*.mp4"))
    frames = {path.name: _frames_in(path) for path in videos}
    times["videos"] = len(videos)
    times["playable"] = sum(count > 0 for count in frames.values())
    times["complete"] = all(frames.get(f"{s.name}.mp4") == s.frames for s in summary.streams)
    times["dropped"] = summary.dropped
    times["frames"] = summary.frames
    return times


def _frames_in(path: Path) -> int:
    try:
        with av.open(str(path)) as container:
            return sum(1 for _ in container.decode(video=0))
    except FFmpegError:
        return 0


def _until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise SystemExit(f"waited {PATIENCE_S} s in vain")
        time.sleep(0.005)


FIGURES: dict[str, Callable[[Path], Figures]] = {
    "reconnect": reconnect,
    "start_and_stop": start_and_stop,
}
