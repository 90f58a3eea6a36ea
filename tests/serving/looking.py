"""A status server with made-up streams, and clients to look at it with."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from posestream.images import HostImage
from posestream.runtime.status import Histogram, StreamState, StreamStatus
from posestream.serving.pictures import LatestPictures
from posestream.serving.server import StatusServer

BUSY = StreamStatus(
    "yard",
    "rtsp://camera/yard",
    StreamState.RUNNING,
    live=True,
    size=(640, 360),
    frames=1200,
    inferred=1100,
    people=2,
    people_total=2300,
    dropped=7,
    corrupt=3,
    reconnects=1,
    queue_depth=4,
    fps=24.9,
    latency=Histogram((0, 0, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), 31.5),
    last_frame_age_s=0.02,
)
GONE = StreamStatus(
    "gate",
    "rtsp://camera/gate",
    StreamState.RETRYING,
    live=True,
    retry_in_s=2.0,
    error="connection refused",
)


def picture(brightness: int = 90, size: tuple[int, int] = (128, 72)) -> HostImage:
    return HostImage.from_rgb(np.full((size[1], size[0], 3), brightness, np.uint8))


@dataclass
class Scene:
    """What a server shows; change it while it runs."""

    statuses: list[StreamStatus] = field(default_factory=lambda: [BUSY, GONE])
    pictures: LatestPictures = field(default_factory=LatestPictures)

    def rename(self, name: str) -> None:
        self.statuses = [replace(BUSY, name=name)]

    def server(self, **options: object) -> StatusServer:
        settings = {"port": 0, "estimator": "movenet-paf, OpenVINO, CPU", "pictures": self.pictures}
        return StatusServer(streams=lambda: self.statuses, **{**settings, **options})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    server: StatusServer,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    place = urllib.parse.urlsplit(server.address)
    assert place.hostname is not None
    if tls is not None:
        connection = http.client.HTTPSConnection(
            place.hostname, place.port, timeout=10, context=tls
        )
    else:
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    connection.request(method, path, headers=dict(headers or {}))
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)


class Watcher:
    """Somebody who opened a live picture over a plain socket."""

    def __init__(self, server: StatusServer, path: str) -> None:
        place = urllib.parse.urlsplit(server.address)
        self._socket = socket.create_connection((place.hostname, place.port), timeout=10)
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self._socket.sendall(request.encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = self._headers()

    def part(self) -> bytes:
        """Read the next picture, through the chunks it comes in."""
        while b"Content-Length" not in self._buffer or b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(head.rpartition(b"Content-Length: ")[2].split(b"\r\n")[0])
        self._buffer = rest
        while len(self._buffer) < length:
            self._more()
        jpeg, self._buffer = self._buffer[:length], self._buffer[length:]
        return jpeg

    def ended(self) -> bool:
        """Read to the end; True if the other side closed."""
        try:
            while self._file.read(65536):
                pass
        except ConnectionResetError:
            return True
        return True

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _headers(self) -> dict[str, str]:
        self._buffer = b""
        lines = iter(lambda: self._file.readline().strip(), b"")
        return {
            k.lower().decode(): v.strip().decode() for k, _, v in (x.partition(b":") for x in lines)
        }

    def _more(self) -> None:
        size = int(self._file.readline(), 16)
        assert size, "the stream of pictures ended"
        self._buffer += self._file.read(size)
        self._file.readline()
