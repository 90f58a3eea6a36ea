"""The Python API for streams: videos and cameras in, predictions out as they are ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from posestream.api import Prediction
from posestream.assembly import build_stream_set
from posestream.assembly_analysis import build_analysis, with_faint_poses
from posestream.assembly_devices import picture_decoding
from posestream.assembly_secondary import build_stream_findings
from posestream.assembly_streams import InputStream, checked_address
from posestream.config import estimator_config, secondary_configs, validated
from posestream.config_analysis import AnalysisConfig
from posestream.config_streams import SharingConfig, StreamConfig
from posestream.credentials import redacted
from posestream.errors import ConfigError
from posestream.events import ActivitySegment
from posestream.runtime.queues import BoundedQueue
from posestream.runtime.status import StreamStatus
from posestream.runtime.stream import StreamPlan
from posestream.sources.names import stream_name, unique_names
from posestream.topology import Topology
from posestream.types import Frame, Result

_READY = 4
_LOOK_EVERY_S = 0.1
_SHARING = tuple(SharingConfig.model_fields)
_ANALYSIS = tuple(AnalysisConfig.model_fields)
_STREAM = tuple(StreamConfig.model_fields)


class Streams:
    """Any number of videos and live streams that come and go, with one network for all.

    Iterate to get predictions as they are ready, each stream's in order, until no stream is left
    that runs. A file's frames wait for you; of a live stream the oldest are dropped while you are
    busy. Streams may be added, stopped, started and removed at any time, from any thread.

    Example::

        with posestream.Streams(profile="fast") as streams:
            streams.add("rtsp://camera/live", name="door")
            streams.add("video.mp4")
            for prediction in streams:
                print(prediction.stream, len(prediction))

    Args:
        secondary: As for `PoseEstimator`.
        **options: As for `PoseEstimator`, and any field of
            `posestream.config_analysis.AnalysisConfig`, such as ``track`` and ``falls``, and of
            `posestream.config_streams.SharingConfig`, such as ``batch``.

    Raises:
        ConfigError: If an option is unknown or out of range.
        ModelError: If the model cannot be loaded.
    """

    def __init__(
        self, *, secondary: Sequence[Mapping[str, Any] | str] = (), **options: Any
    ) -> None:
        sharing = {key: options.pop(key) for key in _SHARING if key in options}
        analysis = {key: options.pop(key) for key in _ANALYSIS if key in options}
        shared: SharingConfig = validated(SharingConfig, sharing)
        if shared.processes not in ("auto", 1):
            raise ConfigError(
                f"processes: {shared.processes} is not allowed here: Streams run in one process; "
                "posestream.run takes more"
            )
        self._analysis = validated(AnalysisConfig, analysis)
        self._secondary = secondary_configs(secondary)
        settings, shown = with_faint_poses(estimator_config(options), self._analysis)
        self._shown_score = shown
        estimator, _, self._streams = build_stream_set(settings, shared, secondary=self._secondary)
        self._open_pictures = picture_decoding(settings)
        self._topology = estimator.topology
        build_analysis(self._analysis, self._topology, stream="")  # refuses what cannot be
        self._ready: BoundedQueue[Prediction] = BoundedQueue(_READY)

    @property
    def topology(self) -> Topology:
        """What the keypoint axis means."""
        return self._topology

    def add(
        self,
        input: str | int | Path,  # noqa: A002 - the same word as on the command line
        *,
        name: str | None = None,
        start_now: bool = True,
        **settings: Any,
    ) -> str:
        """Add a stream and return its name.

        Args:
            input: A video, image, folder, pattern, camera, address or pipeline.
            name: What it is called; by default after its input. Made safe and unlike the others.
            start_now: Whether it begins at once.
            **settings: Any field of `posestream.config_streams.StreamConfig`.

        Raises:
            ConfigError: If a setting is unknown or out of range.
            SourceError: If it is a file that is not there, or cannot be opened at all.
        """
        for key in settings:
            if key not in _STREAM:
                raise ConfigError(f"{key}: no such setting. Allowed: {', '.join(sorted(_STREAM))}.")
        address = checked_address(str(input))
        taken = [status.name for status in self._streams.statuses()]
        wanted = stream_name(address) if name is None else name
        own = unique_names([*taken, wanted])[-1]
        stream = InputStream(own, address, validated(StreamConfig, settings))
        plan = StreamPlan(
            name=own,
            open_source=stream.opener(self._open_pictures),
            open_consumer=lambda _: _HandOver(self._ready),
            input=redacted(address),
            retries=stream.comes_back,
            takes_turns=stream.takes_turns,
            policy=stream.policy(),
            interval=stream.settings.interval,
            secondary=lambda: build_stream_findings(self._secondary),
            analysis=lambda: build_analysis(
                self._analysis, self._topology, stream=own, shown_score=self._shown_score
            ),
        )
        self._streams.add(plan, start=start_now)
        return own

    def start(self, name: str) -> None:
        """Begin a stream, or begin it again after it has ended, failed or been stopped.

        Raises:
            KeyError: If there is no such stream.
        """
        self._streams.start(name)

    def stop(self, name: str) -> None:
        """Stop a stream; it may be started again.

        Raises:
            KeyError: If there is no such stream.
        """
        self._streams.stop(name, timeout_s=0)

    def remove(self, name: str) -> None:
        """Stop a stream and forget it.

        Raises:
            KeyError: If there is no such stream.
        """
        self._streams.remove(name, timeout_s=0)

    def statuses(self) -> list[StreamStatus]:
        """Return how every stream is doing."""
        return self._streams.statuses()

    def errors(self) -> dict[str, Exception]:
        """Return why streams failed, by their names."""
        return self._streams.errors()

    def __iter__(self) -> Iterator[Prediction]:
        """Yield predictions as they are ready, until no stream is left that runs."""
        while True:
            items = self._ready.take(_LOOK_EVERY_S)
            yield from items
            if not items and self._streams.wait(0) and not len(self._ready):
                return

    def close(self) -> None:
        """Stop every stream and let the threads go; may be called twice."""
        self._ready.cancel()
        self._streams.close()

    def __enter__(self) -> Streams:
        """Return itself; leaving the block closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


