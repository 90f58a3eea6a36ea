"""Which files a run of one or many streams will write, and what is refused before it begins."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from posestream.assembly_events import EVENTS_NAME, EventOutputs
from posestream.assembly_streams import InputStream
from posestream.config import Config
from posestream.recording import (
    VIDEO_NAME,
    Places,
    planned_data,
    refuse_existing,
    refuse_own_input,
    writes_video,
)
from posestream.sinks import FrameSink

_log = logging.getLogger("posestream")


def places_of(config: Config, stream: InputStream, *, many: bool) -> Places:
    """Return where a stream's files go; ``many`` says whether the run has others."""
    return Places(config.output, stream.name if many else None)


def refuse_outputs(config: Config, inputs: Sequence[InputStream], events: EventOutputs) -> None:
    """Refuse what cannot be written, before anything is opened.

    Args:
        config: What is written.
        inputs: All streams of the run.
        events: Where events go.

    Raises:
        ConfigError: If an output would replace an input.
        OutputExistsError: If an output exists and may not be replaced.
    """
    many = len(inputs) > 1
    places = [places_of(config, stream, many=many) for stream in inputs]
    for stream, own in zip(inputs, places, strict=True):
        refuse_own_input(config, stream.address, own, still=False)
    planned = [path for own in places for path in planned_data(config, own)]
    if many and has_mosaic_video(config):
        planned.append(config.output / VIDEO_NAME)
    if config.has_events:
        planned += events.planned
        planned += [own.data(EVENTS_NAME) for own in places]
    refuse_existing(planned, overwrite=config.outputs.overwrite)


def has_mosaic_video(config: Config) -> bool:
    """Tell whether the video of all streams is to be written, where there are several."""
    return config.tiling.mosaic and config.outputs.video


def has_room_for_mosaic(config: Config, inputs: Sequence[InputStream]) -> bool:
    """Tell whether all streams are open at once, as a mosaic needs; log it if they are not."""
    count, most = sum(stream.takes_turns for stream in inputs), config.sharing.concurrent
    if count > most:
        _log.warning("mosaic: left out: %d files, and %d are open at once", count, most)
    return count <= most


def open_mosaic_video(config: Config, *, live: bool) -> FrameSink:
    """Open the video of all streams.

    Raises:
        SinkError: If it cannot be written.
    """
    from posestream.sinks.video import VideoSink

    outputs = config.outputs
    return VideoSink(
        config.output / VIDEO_NAME,
        encoder=outputs.encoder,
        preset=outputs.preset,
        crf=outputs.crf,
        overwrite=outputs.overwrite,
        rewrite=not live,
    )


def existing_outputs(config: Config, stream: InputStream) -> list[Path]:
    """Return which files a stream of several has been written to, as far as can be seen."""
    places = places_of(config, stream, many=True)
    videos = [places.video] if writes_video(config, places) else []
    planned = [*videos, *planned_data(config, places)]
    if config.has_events:
        planned.append(places.data(EVENTS_NAME))
    return [path for path in planned if path.exists()]
