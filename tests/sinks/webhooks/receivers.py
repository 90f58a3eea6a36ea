"""A real HTTP server on loopback that takes webhooks, and misbehaves as told."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Request:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float

    @property
    def event(self) -> dict:
        return json.loads(self.body)


def answer(status: int, **headers: str) -> Behaviour:
    """Answer with a status; ``Retry_After="1"`` is a header."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")

    return behave


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer, as a server does that is killed midway."""
    handler.close_connection = True


class Receiver:
    """Takes requests; the n-th is answered by the n-th behaviour, all others by the last."""

    def __init__(
        self, *behaviours: Behaviour, port: int = 0, certificate: tuple[Path, Path] | None = None
    ) -> None:
        self.requests: list[Request] = []
        self.over = threading.Event()
        behaviours = behaviours or (answer(200),)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                number = len(receiver.requests)
                receiver.requests.append(Request(self.path, headers, body, time.monotonic()))
                with contextlib.suppress(OSError):
                    behaviours[min(number, len(behaviours) - 1)](self)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing of clients that leave."""

        self._server = Server(("127.0.0.1", port), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        scheme = "https" if certificate else "http"
        self.address = f"{scheme}://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Say nothing until the test is over."""
        self.over.wait(30)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Send an endless header, a byte at a time, faster than any timeout between bytes."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not self.over.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    @property
    def kinds(self) -> list[str]:
        return [request.event["event"] for request in self.requests]

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def receiving(*behaviours: Behaviour | str, **options: object) -> Iterator[Receiver]:
    """Run a receiver; ``"hang"`` and ``"drip"`` are its own behaviours."""
    chosen: list[Behaviour] = []
    for behaviour in behaviours:
        if isinstance(behaviour, str):
            chosen.append(lambda handler, name=behaviour: getattr(receiver, name)(handler))
        else:
            chosen.append(behaviour)
    receiver = Receiver(*chosen, **options)
    try:
        yield receiver
    finally:
        receiver.close()


def until(condition: Callable[[], bool], *, within_s: float = 20.0) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def kinds_in(path: Path) -> Sequence[str]:
    """Return the kinds of events that a file of unsent ones keeps."""
    if not path.exists():
        return []
    return [json.loads(line)["event"]["event"] for line in path.read_text().splitlines()]
