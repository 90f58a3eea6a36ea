"""Everything that one stream's results are written to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from posestream.assembly import build_annotator
from posestream.config import Config, OutputConfig
from posestream.errors import ConfigError, OutputExistsError
from posestream.images import HostImage, Image
from posestream.runtime.metrics import StageClock
from posestream.sinks import FrameSink, ResultSink
from posestream.sinks.formats import FORMATS, open_result_sink
from posestream.sources import Source
from posestream.topology import Topology
from posestream.types import Frame, Result

VIDEO_NAME = "Pose_Estimation.mp4"
"""What the annotated video is called inside the output folder."""

FINDINGS_NAME = "secondary.csv"
"""What the table of secondary models' findings is called inside the output folder."""


class _Annotator(Protocol):
    def draw(self, image: Image, result: Result) -> HostImage: ...


class Recorder:
    """Draws each frame once and hands frame and result to all sinks.

    Args:
        annotator: Draws; not asked where there are no frame sinks.
        frame_sinks: Take annotated frames.
        result_sinks: Take results.
        clock: Where the time of drawing and of each kind of sink is counted.
    """

    def __init__(
        self,
        annotator: _Annotator,
        frame_sinks: Sequence[FrameSink],
        result_sinks: Sequence[ResultSink],
        *,
        clock: StageClock,
    ) -> None:
        self._annotator = annotator
        self._frame_sinks = frame_sinks
        self._result_sinks = result_sinks
        self._clock = clock
        self.frames = 0
        self.inferred = 0
        self.people = 0

    def write(self, frame: Frame, result: Result) -> None:
        """Write one frame and its result to every sink.

        Raises:
            SinkError: If one of them cannot be written.
        """
        with self._clock.time("write data"):
            for sink in self._result_sinks:
                sink.write(result)
        if self._frame_sinks:
            with self._clock.time("draw"):
                drawn = replace(frame, image=self._annotator.draw(frame.image, result))
            with self._clock.time("write frames"):
                for sink in self._frame_sinks:
                    sink.write(drawn)
        self.frames += 1
        self.inferred += result.inferred
        self.people += len(result.poses) if result.inferred else 0

    def close(self) -> None:
        """Finish every file, also when finishing another fails.

        Raises:
            SinkError: If one of them could not be finished.
        """
        with ExitStack() as stack:
            for sink in (*self._frame_sinks, *self._result_sinks):
                stack.callback(sink.close)


def planned_outputs(config: Config, *, still: bool) -> tuple[Path, ...]:
    """Return every file and folder that a run will write, except single annotated images."""
    paths = [config.output / FORMATS[name].file_name for name in config.outputs.formats]
    if _writes_findings(config):
        paths.append(config.output / FINDINGS_NAME)
    if config.outputs.video and not still:
        paths.insert(0, config.output / VIDEO_NAME)
    return tuple(paths)


def refuse_own_input(config: Config, paths: Sequence[Path], *, still: bool) -> None:
    """Refuse to write over the input, whatever else may be overwritten.

    Raises:
        ConfigError: If an output is the input, or annotated images would go beside the originals.
    """
    source = Path(config.input).resolve()
    if any(path.resolve() == source for path in paths):
        raise ConfigError(f"output: {config.output} would replace the input itself")
    folder = source if source.is_dir() else source.parent
    if still and config.outputs.video and config.output.resolve() == folder:
        raise ConfigError(f"output: {config.output} holds the input; choose another folder")


def refuse_existing(paths: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse outputs that exist, before any work is done.

    Raises:
        OutputExistsError: If one exists and may not be overwritten.
    """
    for path in paths:
        if path.exists() and not overwrite:
            raise OutputExistsError(f"{path}: exists already; give --overwrite to replace it")


def open_recorder(
    config: Config,
    source: Source,
    topology: Topology,
    *,
    clock: StageClock,
    on_window_closed: Callable[[], None],
) -> Recorder:
    """Open every sink a run asks for.

    Raises:
        SinkError: If one of them cannot be opened.
    """
    outputs, opened = config.outputs, ExitStack()
    with opened:
        results: list[ResultSink] = []
        for name in outputs.formats:
            sink = open_result_sink(name, config.output, overwrite=outputs.overwrite)
            opened.callback(sink.close)
            results.append(sink)
        if _writes_findings(config):
            results.append(_findings_sink(config))
            opened.callback(results[-1].close)
        frames: list[FrameSink] = []
        if outputs.video:
            frames.append(_annotated_sink(config, source))
            opened.callback(frames[-1].close)
        if outputs.show:
            from posestream.sinks.window import WindowSink

            frames.append(WindowSink(source.name, on_closed=on_window_closed))
        opened.pop_all()
    return Recorder(build_annotator(config.overlay, topology), frames, results, clock=clock)


def _writes_findings(config: Config) -> bool:
    """Tell whether secondary models need a table of their own: those of people have no room."""
    return bool(config.secondary and {"csv", "parquet"} & set(config.outputs.formats))


def _findings_sink(config: Config) -> ResultSink:
    from posestream.sinks.findings_table import FindingsCsvSink

    return FindingsCsvSink(config.output / FINDINGS_NAME, overwrite=config.outputs.overwrite)


def _annotated_sink(config: Config, source: Source) -> FrameSink:
    outputs: OutputConfig = config.outputs
    if source.info.still:
        from posestream.sinks.images import ImageSink

        return ImageSink(config.output, overwrite=outputs.overwrite)
    from posestream.sinks.video import VideoSink

    return VideoSink(
        config.output / VIDEO_NAME,
        frame_rate=source.info.frame_rate,
        pixel_aspect=source.info.pixel_aspect,
        audio_from=source.info.path,
        preset=outputs.preset,
        crf=outputs.crf,
        overwrite=outputs.overwrite,
    )
