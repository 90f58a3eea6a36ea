"""Serve status, metrics and live pictures of running streams over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posestream.errors import ConfigError, MissingDependencyError, ServeError
from posestream.runtime.status import StreamStatus
from posestream.serving.connections import Connections, cut_all
from posestream.serving.gpus import GpuMeter
from posestream.serving.guard import Guard
from posestream.serving.listening import check_certificate, open_listener
from posestream.serving.machine import ProcessUse, process_use
from posestream.serving.pictures import LatestPictures

if TYPE_CHECKING:
    from posestream.serving.application import StatusPages
    from posestream.serving.metrics import StageCost

DEFAULT_FPS = 10.0
"""Live pictures per second, at most."""
DEFAULT_VIEWERS = 16
"""How many may watch live pictures at a time."""

_CONNECTIONS_BESIDE_VIEWERS = 64
_START_S = 10.0
_LEAVE_S = 0.3
_CLOSE_S = 1.0


class StatusServer:
    """An HTTP server in a thread of its own; signals and logging stay as they are.

    Args:
        port: Port to listen at; 0 for any that is free.
        streams: Returns every stream's status; asked at each request.
        pictures: The latest pictures; ``None`` if none are shown.
        estimator: What estimates the poses, in words.
        host: Address to listen at.
        token: What must be shown to see anything but ``/healthz``.
        certificate: PEM file; with it and the key, HTTPS is spoken.
        key: PEM file with the certificate's key.
        stages: Returns the cost of each stage.
        machine: Returns what the process takes.
        fps: Live pictures per second, at most.
        max_viewers: How many may watch live pictures at a time.

    Raises:
        MissingDependencyError: If the packages of the extra ``serve`` are not installed.
        ConfigError: If the token is empty, or a number is not positive.
        ServeError: If the certificate or its key are no good.
    """

    def __init__(
        self,
        *,
        port: int,
        streams: Callable[[], Sequence[StreamStatus]],
        pictures: LatestPictures | None,
        estimator: str,
        host: str = "127.0.0.1",
        token: str | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        stages: Callable[[], Mapping[str, StageCost]] | None = None,
        machine: Callable[[], ProcessUse] = process_use,
        fps: float = DEFAULT_FPS,
        max_viewers: int = DEFAULT_VIEWERS,
    ) -> None:
        _check(token=token, fps=fps, max_viewers=max_viewers)
        check_certificate(certificate, key)
        self._host, self._port, self._token = host, port, token
        self._certificate, self._key = certificate, key
        self._fps, self._max_viewers = fps, max_viewers
        self._streams, self._pictures, self._estimator = streams, pictures, estimator
        self._stages, self._machine = stages, machine
        self._uvicorn = _uvicorn()
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._address: str | None = None

    @property
    def address(self) -> str:
        """Where it is served, for example ``http://127.0.0.1:8080``.

        Raises:
            ServeError: If it was not started.
        """
        if self._address is None:
            raise ServeError("serve: not started yet")
        return self._address

    def start(self) -> None:
        """Listen and answer until `close`.

        Raises:
            ServeError: If the address cannot be listened at.
        """
        listener = open_listener(self._host, self._port)
        scheme = "https" if self._certificate else "http"
        bound_host, bound_port = listener.getsockname()[:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        self._address = f"{scheme}://{shown}:{bound_port}"
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener)),
            name="posestream-serve",
            daemon=True,
        )
        self._thread.start()
        if not self._started.wait(_START_S) or not self._server.started:
            raise ServeError(f"serve: {self._address}: the server did not start")

    def close(self) -> None:
        """Stop answering, within a second, also those who are watching; may be called twice."""
        thread, self._thread = self._thread, None
        if thread is None or not thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._end)
        thread.join(_CLOSE_S)

    async def _serve(self, listener: Any) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        self._server = self._uvicorn.Server(self._settings())
        serving = asyncio.ensure_future(self._server.serve(sockets=[listener]))
        while not (self._server.started or serving.done()):
            await asyncio.sleep(0.01)
        self._started.set()
        await serving

    def _end(self) -> None:
        """Let answers come to their end, and soon cut off those that do not."""
        self._closing.set()
        self._server.should_exit = True
        self._loop.call_later(_LEAVE_S, cut_all, self._server.server_state.connections)

    def _settings(self) -> Any:
        from posestream.serving.application import build_application

        connections = Connections()

        async def cut_silent() -> None:
            connections.cut_silent(self._server.server_state.connections)

        application = build_application(self._pages())
        return self._uvicorn.Config(
            Guard(application, host=self._host, token=self._token),
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=self._max_viewers + _CONNECTIONS_BESIDE_VIEWERS,
            timeout_graceful_shutdown=1,
            callback_notify=cut_silent,
            timeout_notify=1,
            ssl_certfile=self._certificate,
            ssl_keyfile=self._key,
        )

    def _pages(self) -> StatusPages:
        from posestream.serving.application import StatusPages
        from posestream.serving.metrics import StatusCollector
        from posestream.serving.mjpeg import Viewers

        collector = StatusCollector(
            streams=self._streams,
            stages=self._stages,
            estimator=self._estimator,
            machine=self._machine,
            gpus=GpuMeter().read,
        )
        return StatusPages(
            streams=self._streams,
            pictures=self._pictures,
            collector=collector,
            estimator=self._estimator,
            fps=self._fps,
            viewers=Viewers(self._max_viewers),
            closing=self._closing,
        )


def _check(*, token: str | None, fps: float, max_viewers: int) -> None:
    if token is not None and not token.strip():
        raise ConfigError("serve_token: is empty; give a token, or none at all")
    if fps <= 0:
        raise ConfigError(f"fps: {fps} live pictures per second; it must be above 0")
    if max_viewers < 1:
        raise ConfigError(f"max_viewers: {max_viewers}; it must be at least 1")


def _uvicorn() -> Any:
    """Load what answering needs."""
    try:
        import prometheus_client  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise MissingDependencyError(
            f"serve: {error.name} is not installed: pip install 'posestream[serve]'"
        ) from None
    return uvicorn
