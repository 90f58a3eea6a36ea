"""Everything that one stream's results are written to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from posestream.config import Config
from posestream.errors import ConfigError, OutputExistsError
from posestream.events import ActivitySegment
from posestream.images import HostImage, Image
from posestream.mosaicking.drawn_later import DrawnLater
from posestream.runtime.metrics import StageClock
from posestream.sinks import FrameSink, ResultSink
from posestream.sinks.activities import ActivityLinesSink
from posestream.sinks.formats import FORMATS, open_result_sink
from posestream.sinks.mp4 import PacketTap
from posestream.sources import Source
from posestream.types import Frame, Result

VIDEO_NAME = "Pose_Estimation.mp4"
"""What the annotated video, or the mosaic of many, is called inside the output folder."""

ACTIVITIES_NAME = "activities.jsonl"
"""What the file of people's activities is called inside the output folder."""

FINDINGS_NAME = "secondary.csv"
"""What the table of secondary models' findings is called inside the output folder."""


class Annotator(Protocol):
    """Draws what was found."""

    def draw(self, image: Image, result: Result) -> HostImage:
        """Return an annotated copy of a picture."""
        ...

    def only_skeletons(self, result: Result) -> bool:
        """Tell whether a result has nothing but skeletons to draw; asked before it is drawn."""
        ...

    def draw_skeletons(self, image: Image, result: Result) -> HostImage:
        """Return a copy of a picture with skeletons; any thread may call it."""
        ...


@dataclass(frozen=True, slots=True)
class Places:
    """Where one stream's outputs go.

    A run of one stream writes ``DIR/Pose_Estimation.mp4`` and ``DIR/poses.jsonl``; a run of many
    writes ``DIR/STREAM.mp4`` and ``DIR/STREAM.poses.jsonl`` of each.
    """

    folder: Path
    """The run's output folder."""
    stream: str | None = None
    """Name of the stream; ``None`` where it is the only one."""

    @property
    def video(self) -> Path:
        """The annotated video."""
        return self.folder / (VIDEO_NAME if self.stream is None else f"{self.stream}.mp4")

    @property
    def images(self) -> Path:
        """The folder for annotated images."""
        return self.folder if self.stream is None else self.folder / self.stream

    def data(self, name: str) -> Path:
        """Return the file, or folder, for data that a single stream's run calls ``name``."""
        return self.folder / (name if self.stream is None else f"{self.stream}.{name}")


class PairSink(Protocol):
    """Takes frames as they were read, with their results."""

    def write(self, frame: Frame, result: Result) -> None:
        """Take the next frame.

        Raises:
            SinkError: If it cannot be written.
        """
        ...

    def close(self) -> None:
        """Finish; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class MoreSinks:
    """What takes a stream's results beside the files of its own."""

    results: tuple[ResultSink, ...] = ()
    """Take results."""
    annotated: tuple[FrameSink, ...] = ()
    """Take annotated frames."""
    lookers: tuple[FrameSink, ...] = ()
    """Take annotated frames, and look at some of them only: they may be drawn on when they do."""
    pairs: tuple[PairSink, ...] = ()
    """Take frames as they were read, with their results."""
    tap: PacketTap | None = None
    """Sees the annotated video's encoded pictures."""


class Recorder:
    """Draws each frame once at most and hands frame and result to all sinks.

    Args:
        annotator: Draws; not asked where there are no frame sinks.
        frame_sinks: Take annotated frames.
        lookers: Take annotated frames; those of a GPU may stay there, as `DrawnLater`.
        result_sinks: Take results.
        activity_sink: Takes what people did, also what the end of the stream ends.
        pair_sinks: Take frames as they were read, with their results.
        clock: Where the time of drawing and of each kind of sink is counted.
        quick: Whether all sinks of results take a frame in no time.
    """

    def __init__(
        self,
        annotator: Annotator,
        frame_sinks: Sequence[FrameSink],
        result_sinks: Sequence[ResultSink],
        *,
        lookers: Sequence[FrameSink] = (),
        activity_sink: ActivityLinesSink | None = None,
        pair_sinks: Sequence[PairSink] = (),
        clock: StageClock,
        quick: bool = False,
    ) -> None:
        # A mosaic by the files' clocks lets those wait who are ahead, and some frames are drawn.
        self.quick = quick and not (frame_sinks or lookers or pair_sinks)
        self._annotator = annotator
        self._frame_sinks = frame_sinks
        self._lookers = lookers
        self._result_sinks = (*result_sinks, activity_sink) if activity_sink else result_sinks
        self._activity_sink = activity_sink
        self._pair_sinks = pair_sinks
        self._clock = clock

    def write(self, frame: Frame, result: Result) -> None:
        """Write one frame and its result to every sink.

        Raises:
            SinkError: If one of them cannot be written.
        """
        with self._clock.time("write data"):
            for sink in self._result_sinks:
                sink.write(result)
        if self._pair_sinks:
            with self._clock.time("clips"):
                for sink in self._pair_sinks:
                    sink.write(frame, result)
        if self._frame_sinks or self._lookers:
            self._show(frame, result)

    def _show(self, frame: Frame, result: Result) -> None:
        later: Frame | None = None
        # What is in main memory anyway is drawn by the stream's own thread, here.
        stays = bool(self._lookers) and not isinstance(frame.image, HostImage)
        if stays and self._annotator.only_skeletons(result):
            image = DrawnLater(frame.image, result, self._annotator.draw_skeletons)
            later = replace(frame, image=image)
        drawn = frame
        if self._frame_sinks or later is None:
            with self._clock.time("draw"):
                drawn = replace(frame, image=self._annotator.draw(frame.image, result))
        with self._clock.time("write frames"):
            for sink in self._frame_sinks:
                sink.write(drawn)
            for sink in self._lookers:
                sink.write(later or drawn)

    def finish(self, activities: Sequence[ActivitySegment]) -> None:
        """Take what people did until the stream ended."""
        if self._activity_sink is not None:
            self._activity_sink.write_segments(activities)

    def close(self) -> None:
        """Finish every file, also when finishing another fails.

        Raises:
            SinkError: If one of them could not be finished.
        """
        with ExitStack() as stack:
            shown = (*self._frame_sinks, *self._lookers)
            for sink in (*shown, *self._pair_sinks, *self._result_sinks):
                stack.callback(sink.close)


