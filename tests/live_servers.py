"""Real servers on loopback for tests: RTSP by GStreamer, HTTP, bare sockets, MPEG-TS over UDP.

Each is a context manager, so that nothing outlives its test.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from av.container import OutputContainer

import clips
from posestream.errors import SourceError
from posestream.sources import Source
from posestream.types import Frame

SYSTEM_PYTHON = "/usr/bin/python3"
RTSP_SCRIPT = Path(__file__).with_name("servers") / "rtsp_server.py"
Handler = Callable[[BaseHTTPRequestHandler], None]


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port of loopback that nobody listens on right now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@functools.cache
def has_rtsp_server() -> bool:
    """Whether the system's Python has gst-rtsp-server and an H.264 encoder."""
    code = (
        "import gi; gi.require_version('GstRtspServer', '1.0');"
        "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
        "raise SystemExit(not Gst.ElementFactory.find('x264enc'))"
    )
    try:
        done = subprocess.run([SYSTEM_PYTHON, "-c", code], capture_output=True, timeout=60)
    except OSError:
        return False
    return done.returncode == 0


class RtspServer:
    """A server process that can be killed and started again on its port.

    Args:
        port: Where it listens; free ones are found by `free_port`.
        options: As for ``tests/servers/rtsp_server.py``: ``codec="h265"``, ``resize_after=2``.
        prefix: Words before the command, such as ``("ip", "netns", "exec", "camera")``.
    """

    def __init__(
        self, *, port: int, prefix: Sequence[str] = (), **options: str | float | bool
    ) -> None:
        self.port = port
        self.host = str(options.get("host", "127.0.0.1"))
        self.path = str(options.get("path", "/live"))
        self._command = [*prefix, SYSTEM_PYTHON, str(RTSP_SCRIPT), f"--port={port}"]
        for key, value in options.items():
            flag = f"--{key.replace('_', '-')}"
            self._command.append(flag if value is True else f"{flag}={value}")
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """The stream's address, without credentials."""
        return f"rtsp://{self.host}:{self.port}{self.path}"

    @property
    def pid(self) -> int:
        """The process, for signals."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it listens."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "the RTSP server did not start"

    def kill(self) -> None:
        """End the server as ``kill -9`` does; may be called twice."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def restart(self) -> None:
        """Start the server again on the same port."""
        self.kill()
        self.start()


