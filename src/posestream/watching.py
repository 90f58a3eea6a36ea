"""Ways to look at a run while it goes: a window, endpoints, and streams sent on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from posestream.config import Config
from posestream.runtime.metrics import StageTime
from posestream.runtime.status import StreamStatus
from posestream.runtime.stopping import StopFlag
from posestream.serving.machine import ProcessUse, process_use
from posestream.sinks import FrameSink
from posestream.sinks.publish_targets import STREAM_FIELD, publish_target

if TYPE_CHECKING:
    from posestream.serving.pictures import LatestPictures
    from posestream.sinks.window import WindowSink

_log = logging.getLogger("posestream")


class StageReport(Protocol):
    """Knows what each stage costs."""

    def report(self) -> Mapping[str, StageTime]:
        """Return every stage's cost so far."""
        ...


class Streaming(Protocol):
    """Streams that run, here or elsewhere."""

    @property
    def clock(self) -> StageReport:
        """What their stages cost."""
        ...

    def statuses(self) -> Sequence[StreamStatus]:
        """Return how every stream is doing."""
        ...


class Watching:
    """Shows a run to people and programs, as far as the settings ask for it.

    Args:
        config: What is shown.
        stop: Requested where the user closes the window.

    Raises:
        ConfigError: If nothing can be sent to the address that is given.
    """

    def __init__(self, config: Config, *, stop: StopFlag) -> None:
        if config.outputs.publish is not None:
            publish_target(config.outputs.publish, stream="all")
        self._config = config
        self._stop = stop
        self._window: WindowSink | None = None
        self._pictures: LatestPictures | None = None
        self._opened = ExitStack()

    @property
    def shows_mosaic(self) -> bool:
        """Whether anything shows all streams in one picture."""
        publish = self._config.outputs.publish
        sends_mosaic = publish is not None and STREAM_FIELD not in publish
        return self._config.outputs.show or self._config.serving.serve is not None or sends_mosaic

    @property
    def pictures(self) -> LatestPictures | None:
        """Where pictures for people who look are left; None where none are served."""
        return self._pictures

    def open(
        self,
        streams: Streaming,
        *,
        estimator: str,
        machine: Callable[[], ProcessUse] = process_use,
    ) -> None:
        """Open the window and the endpoints.

        Args:
            streams: Tells how each stream is doing.
            estimator: What finds people, for people.
            machine: Tells what the run takes of the machine.

        Raises:
            MissingDependencyError: If a package for it is not installed.
            SinkError: If there is no screen.
            ServeError: If the address cannot be used.
        """
        if self._config.outputs.show:
            from posestream.sinks.window import WindowSink

            self._window = WindowSink("posestream", on_closed=self._stop.request)
            self._opened.callback(self._window.close)
        if self._config.serving.serve is not None:
            self._serve(streams, estimator=estimator, machine=machine)

    def mosaic_sinks(self) -> list[FrameSink]:
        """Return what takes the mosaic's pictures."""
        from posestream.serving.pictures import MOSAIC

        sends = STREAM_FIELD not in (self._config.outputs.publish or "")
        return [*self._pages(MOSAIC), *self._sinks(MOSAIC, sends=sends)]

    def stream_sinks(
        self, name: str, *, frame_rate: Fraction | None, alone: bool
    ) -> list[FrameSink]:
        """Return what takes a stream's annotated frames, beside `stream_lookers`.

        Args:
            name: Name of the stream.
            frame_rate: Nominal frames per second; None where unknown.
            alone: Whether it is the only one, so that the window shows it.
        """
        publish = self._config.outputs.publish or ""
        sends = alone or STREAM_FIELD in publish
        return self._sinks(name, sends=sends, shows=alone, frame_rate=frame_rate)

    def stream_lookers(self, name: str, *, alone: bool) -> list[FrameSink]:
        """Return what takes a stream's annotated frames and looks at some of them only.

        Args:
            name: Name of the stream.
            alone: Whether it is the only one, so that it is shown where all would be.
        """
        from posestream.serving.pictures import MOSAIC

        return self._pages(name, MOSAIC) if alone else self._pages(name)

    def look(self) -> None:
        """Let the window show its latest picture: on the main thread, many times a second."""
        if self._window is not None:
            self._window.pump()

    def close(self) -> None:
        """Close the window and the endpoints; may be called twice."""
        self._opened.close()

    def _sinks(
        self, name: str, *, sends: bool, shows: bool = True, frame_rate: Fraction | None = None
    ) -> list[FrameSink]:
        sinks: list[FrameSink] = []
        if self._window is not None and shows:
            sinks.append(self._window)
        publish = self._config.outputs.publish
        if publish is not None and sends:
            from posestream.sinks.publishing import PublishingSink

            target = publish_target(publish, stream=name)
            sinks.append(PublishingSink(target, frame_rate=frame_rate))
        return sinks

    def _pages(self, *names: str) -> list[FrameSink]:
        if self._pictures is None:
            return []
        from posestream.serving.pictures import PictureSink

        return [PictureSink(self._pictures, name) for name in names]

    def _serve(
        self, streams: Streaming, *, estimator: str, machine: Callable[[], ProcessUse]
    ) -> None:
        from posestream.serving.exposure import describe_exposure
        from posestream.serving.pictures import LatestPictures
        from posestream.serving.server import StatusServer

        serving = self._config.serving
        host, port = serving.address
        token = serving.token()
        for warning in describe_exposure(host, token, serving.serve_cert is not None):
            _log.warning("%s", warning)
        self._pictures = LatestPictures()
        server = StatusServer(
            host=host,
            port=port,
            streams=streams.statuses,
            pictures=self._pictures,
            token=token,
            certificate=serving.serve_cert,
            key=serving.serve_key,
            stages=streams.clock.report,
            machine=machine,
            estimator=estimator,
        )
        server.start()
        self._opened.callback(server.close)
        _log.warning("look at it at %s", server.address)
