"""The main job: from inputs to files, through every stage in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from posestream.assembly import build_stream_set, described
from posestream.assembly_analysis import build_analysis, with_faint_poses
from posestream.assembly_devices import picture_decoding
from posestream.assembly_secondary import build_stream_findings
from posestream.assembly_streams import InputStream, input_streams
from posestream.config import Config
from posestream.credentials import redacted
from posestream.outputs import RunOutputs
from posestream.runtime.metrics import StageClock, StageTime
from posestream.runtime.status import StreamState, StreamStatus
from posestream.runtime.stopping import StopFlag
from posestream.runtime.stream import StreamPlan
from posestream.sharding.choosing import on_one_gpu, processes_for
from posestream.sharding.part import RunPart
from posestream.sources import Source
from posestream.sources.pictures import OpenPictures
from posestream.topology import Topology

_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did."""

    streams: tuple[StreamStatus, ...]
    """How each stream ended."""
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
    def frames(self) -> int:
        """Frames read, annotated and written."""
        return sum(stream.frames for stream in self.streams)

    @property
    def inferred(self) -> int:
        """Frames in which people were looked for."""
        return sum(stream.inferred for stream in self.streams)

    @property
    def people(self) -> int:
        """Poses found, summed over those frames."""
        return sum(stream.people_total for stream in self.streams)

    @property
    def dropped(self) -> int:
        """Frames of live streams that were left out because the machine was behind."""
        return sum(stream.dropped for stream in self.streams)

    @property
    def corrupt(self) -> int:
        """Packets or frames that were damaged."""
        return sum(stream.corrupt for stream in self.streams)

    @property
    def failed(self) -> tuple[StreamStatus, ...]:
        """The streams that were given up."""
        return tuple(s for s in self.streams if s.state is StreamState.FAILED)

    @property
    def fps(self) -> float:
        """Frames per second from start to end, of all streams together."""
        return self.frames / self.elapsed_s if self.elapsed_s else 0.0


def run(
    config: Config,
    *,
    stop: StopFlag | None = None,
    on_status: Callable[[Sequence[StreamStatus]], None] | None = None,
) -> RunSummary:
    """Do the main job: read, find people, draw, write.

    Every file is finished on the way out, also when something fails. A stream that fails stops no
    other.

    Args:
        config: What to do.
        stop: Request it to end in order.
        on_status: Told several times a second how every stream is doing, on the calling thread.

    Raises:
        PosestreamError: What ended the run, or the only stream; what was written before stays and
            opens.
    """
    stop, inputs = stop or StopFlag(), input_streams(config)
    processes = processes_for(config, len(inputs))
    if processes > 1:
        from posestream.sharding.running import run_in_processes

        return run_in_processes(config, inputs, processes=processes, stop=stop, on_status=on_status)
    return run_here(on_one_gpu(config), inputs, stop=stop, on_status=on_status)


def run_here(
    config: Config,
    inputs: Sequence[InputStream],
    *,
    stop: StopFlag,
    on_status: Callable[[Sequence[StreamStatus]], None] | None = None,
    clock: StageClock | None = None,
    part: RunPart | None = None,
    ready: Callable[[str], None] | None = None,
) -> RunSummary:
    """Do the main job in this process; see `run`.

    Args:
        config: What to do.
        inputs: Its streams.
        stop: Request it to end in order.
        on_status: Told several times a second how every stream is doing, on the calling thread.
        clock: Where stage times are counted.
        part: What connects it with a larger run; None where it is the whole.
        ready: Called with what finds people, for people, before the first stream is opened.

    Raises:
        PosestreamError: What ended the run, or the only stream.
    """
    clock, alone = clock or StageClock(), len(inputs) == 1 and part is None
    outputs = RunOutputs(config, inputs, clock=clock, stop=stop, part=part)
    with ExitStack() as stack:
        settings, shown_score = with_faint_poses(config.estimator, config.analysis)
        estimator, inspector, streams = build_stream_set(
            settings, config.sharing, clock=clock, secondary=config.secondary
        )
        stack.callback(streams.close)
        decoding, topology = picture_decoding(settings), estimator.topology
        what_runs = described(config.estimator, estimator, inspector, decoding)
        outputs.open(topology, streams, estimator=what_runs)
        stack.callback(outputs.close)
        plans = [
            stream_plan(
                s,
                config,
                outputs,
                topology=topology,
                shown_score=shown_score,
                alone=alone,
                open_pictures=decoding,
            )
            for s in inputs
        ]
        for plan in plans:
            plan.analysis()  # refuses what cannot be, before any stream begins
        if ready is not None:
            ready(what_runs)
        begun = time.perf_counter()
        for plan in plans:
            streams.add(plan)
        while not streams.wait(_LOOK_EVERY_S) and not stop.requested:
            outputs.look()
            statuses = streams.statuses()
            outputs.note(statuses)
            if on_status:
                on_status(statuses)
        stopped = stop.requested
        streams.close()
        outputs.close()
        if on_status:
            on_status(streams.statuses())
        if alone:
            for error in streams.errors().values():
                raise error
        return RunSummary(
            streams=tuple(streams.statuses()),
            elapsed_s=time.perf_counter() - begun,
            stages=clock.report(),
            estimator=what_runs,
            outputs=outputs.written,
            stopped=stopped,
        )


def stream_plan(
    stream: InputStream,
    config: Config,
    outputs: RunOutputs,
    *,
    topology: Topology,
    shown_score: float = 0.0,
    alone: bool = False,
    open_pictures: OpenPictures | None = None,
) -> StreamPlan[Source]:
    """Return what one stream of a run is to do."""
    return StreamPlan(
        name=stream.name,
        open_source=stream.opener(open_pictures),
        open_consumer=outputs.recorder(stream),
        input=redacted(stream.address),
        retries=stream.comes_back,
        takes_turns=stream.takes_turns,
        logs_failure=not alone,  # else it is raised
        policy=stream.policy(),
        interval=stream.settings.interval,
        secondary=lambda: build_stream_findings(config.secondary),
        analysis=lambda: build_analysis(
            config.analysis,
            topology,
            stream=stream.name,
            places=stream.places,
            shown_score=shown_score,
        ),
    )