@contextlib.contextmanager
def rtsp_server(
    *, port: int | None = None, prefix: Sequence[str] = (), **options: str | float | bool
) -> Iterator[RtspServer]:
    """Run a real RTSP server; skips the test where there is none."""
    if not has_rtsp_server():
        pytest.skip("needs gst-rtsp-server and x264enc for the system's Python")
    server = RtspServer(port=port or free_port(), prefix=prefix, **options)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def http_server(
    folder: Path | None = None,
    routes: Mapping[str, Handler] | None = None,
    *,
    certificate: tuple[Path, Path] | None = None,
    says_close: bool = True,
    ranges: bool = True,
) -> Iterator[str]:
    """Serve the files of a folder, with ranges, and special paths; yield ``http://host:port``.

    With a certificate and its key it is ``https://``. A client that asks for it gets its connection
    closed after the answer; ``says_close=False`` does not announce that, as a server should.
    """

    class Files(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            try:
                if routes and path in routes:
                    routes[path](self)
                else:
                    _send_file(self, folder / path.lstrip("/") if folder else None, ranges)
            except ConnectionError:
                self.close_connection = True

        def end_headers(self) -> None:
            if self.close_connection and says_close:
                self.send_header("Connection", "close")
            super().end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # clients that do not trust us hang up
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _send_file(handler: BaseHTTPRequestHandler, path: Path | None, ranges: bool) -> None:
    if path is None or not path.is_file():
        return answer(404)(handler)
    data = path.read_bytes()
    first, last, status = 0, len(data) - 1, 200
    if ranges and (wanted := handler.headers.get("Range")):
        begin, _, end = wanted.removeprefix("bytes=").partition("-")
        first, last, status = int(begin), min(int(end or last), last), 206
    handler.send_response(status)
    handler.send_header("Accept-Ranges", "bytes" if ranges else "none")
    handler.send_header("Content-Length", str(last + 1 - first))
    if status == 206:
        handler.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
    handler.end_headers()
    handler.wfile.write(data[first : last + 1])
    return None


def read_to_the_end(source: Source) -> tuple[list[Frame], SourceError | None]:
    """Read every frame, and the error after them, if any."""
    frames: list[Frame] = []
    try:
        for frame in source.frames():
            frames.append(frame)  # noqa: PERF402
    except SourceError as error:
        return frames, error
    finally:
        source.close()
    return frames, None


def answer(status: int, body: bytes = b"", **headers: str) -> Handler:
    """Return a handler that always answers the same; ``Content_Type="..."`` is a header."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return handle


def endless_jpegs(picture: bytes, *, rate: float = 20, count: int = 1000) -> Handler:
    """Return a handler that sends a multipart stream of one JPEG, as cheap cameras do."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        for _ in range(count):
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            handler.wfile.write(head.encode() + picture + b"\r\n")
            time.sleep(1 / rate)

    return handle


@contextlib.contextmanager
def socket_server(behaviour: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept connections and hand each to a function on its own thread; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_sockets.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            behaviour(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_sockets:
            connection.close()
        thread.join()


def silent(connection: socket.socket) -> None:
    """Read what the client says and never answer."""
    while connection.recv(4096):
        pass


def part_of(data: bytes, *, total: int, then: Callable[[socket.socket], None]) -> Callable:
    """Return a behaviour that sends the head of an HTTP answer and some of its body."""

    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n"
        connection.sendall(head.encode() + data)
        then(connection)

    return behave


def cut(connection: socket.socket) -> None:
    """Close the connection at once."""
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextlib.contextmanager
def running(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run a function on a thread of its own until the block is left; it gets the stop event."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def datagrams(
    port: int,
    *parts: Path | bytes,
    rate: float = 25,
    keep: Callable[[int], bool] = lambda number: True,
) -> AbstractContextManager[None]:
    """Send MPEG-TS files to a UDP port at ``rate`` pictures a second, one after the other.

    The files are sent byte for byte, so a second file may have other streams than the first.
    The datagrams whose number ``keep`` refuses are lost.
    """

    def send(stop: threading.Event) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for part in parts:
                data = part if isinstance(part, bytes) else part.read_bytes()
                pictures = 50 if isinstance(part, bytes) else _pictures_in(part)
                pause = 1316 / len(data) * pictures / rate
                for number, start in enumerate(range(0, len(data), 1316)):
                    if stop.wait(pause):
                        return
                    if keep(number):
                        sender.sendto(data[start : start + 1316], ("127.0.0.1", port))

    return running(send)


def _pictures_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.demux(video=0)) - 1


def rtp_video(port: int) -> AbstractContextManager[None]:
    """Send H.264 as RTP with payload number 96 to a UDP port."""

    def send(stop: threading.Event) -> None:
        options = {"tune": "zerolatency", "x264-params": "repeat-headers=1"}
        with av.open(f"rtp://127.0.0.1:{port}", "w", format="rtp") as container:
            _encode(container, stop, options, gop=10, ahead=0)

    return running(send)


@contextlib.contextmanager
def live_hls(folder: Path, *, segment_s: float = 0.5) -> Iterator[Path]:
    """Keep writing a live HLS playlist of short segments, as a camera's gateway does."""
    playlist = folder / "live.m3u8"
    options = {"hls_time": str(segment_s), "hls_list_size": "4"}
    options |= {"hls_flags": "delete_segments+omit_endlist"}

    def write(stop: threading.Event) -> None:
        with av.open(str(playlist), "w", format="hls", options=options) as container:
            gop = max(1, int(25 * segment_s))
            _encode(container, stop, {"tune": "zerolatency"}, gop=gop, ahead=50)

    with running(write):
        deadline = time.monotonic() + 20
        while not playlist.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        yield playlist


def _encode(
    container: OutputContainer,
    stop: threading.Event,
    options: dict[str, str],
    *,
    gop: int,
    ahead: int,
) -> None:
    """Encode numbered pictures, 25 a second after the first ``ahead``, until stopped."""
    video = container.add_stream("libx264", rate=25, options=options)
    video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
    video.codec_context.gop_size = gop
    number = 0
    while not stop.wait(0.04 if number > ahead else 0):
        picture = av.VideoFrame.from_ndarray(clips.picture(number % 256), format="rgb24")
        container.mux(video.encode(picture))
        number += 1
