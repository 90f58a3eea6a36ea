"""What the status server answers at each of its paths."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from posestream.credentials import redacted
from posestream.runtime.status import StreamStatus
from posestream.serving.answers import cleaned, described, readiness
from posestream.serving.jpegs import WIDTHS, JpegPictures
from posestream.serving.metrics import StatusCollector, exposition
from posestream.serving.mjpeg import MjpegAnswer, Viewers
from posestream.serving.page import ASSETS, asset, render_page
from posestream.serving.pictures import MOSAIC, LatestPictures

_SHOWN_NAME = 80


class StatusPages:
    """Answers requests for status, metrics and pictures.

    Plain methods are run beside the event loop, since the callbacks may wait for locks.

    Args:
        streams: Returns every stream's status.
        pictures: The latest pictures; ``None`` if none are shown.
        collector: The metrics.
        estimator: What estimates the poses, in words.
        fps: Live pictures per second, at most.
        viewers: Where viewers of live pictures are counted.
        closing: Set when the server closes.
    """

    def __init__(
        self,
        *,
        streams: Callable[[], Sequence[StreamStatus]],
        pictures: LatestPictures | None,
        collector: StatusCollector,
        estimator: str,
        fps: float,
        viewers: Viewers,
        closing: asyncio.Event,
    ) -> None:
        self._streams = streams
        self._pictures = pictures
        self._jpegs = JpegPictures(pictures) if pictures is not None else None
        self._collector = collector
        self._estimator = estimator
        self._fps = fps
        self._viewers = viewers
        self._closing = closing

    def routes(self) -> list[Route]:
        """Return every path and what answers there."""
        return [
            Route("/", self.page),
            *(Route(f"/{name}", partial(_asset, name=name)) for name in ASSETS),
            Route("/streams", self.streams),
            Route("/streams/{name:path}", self.stream),
            Route("/metrics", self.metrics),
            Route("/healthz", _alive),
            Route("/readyz", self.ready),
            Route("/snapshot.jpg", self.snapshot),
            Route("/snapshot/{name:path}.jpg", self.snapshot),
            Route("/mjpeg", self.mjpeg),
            Route("/mjpeg/{name:path}", self.mjpeg),
        ]

    def page(self, _: Request) -> Response:
        """Return the page for people."""
        pictures = self._pictures
        page = render_page(
            self._streams(),
            estimator=self._estimator,
            mosaic=pictures is not None and pictures.latest(MOSAIC) is not None,
            pictures=pictures is not None,
        )
        return HTMLResponse(page)

    def streams(self, _: Request) -> Response:
        """Return every stream's status."""
        return JSONResponse(described(self._streams()))

    def stream(self, request: Request) -> Response:
        """Return one stream's status."""
        name = request.path_params["name"]
        for status in self._streams():
            if status.name == name:
                return JSONResponse(cleaned(status.to_dict()))
        raise _unknown(name)

    def metrics(self, request: Request) -> Response:
        """Return the metrics for Prometheus."""
        text, media_type = exposition(self._collector, request.headers.get("accept", ""))
        return Response(text, headers={"content-type": media_type})

    def ready(self, _: Request) -> Response:
        """Tell whether every stream gives frames."""
        ready, answer = readiness(self._streams())
        return JSONResponse(answer, 200 if ready else 503)

    def snapshot(self, request: Request) -> Response:
        """Return the latest picture of a stream, or of all of them."""
        jpegs, name = self._asked_for(request)
        jpeg = jpegs.current(name, width=_width(request))
        if jpeg is None:
            raise HTTPException(503, "no picture yet", {"retry-after": "1"})
        return Response(jpeg.data, media_type="image/jpeg")

    async def mjpeg(self, request: Request) -> MjpegAnswer:
        """Return pictures as they come."""
        jpegs, name = await run_in_threadpool(self._asked_for, request)
        if self._viewers.full:
            limit = self._viewers.limit
            raise HTTPException(503, f"{limit} viewers already", {"retry-after": "10"})
        ask = partial(jpegs.latest, name, width=_width(request))
        return MjpegAnswer(
            partial(run_in_threadpool, ask),
            fps=self._fps,
            viewers=self._viewers,
            closing=self._closing,
        )

    def _asked_for(self, request: Request) -> tuple[JpegPictures, str]:
        """Return where the pictures are and which one is meant.

        Without a name it is the mosaic, or the only stream where there is no mosaic.
        """
        if self._jpegs is None or self._pictures is None:
            raise HTTPException(404, "pictures are not served")
        names = [status.name for status in self._streams()]
        name = request.path_params.get("name")
        if name is None:
            alone = len(names) == 1 and self._pictures.latest(MOSAIC) is None
            return self._jpegs, names[0] if alone else MOSAIC
        if name not in names:
            raise _unknown(name)
        return self._jpegs, name


def build_application(pages: StatusPages) -> Starlette:
    """Return the application; every error of it is a short JSON answer."""
    handlers = {HTTPException: _refused, Exception: _failed}
    application = Starlette(routes=pages.routes(), exception_handlers=handlers)
    application.router.redirect_slashes = False
    return application


def _asset(_: Request, *, name: str) -> Response:
    return Response(asset(name), media_type=ASSETS[name])


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = {"error": redacted(error.detail)}
    return JSONResponse(answer, error.status_code, headers=error.headers)


async def _failed(_: Request, error: Exception) -> Response:
    """Answer for a bug; the server logs the error, the answer does not tell it."""
    return JSONResponse({"error": "internal error"}, 500)


def _unknown(name: str) -> HTTPException:
    return HTTPException(404, f"no stream is called {name[:_SHOWN_NAME]!r}")


def _width(request: Request) -> int | None:
    """Return the width that was asked for, pixels; ``None`` for the picture's own."""
    text = request.query_params.get("width")
    if text is None:
        return None
    for width in WIDTHS:
        if text == str(width):
            return width
    raise HTTPException(400, f"width must be one of {', '.join(map(str, WIDTHS))}")