class _HandOver:
    """Gives one stream's results to whoever iterates."""

    quick = False

    def __init__(self, ready: BoundedQueue[Prediction]) -> None:
        self._ready = ready

    def write(self, frame: Frame, result: Result) -> None:
        self._ready.put(Prediction(result, frame.image))

    def finish(self, activities: Sequence[ActivitySegment]) -> None:
        pass

    def close(self) -> None:
        pass


def stream(
    input: str | int | Path,  # noqa: A002 - the same word as on the command line
    *,
    secondary: Sequence[Mapping[str, Any] | str] = (),
    **options: Any,
) -> Iterator[Prediction]:
    """Read one video, camera or live stream and yield one prediction per frame, in order.

    Reading and finding people run ahead on other threads; leaving the loop ends them.

    Args:
        input: A video, image, folder, pattern, camera, address or pipeline.
        secondary: As for `PoseEstimator`.
        **options: As for `PoseEstimator`, and any field of
            `posestream.config_streams.StreamConfig`, such as ``start``, ``end``, ``interval``.

    Raises:
        ConfigError: If an option is unknown or out of range.
        SourceError: If the input cannot be read; every frame before the fault comes first.
    """
    settings = {key: options.pop(key) for key in _STREAM if key in options}
    validated(StreamConfig, settings)
    checked_address(str(input))
    streams = Streams(secondary=secondary, **options)
    streams.add(input, **settings)
    return _only(streams)


def _only(streams: Streams) -> Iterator[Prediction]:
    with streams:
        yield from streams
        for error in streams.errors().values():
            raise error
