"""Live pictures as MJPEG: one JPEG after the other in an answer that never ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from posestream.serving.guard import Message, Receive, Send
from posestream.serving.jpegs import Jpeg

_BOUNDARY = b"posestream-picture"
_REPEAT_S = 5.0
_STALLED_S = 10.0

NextJpeg = Callable[[], Awaitable[Jpeg | None]]
"""Gives the latest picture of a stream, encoded."""


class Viewers:
    """Counts who is watching, up to a limit; for use on one event loop.

    Args:
        limit: How many may watch at a time.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.watching = 0

    @property
    def full(self) -> bool:
        """Whether nobody else may watch."""
        return self.watching >= self.limit

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count a viewer while the block runs."""
        self.watching += 1
        try:
            yield
        finally:
            self.watching -= 1


class MjpegAnswer:
    """Sends pictures to one viewer until it leaves, stops reading, or the server closes.

    There is no queue: a picture is asked for when the one before has left, so a slow viewer gets
    fewer. All viewers look at multiples of the same interval, so that one encoded picture serves
    them all. A picture that does not change is repeated now and then, to notice who left.

    Args:
        jpeg: Gives the latest picture.
        fps: Pictures per second, at most.
        viewers: Where the viewer is counted.
        closing: Set when the server closes.
        stalled_s: How long a viewer may take for one picture, seconds.
    """

    def __init__(
        self,
        jpeg: NextJpeg,
        *,
        fps: float,
        viewers: Viewers,
        closing: asyncio.Event,
        stalled_s: float = _STALLED_S,
    ) -> None:
        self._jpeg = jpeg
        self._interval_s = 1 / fps
        self._viewers = viewers
        self._closing = closing
        self._stalled_s = stalled_s

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        media_type = b"multipart/x-mixed-replace; boundary=" + _BOUNDARY
        headers = [(b"content-type", media_type), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] != "HEAD":
            with self._viewers.one_more():
                await self._stream(receive, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stream(self, receive: Receive, send: Send) -> None:
        left = asyncio.ensure_future(_wait_until_left(receive))
        ended = {left, asyncio.ensure_future(self._closing.wait())}
        try:
            await _send_part(send, b"--" + _BOUNDARY + b"\r\n", self._stalled_s)
            number, sent_s = 0, time.monotonic()
            while not await self._next_moment(ended):
                jpeg = await self._jpeg()
                now_s = time.monotonic()
                if jpeg and (jpeg.number != number or now_s - sent_s > _REPEAT_S):
                    await _send_part(send, _part(jpeg), self._stalled_s)
                    number, sent_s = jpeg.number, now_s
        except (TimeoutError, asyncio.TimeoutError, OSError):
            return  # the viewer does not read, or is gone
        finally:
            for waiting in ended:
                waiting.cancel()

    async def _next_moment(self, ended: set[asyncio.Future[None]] | set) -> bool:
        """Sleep until the next moment all viewers share; return whether it is time to end."""
        pause_s = self._interval_s - time.monotonic() % self._interval_s
        done, _ = await asyncio.wait(ended, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)


def _part(jpeg: Jpeg) -> bytes:
    """Return a picture with the boundary behind it, without which browsers show it one late."""
    head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg.data)
    return head + jpeg.data + b"\r\n--" + _BOUNDARY + b"\r\n"


async def _send_part(send: Send, body: bytes, timeout_s: float) -> None:
    message = {"type": "http.response.body", "body": body, "more_body": True}
    await asyncio.wait_for(send(message), timeout_s)


async def _wait_until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