def writes_video(config: Config, places: Places) -> bool:
    """Tell whether a stream's own annotated video or images are written."""
    return config.outputs.video and (config.tiling.stream_videos or places.stream is None)


def planned_data(config: Config, places: Places) -> tuple[Path, ...]:
    """Return every data file and folder that a stream's results will be written to."""
    paths = [places.data(FORMATS[name].file_name) for name in config.outputs.formats]
    if _writes_findings(config):
        paths.append(places.data(FINDINGS_NAME))
    if config.analysis.activities:
        paths.append(places.data(ACTIVITIES_NAME))
    return tuple(paths)


def refuse_own_input(config: Config, address: str, places: Places, *, still: bool) -> None:
    """Refuse to write over the input, whatever else may be overwritten.

    Raises:
        ConfigError: If an output is the input, or annotated images would go beside the originals.
    """
    source = Path(address)
    if not source.exists():
        return
    source = source.resolve()
    outputs = (places.video, *planned_data(config, places))
    if any(path.resolve() == source for path in outputs):
        raise ConfigError(f"output: {config.output} would replace the input itself")
    folder = source if source.is_dir() else source.parent
    if still and config.outputs.video and places.images.resolve() == folder:
        raise ConfigError(f"output: {config.output} holds the input; choose another folder")


def refuse_existing(paths: Iterable[Path], *, overwrite: bool) -> None:
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
    places: Places,
    *,
    annotator: Annotator,
    more: MoreSinks | None = None,
    clock: StageClock,
) -> Recorder:
    """Open every sink a stream's results go to.

    Args:
        config: What is written.
        source: The stream, open.
        places: Where it is written.
        annotator: Draws.
        more: Other sinks; the recorder closes them, too.
        clock: Where the time of drawing and of each kind of sink is counted.

    Raises:
        SinkError: If one of them cannot be opened.
    """
    outputs, opened, more = config.outputs, ExitStack(), more or MoreSinks()
    with opened:
        results: list[ResultSink] = []
        for name in outputs.formats:
            path = places.data(FORMATS[name].file_name)
            results.append(open_result_sink(name, path, overwrite=outputs.overwrite))
            opened.callback(results[-1].close)
        if _writes_findings(config):
            results.append(_findings_sink(config, places))
            opened.callback(results[-1].close)
        activities = _activity_sink(config, places)
        if activities is not None:
            opened.callback(activities.close)
        frames: list[FrameSink] = []
        if writes_video(config, places):
            frames.append(_annotated_sink(config, source, places, tap=more.tap))
            opened.callback(frames[-1].close)
        opened.pop_all()
    return Recorder(
        annotator,
        [*frames, *more.annotated],
        [*results, *more.results],
        lookers=more.lookers,
        activity_sink=activities,
        pair_sinks=more.pairs,
        clock=clock,
        quick=all(FORMATS[name].quick for name in outputs.formats),
    )


def _writes_findings(config: Config) -> bool:
    """Tell whether secondary models need a table of their own: those of people have no room."""
    return bool(config.secondary and {"csv", "parquet"} & set(config.outputs.formats))


def _activity_sink(config: Config, places: Places) -> ActivityLinesSink | None:
    if not config.analysis.activities:
        return None
    path = places.data(ACTIVITIES_NAME)
    return ActivityLinesSink(path, overwrite=config.outputs.overwrite)


def _findings_sink(config: Config, places: Places) -> ResultSink:
    from posestream.sinks.findings_table import FindingsCsvSink

    return FindingsCsvSink(places.data(FINDINGS_NAME), overwrite=config.outputs.overwrite)


def _annotated_sink(
    config: Config, source: Source, places: Places, *, tap: PacketTap | None
) -> FrameSink:
    outputs = config.outputs
    if source.info.still:
        from posestream.sinks.images import ImageSink

        return ImageSink(places.images, overwrite=outputs.overwrite)
    from posestream.sinks.video import VideoSink

    return VideoSink(
        places.video,
        frame_rate=source.info.frame_rate,
        pixel_aspect=source.info.pixel_aspect,
        audio_from=source.info.path,
        encoder=outputs.encoder,
        preset=outputs.preset,
        crf=outputs.crf,
        overwrite=outputs.overwrite,
        rewrite=source.info.ends,
        tap=tap,
    )
