"""The main job in several processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from posestream.assembly_events import EventOutputs
from posestream.assembly_streams import InputStream
from posestream.config import Config
from posestream.outputs import trouble_in
from posestream.outputs_planned import (
    has_mosaic_video,
    has_room_for_mosaic,
    open_mosaic_video,
    refuse_outputs,
)
from posestream.pipeline import RunSummary
from posestream.recording import VIDEO_NAME
from posestream.runtime.status import StreamStatus
from posestream.runtime.stopping import StopFlag
from posestream.sharding.messages import Happened, Logged
from posestream.sharding.mosaics import SharedMosaic
from posestream.sharding.process import ShardProcess, Told
from posestream.sharding.shares import Share, dealt, share_config
from posestream.sharding.team import Team
from posestream.sharding.tile_pictures import TilePictures
from posestream.watching import Watching

_LOOK_EVERY_S = 0.05
_FINISH_S = 60.0


def run_in_processes(
    config: Config,
    inputs: Sequence[InputStream],
    *,
    processes: int,
    stop: StopFlag,
    on_status: Callable[[Sequence[StreamStatus]], None] | None = None,
) -> RunSummary:
    """Do the main job in several processes; see `posestream.pipeline.run`.

    Args:
        config: What to do.
        inputs: All streams, at least two.
        processes: Processes, at most as many as there are streams.
        stop: Request it to end in order.
        on_status: Told several times a second how every stream is doing, on the calling thread.

    Raises:
        PosestreamError: What ended the run.
    """
    shared = SharedOutputs(config, inputs, processes=processes, stop=stop)
    with ExitStack() as stack:
        stack.callback(shared.close)
        team = shared.start()
        stack.callback(team.close)
        stack.callback(team.finish, timeout_s=_FINISH_S)
        stack.callback(shared.let_go)
        ready, begun_s = team.prepare(lambda: stop.requested), time.perf_counter()
        if ready:
            shared.open(team)
            begun_s = time.perf_counter()
            team.begin()
        while not team.over and not stop.requested:
            time.sleep(_LOOK_EVERY_S)
            shared.look()
            if on_status:
                on_status(team.statuses())
        stopped = stop.requested
        team.finish(timeout_s=_FINISH_S)
        shared.close()
        if on_status:
            on_status(team.statuses())
        if team.failure is not None:
            raise team.failure
        return RunSummary(
            streams=tuple(team.statuses()),
            elapsed_s=time.perf_counter() - begun_s,
            stages=team.report(),
            estimator=team.estimator,
            outputs=(*shared.written, *team.outputs()),
            stopped=stopped,
        )


class SharedOutputs:
    """What the processes of a run share: webhooks, the log, the mosaic, ways to look at it.

    Args:
        config: Settings of the run.
        inputs: All streams.
        processes: How many share them.
        stop: Requested where the user closes the window.

    Raises:
        ConfigError: If an output would replace an input, or the mosaic cannot be.
        OutputExistsError: If an output exists and may not be replaced.
    """

    def __init__(
        self,
        config: Config,
        inputs: Sequence[InputStream],
        *,
        processes: int,
        stop: StopFlag,
    ) -> None:
        self._config, self._inputs = config, inputs
        self._dealt = dealt(len(inputs), processes)
        self._watching = Watching(config, stop=stop)
        self._events = EventOutputs(
            config.events, folder=config.output, overwrite=config.outputs.overwrite
        )
        refuse_outputs(config, inputs, self._events)
        self._live = any(stream.is_live for stream in inputs)
        self._mosaic = self._planned_mosaic()
        self._said: set[Logged] = set()
        self._begun = False
        self._opened = ExitStack()
        self.written: list[Path] = []

    def start(self) -> Team:
        """Start the processes.

        Raises:
            ConfigError: If not all of them can be started; none is left then.
        """
        members: list[ShardProcess] = []
        with ExitStack() as stack:
            for place in range(len(self._dealt)):
                members.append(self._started(self._share(place)))
                stack.callback(members[-1].close)
                stack.callback(members[-1].abandon)
            stack.pop_all()
        return Team(members, [stream.name for stream in self._inputs])

    def open(self, team: Team) -> None:
        """Open what the processes share, once they are ready.

        Raises:
            PosestreamError: If something of it cannot be opened.
        """
        self._begun = True
        if self._config.has_events:
            self._events.open()
            self._opened.callback(self._events.close)
        self._watching.open(team, estimator=team.estimator, machine=team.use)
        self._opened.callback(self._watching.close)
        if self._mosaic is None:
            return
        sinks = self._watching.mosaic_sinks()
        if self._watching.pictures is not None:
            names = [stream.name for stream in self._inputs]
            sinks.append(TilePictures(self._watching.pictures, names, self._mosaic.tiles))
        if self._writes_mosaic:
            sinks.append(open_mosaic_video(self._config, live=self._live))
            self.written.append(self._config.output / VIDEO_NAME)
        self._mosaic.forget_files()
        self._mosaic.open(sinks, trouble=lambda name: trouble_in(team, name))
        self._opened.callback(self._mosaic.close)

    def look(self) -> None:
        """Do what only the main thread may do; to be called many times a second."""
        self._watching.look()

    def let_go(self) -> None:
        """Let no process wait for what was never opened."""
        if self._mosaic is not None:
            self._mosaic.let_go()

    def close(self) -> None:
        """Finish, once the processes are over; may be called twice.

        Raises:
            PosestreamError: If something could not be written.
        """
        if self._mosaic is not None:
            self._mosaic.forget_files()
        self._opened.close()

    @property
    def _writes_mosaic(self) -> bool:
        return self._mosaic is not None and has_mosaic_video(self._config)

    def _planned_mosaic(self) -> SharedMosaic | None:
        wanted = has_mosaic_video(self._config) or self._watching.shows_mosaic
        if not wanted or not has_room_for_mosaic(self._config, self._inputs):
            return None
        names = [stream.name for stream in self._inputs]
        return SharedMosaic(self._config, names, self._dealt, live=self._live)

    def _share(self, place: int) -> Share:
        config, own, of = self._config, self._dealt[place], len(self._dealt)
        return Share(
            place=place,
            processes=of,
            config=share_config(config, self._inputs, own, place=place, of=of),
            streams=tuple(self._inputs[n] for n in own),
            log_level=logging.getLogger("posestream").getEffectiveLevel(),
            sheet=self._mosaic.forms[place] if self._mosaic is not None else None,
        )

    def _started(self, share: Share) -> ShardProcess:
        process = ShardProcess(share, tell=self._take)
        if self._mosaic is not None:
            self._mosaic.join(share.place, process.free)
        process.start()
        return process

    def _take(self, process: ShardProcess, message: Told) -> None:
        if isinstance(message, Logged):
            self._log(message)
        elif isinstance(message, Happened):
            self._events.senders[message.webhook].offer(message.event)
        elif self._mosaic is not None:
            self._mosaic.take(process.share.place, message, lost=process.lost)

    def _log(self, line: Logged) -> None:
        """Log what a process says; what all of them say while they load, once."""
        if not self._begun:
            if line in self._said:
                return
            self._said.add(line)
        logging.getLogger(line.logger).log(line.level, "%s", line.text)
