"""Everything that a run of one or many streams writes and shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from posestream.assembly import build_annotator
from posestream.assembly_events import (
    EVENTS_NAME,
    EventOutputs,
    build_clip_encoder,
    shows_clips,
)
from posestream.assembly_streams import InputStream
from posestream.assembly_zones import zone_painter
from posestream.config import Config
from posestream.mosaicking import Mosaic
from posestream.mosaicking.trouble import trouble_of
from posestream.outputs_planned import (
    has_mosaic_video,
    has_room_for_mosaic,
    open_mosaic_video,
    places_of,
    refuse_outputs,
)
from posestream.overlay.zoned import ZonedAnnotator
from posestream.recording import (
    VIDEO_NAME,
    Annotator,
    MoreSinks,
    Places,
    Recorder,
    open_recorder,
    planned_data,
    refuse_own_input,
    writes_video,
)
from posestream.runtime.metrics import StageClock
from posestream.runtime.status import StreamStatus
from posestream.runtime.stopping import StopFlag
from posestream.runtime.streams import StreamSet
from posestream.sharding.part import MosaicPart, RunPart
from posestream.sinks import FrameSink
from posestream.sources import Source
from posestream.topology import Topology
from posestream.types import Frame
from posestream.watching import Watching

if TYPE_CHECKING:
    from posestream.mosaicking.board import GpuCanvases


class RunOutputs:
    """The outputs of a run: a recorder for every stream, and what all streams share.

    Args:
        config: What is written.
        inputs: The streams.
        clock: Where the time of drawing and writing is counted.
        stop: Requested where the user closes the window.
        part: What connects the streams with the other parts of a run; None where they are all.

    Raises:
        ConfigError: If an output would replace an input.
        OutputExistsError: If an output exists and may not be replaced.
    """

    def __init__(
        self,
        config: Config,
        inputs: Sequence[InputStream],
        *,
        clock: StageClock,
        stop: StopFlag,
        part: RunPart | None = None,
    ) -> None:
        self._config = config
        self._inputs = inputs
        self._clock = clock
        self._part = part
        self._many = len(inputs) > 1 or part is not None
        self._watching = Watching(config, stop=stop)
        self._events = EventOutputs(
            config.events, folder=config.output, overwrite=config.outputs.overwrite
        )
        self._annotator: Annotator | None = None
        self._mosaic: Mosaic | None = None
        self._opened = ExitStack()
        self._written: list[Path] = []
        if part is None:
            refuse_outputs(config, inputs, self._events)

    @property
    def written(self) -> tuple[Path, ...]:
        """Files and folders that were opened for writing so far."""
        return tuple(self._written)

    def open(self, topology: Topology, streams: StreamSet, *, estimator: str) -> None:
        """Open what all streams share.

        Args:
            topology: What the keypoints mean.
            streams: Tells how each is doing.
            estimator: What finds people, for people.

        Raises:
            PosestreamError: If something of it cannot be opened.
        """
        self._topology = topology
        self._annotator = build_annotator(
            self._config.overlay, topology, events_s=self._config.events.events_shown
        )
        if self._config.has_events:
            self._events.open(None if self._part is None else self._part.senders)
            self._opened.callback(self._events.close)
        self._watching.open(streams, estimator=estimator)
        self._opened.callback(self._watching.close)
        if self._part is not None:
            if self._part.mosaic is not None:
                self._open_mosaic_part(streams, self._part.mosaic)
        elif self._many and (has_mosaic_video(self._config) or self._watching.shows_mosaic):
            self._open_mosaic(streams)

    def recorder(self, stream: InputStream) -> Callable[[Source], Recorder]:
        """Return what opens a stream's recorder once its source is open."""
        places, config = self._places(stream), self._config

        def open_for(source: Source) -> Recorder:
            refuse_own_input(config, stream.address, places, still=source.info.still)
            recorder = open_recorder(
                config,
                source,
                places,
                annotator=self._annotator_of(stream),
                more=self._more(stream, source, places),
                clock=self._clock,
            )
            if writes_video(config, places):
                self._written.append(places.images if source.info.still else places.video)
            self._written.extend(planned_data(config, places))
            return recorder

        return open_for

    def look(self) -> None:
        """Do what only the main thread may do; to be called many times a second."""
        self._watching.look()

    def note(self, streams: Sequence[StreamStatus]) -> None:
        """Take note of streams that ended before they had a picture, so that nobody waits."""
        for stream in streams:
            if self._mosaic is not None and stream.state.final and not stream.frames:
                self._mosaic.ended(stream.name)

    def close(self) -> None:
        """Finish what all streams share; may be called twice.

        Raises:
            PosestreamError: If something could not be written.
        """
        self._opened.close()

    def _open_mosaic(self, streams: StreamSet) -> None:
        sinks = self._watching.mosaic_sinks()
        if not has_room_for_mosaic(self._config, self._inputs):
            return
        live = any(stream.is_live for stream in self._inputs)
        if has_mosaic_video(self._config):
            sinks.append(open_mosaic_video(self._config, live=live))
            self._written.append(self._config.output / VIDEO_NAME)
        if not sinks:
            return
        from posestream.mosaicking import open_mosaic

        tiling = self._config.tiling
        mosaic = open_mosaic(
            sinks,
            live=live,
            status=lambda name: trouble_in(streams, name),
            size=tiling.mosaic_size,
            shape=tiling.mosaic_layout,
            on_gpu=self._gpu_canvases(),
        )
        self._begin_mosaic(mosaic)

    def _open_mosaic_part(self, streams: StreamSet, part: MosaicPart) -> None:
        from posestream.mosaicking import open_mosaic

        mosaic = open_mosaic(
            [part.sink],
            live=part.live,
            status=lambda name: trouble_in(streams, name),
            size=part.size,
            shape=part.shape,
            on_gpu=self._gpu_canvases(),
            epilogue=part.sink.write_last,
        )
        self._begin_mosaic(mosaic)

    def _begin_mosaic(self, mosaic: Mosaic) -> None:
        self._mosaic = mosaic
        self._opened.callback(self._mosaic.close)
        for stream in self._inputs:
            self._mosaic.add(stream.name)

    def _gpu_canvases(self) -> GpuCanvases:
        from posestream.mosaicking.gpu_canvas import gpu_canvases

        overlay = self._config.overlay
        return gpu_canvases(
            self._topology,
            min_keypoint_score=overlay.draw_threshold,
            line_width=overlay.line_width,
        )

    def _places(self, stream: InputStream) -> Places:
        return places_of(self._config, stream, many=self._many)

    def _annotator_of(self, stream: InputStream) -> Annotator:
        assert self._annotator is not None
        if not (stream.places.zones or stream.places.lines):
            return self._annotator
        return ZonedAnnotator(self._annotator, zone_painter(stream.places))

    def _more(self, stream: InputStream, source: Source, places: Places) -> MoreSinks:
        """Return what takes a stream's results beside the files that every run writes."""
        info, alone = source.info, not self._many
        watchers = self._watching.stream_sinks(stream.name, frame_rate=info.frame_rate, alone=alone)
        more = MoreSinks(annotated=tuple(watchers), lookers=tuple(self._lookers(stream, source)))
        if not self._config.has_events:
            return more
        config, path = self._config, places.data(EVENTS_NAME)
        results, clips = self._events.result_sinks(path), self._events.clips()
        self._written.append(path)
        if clips is None:
            return replace(more, results=tuple(results))
        results.append(clips)
        cut = writes_video(config, places) and not info.still
        if cut and shows_clips(config.events, config.overlay, config.outputs):
            return replace(more, results=tuple(results), tap=clips)
        encoder = build_clip_encoder(clips, config.events, config.overlay, self._topology, info)
        return replace(more, results=tuple(results), pairs=(encoder,))

    def _lookers(self, stream: InputStream, source: Source) -> list[FrameSink]:
        info = source.info
        sinks = self._watching.stream_lookers(stream.name, alone=not self._many)
        if self._mosaic is not None:
            self._mosaic.add(
                stream.name, frame_rate=info.frame_rate, pixel_aspect=info.pixel_aspect
            )
            sinks.append(_Tile(self._mosaic, stream.name))
        return sinks


class _Tile:
    """A stream's place in the mosaic, as a sink among others."""

    def __init__(self, mosaic: Mosaic, name: str) -> None:
        self._mosaic = mosaic
        self._name = name

    def write(self, frame: Frame) -> None:
        self._mosaic.show(self._name, frame)

    def close(self) -> None:
        self._mosaic.ended(self._name)


class Statuses(Protocol):
    """Knows how streams are doing."""

    def status(self, name: str) -> StreamStatus | None:
        """Return how one stream is doing; None if there is no such stream."""
        ...


def trouble_in(streams: Statuses, name: str) -> str | None:
    """Say in a few words why a stream has no pictures; None if it should have some."""
    status = streams.status(name)
    return None if status is None else trouble_of(status)
