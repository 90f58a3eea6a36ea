"""The main job: from an input to files, through every stage in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from posestream.assembly import build_pool, described
from posestream.assembly_secondary import build_stream_findings
from posestream.config import Config
from posestream.recording import open_recorder, planned_outputs, refuse_existing, refuse_own_input
from posestream.runtime.metrics import StageClock, StageTime
from posestream.runtime.stopping import StopFlag
from posestream.runtime.stream import StreamRunner
from posestream.sources.opening import open_source
from posestream.sources.options import SourceOptions


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, after each frame."""

    stream: str
    """Name of the stream."""
    frames: int
    """Frames written so far."""
    expected: int | None
    """Frames expected in all; ``None`` where unknown."""
    people: int
    """People in the latest frame."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did."""

    stream: str
    """Name of the stream."""
    frames: int
    """Frames read, annotated and written."""
    inferred: int
    """Frames in which people were looked for."""
    people: int
    """Poses found, summed over those frames."""
    corrupt: int
    """Packets or frames that were damaged."""
    elapsed_s: float
    """From the first frame asked for to the last file finished, seconds."""
    stages: dict[str, StageTime]
    """Wall time of each stage, summed over threads."""
    estimator: str
    """What really ran."""
    outputs: tuple[Path, ...]
    """Files and folders written."""
    stopped: bool
    """Whether somebody asked for the end before it came."""

    @property
    def fps(self) -> float:
        """Frames per second from start to end."""
        return self.frames / self.elapsed_s if self.elapsed_s else 0.0


def run(
    config: Config,
    *,
    stop: StopFlag | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Do the main job: read, find people, draw, write.

    Every file is finished on the way out, also when something fails.

    Args:
        config: What to do.
        stop: Request it to end in order.
        on_progress: Called after every frame, on the calling thread.

    Raises:
        PosestreamError: What ended the run; what was written before stays and opens.
    """
    stop, clock = stop or StopFlag(), StageClock()
    with ExitStack() as stack:
        options = SourceOptions(start_s=config.start, end_s=config.end)
        source = open_source(config.input, options=options)
        stack.callback(source.close)
        outputs = planned_outputs(config, still=source.info.still)
        refuse_own_input(config, outputs, still=source.info.still)
        refuse_existing(outputs, overwrite=config.outputs.overwrite)
        estimator, inspector, pool = build_pool(
            config.estimator, clock=clock, secondary=config.secondary
        )
        stack.callback(pool.close)
        recorder = open_recorder(
            config, source, estimator.topology, clock=clock, on_window_closed=stop.request
        )
        runner = StreamRunner(
            source,
            pool,
            topology=estimator.topology,
            clock=clock,
            interval=config.interval,
            stop=stop,
            secondary=build_stream_findings(config.secondary),
        )
        begun = time.perf_counter()
        with closing(recorder):
            for frame, result in runner:
                recorder.write(frame, result)
                if on_progress:
                    people, expected = len(result.poses), source.info.frame_count
                    on_progress(Progress(source.name, recorder.frames, expected, people))
        return RunSummary(
            stream=source.name,
            frames=recorder.frames,
            inferred=recorder.inferred,
            people=recorder.people,
            corrupt=source.corrupt_frames,
            elapsed_s=time.perf_counter() - begun,
            stages=clock.report(),
            estimator=described(config.estimator, estimator, inspector),
            outputs=outputs if not source.info.still else (config.output, *outputs),
            stopped=stop.requested,
        )
