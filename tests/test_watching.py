"""Looking at a run while it goes."""

import json
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

from posestream.config import load_config
from posestream.errors import ConfigError
from posestream.pipeline import run
from posestream.runtime.status import StreamStatus
from posestream.runtime.stopping import StopFlag

pytest.importorskip("uvicorn")


class Visitor:
    """Runs streams until it has seen what it wants over HTTP."""

    def __init__(self, tmp_path: Path, **given) -> None:
        given = {"output": tmp_path, "profile": "fast", "serve": 0, **given}
        self.config = load_config(None, given)
        self.stop = StopFlag()

    def run(self, visit, caplog) -> None:
        seen: list[threading.Thread] = []
        errors: list[AssertionError] = []

        def go(address: str) -> None:
            try:
                visit(address)
            except AssertionError as error:
                errors.append(error)
            finally:
                self.stop.request()

        def look(streams: Sequence[StreamStatus]) -> None:
            if not seen and all(stream.frames > 3 for stream in streams):
                [address] = [
                    record.getMessage().rpartition(" ")[2]
                    for record in caplog.records
                    if "look at it at" in record.getMessage()
                ]
                seen.append(threading.Thread(target=go, args=(address,)))
                seen[0].start()

        run(self.config, stop=self.stop, on_status=look)
        seen[0].join(10)
        assert not errors


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read()


def test_status_metrics_and_pictures_of_every_stream_are_served(tmp_path: Path, caplog):
    cameras = {"door": "fake:160x120@20?realtime=1", "yard": "fake:160x120@20?realtime=1"}

    def visit(address: str) -> None:
        names = [stream["name"] for stream in json.loads(get(f"{address}/streams"))]
        assert names == ["door", "yard"]
        metrics = get(f"{address}/metrics").decode()
        assert 'posestream_frames_total{stream="door"}' in metrics
        for picture in ("/snapshot.jpg", "/snapshot/door.jpg", "/snapshot/yard.jpg"):
            assert get(address + picture).startswith(b"\xff\xd8")
        assert json.loads(get(f"{address}/readyz"))["ready"]

    Visitor(tmp_path, streams=cameras).run(visit, caplog)
    assert (tmp_path / "Pose_Estimation.mp4").exists()


def test_a_single_stream_is_its_own_mosaic(tmp_path: Path, caplog):
    def visit(address: str) -> None:
        assert get(f"{address}/snapshot.jpg").startswith(b"\xff\xd8")

    Visitor(tmp_path, input="fake:160x120@20?realtime=1", video=False).run(visit, caplog)
    assert [path.name for path in tmp_path.iterdir()] == ["poses.jsonl"]


def test_every_stream_and_the_mosaic_are_sent_on(tmp_path: Path):
    cameras = {"door": "fake:160x120@20?realtime=1&frames=60", "yard": "fake:160x120@20?frames=5"}
    for place in ("{stream}/live.m3u8", "all/live.m3u8"):
        output = tmp_path / place.partition("/")[0].strip("{}")
        publish = str(output / place)
        config = {"output": output, "streams": cameras, "profile": "fast", "publish": publish}
        run(load_config(None, config))
    playlists = {str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("live.m3u8")}
    assert playlists == {"stream/door", "stream/yard", "all/all"}


def test_an_address_that_nothing_can_be_sent_to_is_refused_before_any_work(tmp_path: Path):
    config = load_config(None, {"output": tmp_path, "input": "fake:", "publish": "ftp://host/x"})
    with pytest.raises(ConfigError, match="publish: 'ftp://host/x': ftp:// is not one of"):
        run(config)
