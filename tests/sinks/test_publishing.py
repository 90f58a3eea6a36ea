import http.server
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import pytest
from publishing_clips import film, frame, write_all

from posestream.errors import ConfigError, SinkError
from posestream.sinks.publish_targets import publish_target
from posestream.sinks.publishing import PublishingSink

SERVER = Path(__file__).parents[1] / "servers" / "rtsp_record_server.py"
PYTHON = "/usr/bin/python3"
NEEDED = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, "
    "GstRtspServer; Gst.init(None); assert Gst.ElementFactory.find('h264parse')"
)


def hls(folder: Path) -> PublishingSink:
    return PublishingSink(publish_target(f"{folder}/index.m3u8", stream="yard"))


def rtsp(port: int, **options: float) -> PublishingSink:
    target = publish_target(f"rtsp://me:hunter2@127.0.0.1:{port}/live", stream="yard")
    return PublishingSink(target, first_pause_s=0.1, longest_pause_s=0.4, **options)


def decoded(address: str) -> list[av.VideoFrame]:
    with av.open(address) as container:
        return list(container.decode(video=0))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class RtspServer:
    """A real server in a process of its own, which may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder, self._starts = free_port(), folder, 0
        self.start()

    def start(self) -> None:
        self._starts += 1
        self.file = self._folder / f"received{self._starts}.h264"
        self._process = subprocess.Popen(
            [PYTHON, str(SERVER), str(self.port), str(self.file)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().split() == ["ready", str(self.port)]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def received(self) -> int:
        return self.file.stat().st_size if self.file.exists() else 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RtspServer]:
    try:
        found = subprocess.run([PYTHON, "-c", NEEDED], capture_output=True, timeout=60)
    except OSError:
        pytest.skip("needs /usr/bin/python3")
    if found.returncode:
        pytest.skip("needs gst-rtsp-server, its GObject binding and h264parse")
    running = RtspServer(tmp_path)
    yield running
    running.kill()


def test_hls_holds_every_frame_and_plays(tmp_path: Path):
    sink = hls(tmp_path / "live")
    write_all(sink, 130)
    sink.close()
    frames = decoded(str(tmp_path / "live" / "index.m3u8"))
    assert len(frames) == 130
    assert sink.status.dropped == 0
    times = [picture.time for picture in frames]
    assert times == sorted(times)
    assert times[-1] - times[0] == pytest.approx(129 / 25, abs=0.001)


def test_hls_plays_over_http(tmp_path: Path):
    sink = hls(tmp_path)
    write_all(sink, 60)
    sink.close()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet.at(tmp_path)) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        frames = decoded(f"http://127.0.0.1:{web.server_address[1]}/index.m3u8")
        web.shutdown()
    assert len(frames) == 60
    assert (frames[0].width, frames[0].height) == (320, 240)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without writing of it."""

    @classmethod
    def at(cls, folder: Path):
        return partial(cls, directory=str(folder))

    def log_message(self, *_: object) -> None:
        pass


def test_old_segments_go_and_few_stay(tmp_path: Path):
    (tmp_path / "segment17.ts").write_bytes(b"of an earlier run")
    (tmp_path / "holiday.ts").write_bytes(b"somebody else's")
    sink = hls(tmp_path)
    write_all(sink, 25 * 24)
    sink.close()
    assert not (tmp_path / "segment17.ts").exists()
    assert (tmp_path / "holiday.ts").exists()
    assert 6 <= len(list(tmp_path.glob("segment*.ts"))) <= 8


def test_a_folder_with_odd_characters_plays(tmp_path: Path):
    folder = tmp_path / "100% live ü"
    sink = hls(folder)
    write_all(sink, 30)
    sink.close()
    assert len(decoded(f"{folder}/index.m3u8")) == 30


def test_a_frame_of_another_size_is_fitted_in(tmp_path: Path):
    sink = hls(tmp_path)
    write_all(sink, 3)
    write_all(sink, 3, size=(160, 200))
    sink.close()
    sizes = {(one.width, one.height) for one in decoded(str(tmp_path / "index.m3u8"))}
    assert sizes == {(320, 240)}


def test_a_frame_that_is_handed_over_stays_as_it_is(tmp_path: Path):
    sink, given = hls(tmp_path), frame(3, pts=1234)
    before = given.image.frame.pts, given.image.frame.pict_type
    sink.write(given)
    sink.close()
    assert (given.image.frame.pts, given.image.frame.pict_type) == before


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SinkError, match="cannot be written"):
        hls(tmp_path / "file" / "live")


def test_numbers_that_cannot_be_are_refused(tmp_path: Path):
    target = publish_target(f"{tmp_path}/index.m3u8", stream="yard")
    with pytest.raises(ConfigError, match="crf 99"):
        PublishingSink(target, crf=99)


def test_a_closed_sink_takes_no_frames_and_closes_again(tmp_path: Path):
    sink = hls(tmp_path)
    sink.close()
    sink.close()
    with pytest.raises(SinkError, match="is closed"):
        sink.write(frame(0))


def test_rtsp_arrives_at_a_real_server(server: RtspServer):
    sink = rtsp(server.port)
    film(sink, lambda: server.received() > 30_000)
    sink.close()
    assert sink.status.error is None
    frames = decoded(str(server.file))
    assert len(frames) > 25
    assert (frames[0].width, frames[0].height) == (320, 240)


def test_a_server_that_dies_and_comes_back_is_published_to_again(
    server: RtspServer, caplog: pytest.LogCaptureFixture
):
    sink = rtsp(server.port)
    film(sink, lambda: server.received() > 10_000)
    server.kill()
    film(sink, lambda: not sink.status.connected)
    film(sink, lambda: sink.status.dropped > 10)
    assert sink.status.error
    server.start()
    film(sink, lambda: sink.status.connected and server.received() > 10_000)
    assert sink.status.reconnects == 1
    assert sink.status.error is None
    sink.close()
    assert len(caplog.records) == 1
    assert "hunter2" not in caplog.text


def test_a_server_that_is_not_there_costs_the_stream_nothing():
    sink = rtsp(free_port())
    begun_s = time.monotonic()
    for number in range(100):
        sink.write(frame(number % 2))
    sink.close()
    assert time.monotonic() - begun_s < 10
    assert sink.status.frames == 0
    assert sink.status.dropped == 100
    assert not sink.status.connected


@pytest.mark.parametrize("answers", [False, True])
def test_a_server_that_hangs_stops_neither_other_threads_nor_the_end(answers: bool):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        if not answers:  # a full backlog: not even the connection comes about
            silent.listen(0)
        sink = rtsp(silent.getsockname()[1])
        longest_s, last_s = 0.0, time.monotonic()
        for number in range(60):
            sink.write(frame(number % 2))
            time.sleep(0.02)
            longest_s, last_s = max(longest_s, time.monotonic() - last_s), time.monotonic()
        sink.close()
        assert time.monotonic() - last_s < 2.5
    assert longest_s < 1.5  # FFmpeg's patience is 3 s
    assert not sink.status.connected
    assert "posestream-publish" not in {thread.name for thread in threading.enumerate()}


def test_a_target_that_refuses_is_told_once_and_without_secrets(caplog: pytest.LogCaptureFixture):
    sink = rtsp(free_port())
    film(sink, lambda: sink.status.error is not None)
    film(sink, lambda: sink.status.dropped > 60)
    sink.close()
    assert "refused" in (sink.status.error or "")
    assert len(caplog.records) == 1
    assert "hunter2" not in caplog.text
