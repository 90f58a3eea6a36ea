"""Publish annotated frames live, for players and other servers to pick up."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from dataclasses import dataclass
from fractions import Fraction

from av.error import FFmpegError

from posestream.credentials import redacted
from posestream.errors import ConfigError, SinkError
from posestream.images import HostImage
from posestream.sinks.fitting import Fitting
from posestream.sinks.forwarding import PIPE_FORMAT, Forwarder
from posestream.sinks.publication import Publication
from posestream.sinks.publish_targets import PublishTarget
from posestream.types import Frame

_log = logging.getLogger(__name__)

_ASSUMED_RATE = Fraction(25)
_CLOSE_S = 1.2
_GOODBYE_S = 0.7
_OLD_SEGMENT = re.compile(r"segment\d+\.ts(\.tmp)?")


@dataclass(frozen=True, slots=True)
class PublishStatus:
    """How publishing to one target goes."""

    target: str
    """Where to, free of credentials."""
    connected: bool
    """Whether frames arrive there."""
    frames: int
    """Frames sent."""
    dropped: int
    """Frames left out, because the encoder was busy or the target away."""
    reconnects: int
    """Times the target was reached again after it was lost."""
    error: str | None
    """The latest failure; ``None`` while connected."""


class PublishingSink:
    """Sends frames to one target and never waits for it.

    A thread of its own encodes; a process of its own talks to a server. Of the frames that come
    meanwhile only the latest waits. A target that is away is tried again after pauses that double.

    Args:
        target: Where to; see `publish_targets.publish_target`.
        frame_rate: Nominal frames per second; 25 where unknown. Times come from the frames.
        crf: Quality, 0 (lossless) to 51 (worst).
        max_kbps: What the network carries, kilobits per second.
        first_pause_s: Pause before the first new attempt, seconds.
        longest_pause_s: Longest pause between attempts, seconds.

    Raises:
        SinkError: If the folder of an HLS playlist cannot be written to.
        ConfigError: If a number is not allowed.
    """

    def __init__(
        self,
        target: PublishTarget,
        *,
        frame_rate: Fraction | None = None,
        crf: int = 26,
        max_kbps: int = 6000,
        first_pause_s: float = 0.5,
        longest_pause_s: float = 30.0,
    ) -> None:
        if not 0 <= crf <= 51 or max_kbps < 1:
            raise ConfigError(f"publish: crf {crf} (0 to 51), max_kbps {max_kbps} (1 or more)")
        self._target = target
        self._rate = frame_rate or _ASSUMED_RATE
        self._crf, self._max_kbps = crf, max_kbps
        self._pauses_s = (first_pause_s, longest_pause_s)
        self._pause_s, self._retry_at_s = first_pause_s, 0.0
        self._changed = threading.Condition()
        self._waiting: Frame | None = None
        self._closed = False
        self._publication: Publication | None = None
        self._forwarder: Forwarder | None = None
        self._frames = self._dropped = self._reconnects = self._unconfirmed = 0
        self._lost = False
        self._error: str | None = None
        _prepare(target)
        self._thread = threading.Thread(target=self._run, name="posestream-publish", daemon=True)
        self._thread.start()

    @property
    def status(self) -> PublishStatus:
        """How it goes now."""
        return PublishStatus(
            self._target.shown,
            self._connected,
            self._frames,
            self._dropped,
            self._reconnects,
            self._error,
        )

    @property
    def _connected(self) -> bool:
        forwarder = self._forwarder
        return self._publication is not None and (forwarder is None or forwarder.connected)

    def write(self, frame: Frame) -> None:
        """Hand a frame over without waiting; its pixels must not be drawn on afterwards.

        Raises:
            SinkError: If the sink is closed.
        """
        if self._closed:
            raise SinkError(f"publish: {self._target.shown}: is closed")
        with self._changed:
            self._dropped += self._waiting is not None
            self._waiting = frame
            self._changed.notify()

    def close(self) -> None:
        """Send what waits and say goodbye, or leave a target that does not answer; within 2 s."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(_CLOSE_S)
        if self._thread.is_alive() and (forwarder := self._forwarder) is not None:
            _log.warning("publish: %s: does not answer; left without goodbye", self._target.shown)
            forwarder.kill()
            self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while (frame := self._next()) is not None:
            if time.monotonic() < self._retry_at_s:
                self._drop()
                continue
            try:
                self._publish(frame)
            except (FFmpegError, OSError) as error:
                self._drop()
                self._give_up(error)
        self._disconnect()

    def _next(self) -> Frame | None:
        """Wait for a frame; return ``None`` in the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting is not None)
            frame, self._waiting = self._waiting, None
            return frame

    def _drop(self, count: int = 1) -> None:
        with self._changed:
            self._dropped += count

    def _publish(self, frame: Frame) -> None:
        publication = self._publication or self._connect(frame)
        picture = self._fitting.fit(frame.image)
        if isinstance(frame.image, HostImage) and picture is frame.image.frame:
            picture = frame.image.yuv420p_copy().frame  # other sinks stamp it with their times
        publication.write(picture, frame.pts * frame.time_base)
        self._unconfirmed += 1
        if self._connected:
            self._arrived()

    def _connect(self, frame: Frame) -> Publication:
        target = self._target
        self._fitting = Fitting(frame.image.size)
        if target.folder is None:
            self._forwarder = Forwarder(target)
        self._publication = Publication(
            target.address if self._forwarder is None else self._forwarder.pipe,
            form=target.format if self._forwarder is None else PIPE_FORMAT,
            form_options=target.options if self._forwarder is None else {},
            first=self._fitting.fit(frame.image),
            rate=self._rate,
            crf=self._crf,
            max_kbps=self._max_kbps,
        )
        return self._publication

    def _arrived(self) -> None:
        """Note that the target takes frames; tell so if it was away."""
        self._frames, self._unconfirmed = self._frames + self._unconfirmed, 0
        self._error = None
        self._pause_s = self._pauses_s[0]
        if self._lost:
            self._lost = False
            self._reconnects += 1
            _log.info("publish: %s: is back", self._target.shown)

    def _give_up(self, error: FFmpegError | OSError) -> None:
        """Note that the target is away, and when to try again; tell so once."""
        reason = self._disconnect() or error.strerror or str(error)
        self._error = redacted(reason)
        self._retry_at_s = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._pauses_s[1])
        if not self._lost:
            self._lost = True
            _log.warning("publish: %s: %s; trying again", self._target.shown, self._error)

    def _disconnect(self) -> str | None:
        """Let go of the target; return what the process that talked to it said last."""
        publication, self._publication = self._publication, None
        self._drop(self._unconfirmed)
        self._unconfirmed = 0
        if publication is not None:
            with contextlib.suppress(FFmpegError, OSError):
                publication.close()
        forwarder = self._forwarder
        if forwarder is None:
            return None
        with contextlib.suppress(OSError):
            forwarder.end(_GOODBYE_S)
        self._forwarder = None
        return forwarder.error


def _prepare(target: PublishTarget) -> None:
    """Make room for a playlist, and take away what an earlier run left."""
    if target.folder is None:
        return
    try:
        target.folder.mkdir(parents=True, exist_ok=True)
        for path in target.folder.iterdir():
            if _OLD_SEGMENT.fullmatch(path.name):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise SinkError(
            f"publish: {target.folder}: cannot be written ({error.strerror})"
        ) from error
