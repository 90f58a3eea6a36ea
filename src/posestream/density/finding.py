"""Find a machine's channel density, and what limits it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from posestream.assembly import build_stream_set, described, workers_and_batch
from posestream.config import Config
from posestream.density.clip import Clip
from posestream.density.limits import Limits, measure_limits
from posestream.density.measuring import measure_streams
from posestream.density.search import most_sustained
from posestream.density.trials import Trial, shortfalls
from posestream.runtime.stopping import StopFlag


@dataclass(frozen=True, slots=True)
class Series:
    """The trials with people looked for in every n-th frame."""

    interval: int
    """The n."""
    most: int
    """The most streams that were sustained."""
    trials: tuple[Trial, ...]
    """All trials, as they were made."""
    complete: bool
    """Whether one more stream was too many; if not, the search ended early."""


@dataclass(frozen=True, slots=True)
class Density:
    """How many streams a machine sustains, and what limits it."""

    clip: Clip
    """What every stream plays."""
    estimator: str
    """What finds people."""
    limits: Limits
    """What the parts can do alone."""
    series: tuple[Series, ...]
    """One for each interval."""


class Progress(Protocol):
    """Told what happens, as it happens."""

    def begins(self, what: str) -> None:
        """Something that takes a while begins."""
        ...

    def limited(self, limits: Limits) -> None:
        """The parts have been measured."""
        ...

    def measured(self, trial: Trial, reasons: Sequence[str]) -> None:
        """A trial is over, and these are the reasons why it was too much, if it was."""
        ...


def find_density(
    config: Config,
    clip: Clip,
    *,
    intervals: Sequence[int],
    most: int,
    warm_up_s: float,
    seconds: float,
    stop: StopFlag,
    progress: Progress,
) -> Density:
    """Find the most live streams that are sustained, for each interval.

    Args:
        config: How people are found, what is written and where; its input is the clip.
        clip: What every stream plays, in real time and over and over.
        intervals: People are looked for in every n-th frame, for each n.
        most: The most streams that are tried.
        warm_up_s: How long streams run before it counts, seconds.
        seconds: How long each trial, and each part alone, is measured.
        stop: Ends the search with what is known by then.
        progress: Told of every step.

    Raises:
        PosestreamError: If the clip, the model or an output cannot be used.
    """
    progress.begins("loading the network")
    sharing = config.sharing.model_copy(update={"concurrent": most})
    estimator, _, streams = build_stream_set(config.estimator, sharing)
    try:
        progress.begins("measuring decoding and the network alone")
        workers, batch = workers_and_batch(config.estimator, sharing)
        limits = measure_limits(clip.path, estimator, workers=workers, batch=batch, seconds=seconds)
        progress.limited(limits)
        series: list[Series] = []
        for interval in intervals:

            def measure(count: int, interval: int = interval) -> Trial | None:
                progress.begins(f"streams at once: {count}")
                return measure_streams(
                    playing(config, clip, count, interval=interval),
                    clip,
                    streams,
                    estimator.topology,
                    warm_up_s=warm_up_s,
                    seconds=seconds,
                    stop=stop,
                )

            first = max(1, series[-1].most) if series else 1
            series.append(
                find_series(
                    measure,
                    interval=interval,
                    most=most,
                    first=first,
                    inference_s=limits.infer_s,
                    on_trial=progress.measured,
                )
            )
            if stop.requested:
                break
    finally:
        streams.close()
    return Density(clip, described(config.estimator, estimator), limits, tuple(series))


def find_series(
    measure: Callable[[int], Trial | None],
    *,
    interval: int,
    most: int,
    first: int = 1,
    inference_s: float,
    on_trial: Callable[[Trial, Sequence[str]], None],
) -> Series:
    """Find the most streams that are sustained at one interval.

    Args:
        measure: Runs so many streams; returns None if that was stopped, which ends the search.
        interval: People are looked for in every n-th frame.
        most: The most streams that are tried.
        first: How many are tried first.
        inference_s: What the network takes for a frame when it has the machine for itself, seconds.
        on_trial: Told each trial, and the reasons why it was too much, if it was.
    """
    trials: list[Trial] = []
    stopped = False

    def sustains(count: int) -> bool | None:
        nonlocal stopped
        trial = measure(count)
        if trial is None:
            stopped = True
            return None
        trials.append(trial)
        reasons = shortfalls(trial, inference_s=inference_s)
        on_trial(trial, reasons)
        return not reasons

    found = most_sustained(sustains, most=most, first=first)
    return Series(interval, found, tuple(trials), complete=found < most and not stopped)


def playing(config: Config, clip: Clip, count: int, *, interval: int) -> Config:
    """Return the configuration of so many live streams, each of them the clip, without an end."""
    stream = config.stream.model_copy(update={"interval": interval, "realtime": True, "loop": True})
    outputs = config.outputs.model_copy(update={"overwrite": True})
    inputs = (str(clip.path),) * count
    return config.model_copy(update={"input": inputs, "stream": stream, "outputs": outputs})
