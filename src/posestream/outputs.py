"""Everything that a run of one or many streams writes and shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from posestream.assembly import build_annotator
from posestream.assembly_streams import InputStream
from posestream.config import Config
from posestream.recording import (
    Annotator,
    Places,
    Recorder,
    open_recorder,
    planned_data,
    refuse_existing,
    refuse_own_input,
)
from posestream.runtime.metrics import StageClock
from posestream.runtime.stopping import StopFlag
from posestream.runtime.streams import StreamSet
from posestream.sinks import FrameSink
from posestream.sources import Source
from posestream.topology import Topology


class RunOutputs:
    """The outputs of a run: one recorder a stream, and what all streams share.

    Args:
        config: What is written.
        inputs: The streams.
        clock: Where the time of drawing and writing is counted.
        stop: Requested where the user closes the window.

    Raises:
        ConfigError: If an output would replace an input.
        OutputExistsError: If an output exists and may not be replaced.
    """

    def __init__(
        self, config: Config, inputs: Sequence[InputStream], *, clock: StageClock, stop: StopFlag
    ) -> None:
        self._config = config
        self._clock = clock
        self._stop = stop
        self._many = len(inputs) > 1
        self._annotator: Annotator | None = None
        self._written: list[Path] = []
        for stream in inputs:
            refuse_own_input(config, stream.address, self._places(stream), still=False)
        data = [path for stream in inputs for path in planned_data(config, self._places(stream))]
        refuse_existing(data, overwrite=config.outputs.overwrite)

    @property
    def written(self) -> tuple[Path, ...]:
        """Files and folders that were opened for writing so far."""
        return tuple(self._written)

    def open(self, topology: Topology, streams: StreamSet) -> None:
        """Open what all streams share.

        Args:
            topology: What the keypoints mean.
            streams: Tells how each is doing.
        """
        self._annotator = build_annotator(self._config.overlay, topology)

    def recorder(self, stream: InputStream) -> Callable[[Source], Recorder]:
        """Return what opens a stream's recorder once its source is open."""
        places = self._places(stream)

        def open_for(source: Source) -> Recorder:
            config = self._config
            refuse_own_input(config, stream.address, places, still=source.info.still)
            assert self._annotator is not None
            recorder = open_recorder(
                config,
                source,
                places,
                annotator=self._annotator,
                watchers=self._watchers(stream),
                clock=self._clock,
            )
            if config.outputs.video:
                self._written.append(places.images if source.info.still else places.video)
            self._written.extend(planned_data(config, places))
            return recorder

        return open_for

    def look(self) -> None:
        """Do what only the main thread may do; to be called many times a second."""

    def close(self) -> None:
        """Finish what all streams share; may be called twice."""

    def _places(self, stream: InputStream) -> Places:
        return Places(self._config.output, stream.name if self._many else None)

    def _watchers(self, stream: InputStream) -> list[FrameSink]:
        return []
