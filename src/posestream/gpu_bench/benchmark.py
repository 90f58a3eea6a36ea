"""All figures, one after the other; what fails is noted in its place, and the rest goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from posestream.config import Config
from posestream.density.search import most_sustained
from posestream.density.trials import Trial, shortfalls
from posestream.errors import InferenceError, PosestreamError
from posestream.gpu_bench.agreement import agreement
from posestream.gpu_bench.apart import StoppedError, Task, Tell
from posestream.gpu_bench.book import Book
from posestream.gpu_bench.clips import Footage
from posestream.gpu_bench.growth import growth
from posestream.gpu_bench.networks import BenchNetwork
from posestream.gpu_bench.plan import Plan
from posestream.gpu_bench.tasks import (
    Times,
    decoders_task,
    finding_task,
    latency_task,
    streams_task,
    trial_task,
)
from posestream.runtime.stopping import StopFlag
from posestream.sharding.choosing import STREAMS_PER_PROCESS

_PATIENCE_S = 600.0
_BATCHES = (1, 32, 64)
_MEMORY_COUNTS = (8, 24)


class Run(Protocol):
    """Does a task; `posestream.gpu_bench.apart.run_apart` is one."""

    def __call__(
        self, task: Task, *arguments: Any, tell: Tell, stop: StopFlag, timeout_s: float
    ) -> Any:
        """Return the task's value."""
        ...


class Progress(Protocol):
    """Told what happens, as it happens."""

    def begins(self, what: str) -> None:
        """Something that takes a while begins."""
        ...

    def measured(self, what: str, figures: Any) -> None:
        """A figure is there."""
        ...

    def failed(self, what: str, problem: str) -> None:
        """A figure could not be taken."""
        ...


class Benchmark:
    """Takes what a plan wants, each figure in its own process.

    Args:
        plan: What is wanted.
        book: Takes the figures.
        folder: For what runs write; each figure's own part is deleted after it.
        times: How long is measured, and on which GPU.
        run: Does one task.
        stop: Ends everything.
        progress: Told of every step.
    """

    def __init__(
        self,
        plan: Plan,
        book: Book,
        folder: Path,
        *,
        times: Times,
        run: Run,
        stop: StopFlag,
        progress: Progress,
    ) -> None:
        self._plan, self._book, self._times = plan, book, times
        self._out = folder / "out"
        self._run, self._stop, self._progress = run, stop, progress

    def decoding(self, footage: Footage, network: BenchNetwork) -> None:
        """Measure decoding: the same streams while nobody looks for people, and no streams at all.

        What the second gives and the first does not is the price of the streams themselves.
        """
        if not self._wants("decode"):
            return
        plan, clip = self._plan, footage.recorded.path
        self._take(
            ("decode", footage.name),
            lambda: plan.decoding(network, clip, self._out, count=plan.streams),
        )
        self._step(
            ("decode", footage.name, "alone"),
            lambda: self._do(decoders_task, clip, self._times, plan.streams, self._processes),
        )

    def network(self, network: BenchNetwork, footages: Sequence[Footage]) -> None:
        """Take one network's figures."""
        self._book.note("networks", network.name, "weights", value=network.weights)
        first = footages[0]
        if self._wants("infer"):
            self._step(
                ("networks", network.name, "infer"),
                lambda: self._do(
                    finding_task,
                    self._plan.config(network, first.recorded.path, self._out),
                    first.recorded.path,
                    self._times,
                    (1,) if self._times.device is None else _BATCHES,
                ),
            )
        for footage in footages:
            self._single(network, footage)
            self._many(network, footage)

    def agreement(self, network: BenchNetwork, clip: Path) -> None:
        """Compare who is found with who is found on the CPU, in float32."""
        own, path = self._plan.settings, ("agreement", network.name)
        once = {"loop": False, "realtime": False, "track": False, "formats": ("jsonl",)}

        def compare() -> Any:
            for profile in (own["profile"],) if own.get("profile") else ("fast", "balanced"):
                on_cpu = dict.fromkeys(own) | {"device": "cpu", "precision": "f32"}
                pair = [
                    self._plan.config(
                        network, clip, self._out / where, **{**once, **keys, "profile": profile}
                    )
                    for where, keys in (("device", {}), ("cpu", on_cpu))
                ]
                self._book.note(*path, profile, value=self._do(agreement, *pair))
            return self._book.get(*path)

        if self._wants("agreement"):
            self._step(path, compare)

    def soak(self, network: BenchNetwork, footage: Footage) -> None:
        """Run cameras for long and look at memory."""
        if not self._wants("soak"):
            return
        plan, path = self._plan, ("soak", f"{network.name} {footage.name}")
        times = Times(
            seconds=self._times.seconds,
            warm_up_s=self._times.warm_up_s,
            device=self._times.device,
            sample_s=plan.sample_s,
        )
        samples: list[dict[str, Any]] = []

        def sampled(sample: dict[str, Any]) -> None:
            samples.append(sample)
            self._book.note(*path, "samples", value=samples)

        def soak() -> dict[str, Any]:
            config = self._streaming(network, footage, plan.streams, live=True)
            window = self._do(streams_task, config, times, tell=sampled)
            return {**window, "growth": growth(samples), "samples": samples}

        self._step(path, soak)

    def _single(self, network: BenchNetwork, footage: Footage) -> None:
        """Measure one stream: as fast as it goes, and from packet to people."""
        if not self._wants("single"):
            return
        path = ("networks", network.name, "single", footage.name)
        self._take(
            (*path, "throughput"),
            lambda: self._streaming(network, footage, 1, live=False, processes=1),
        )
        alone = {"batch": 1, "batch_wait_ms": 0.0, "processes": 1}

        def latency() -> Any:
            config = self._plan.config(network, footage.live.path, self._out, **alone)
            return self._do(latency_task, config, footage.live.path, self._times)

        self._step((*path, "packet_to_pose"), latency)

    def _many(self, network: BenchNetwork, footage: Footage) -> None:
        plan, path = self._plan, ("networks", network.name)
        if self._wants("throughput"):
            self._take(
                (*path, "throughput", footage.name),
                lambda: self._streaming(network, footage, plan.streams, live=False),
            )
            self._compare(network, footage)
        if self._wants("memory"):
            self._step((*path, "memory", footage.name), lambda: self._memory(network, footage))
        if self._wants("density"):
            self._step((*path, "density", footage.name), lambda: self._density(network, footage))

    def _compare(self, network: BenchNetwork, footage: Footage) -> None:
        """Note what share of decoding alone, and of finding people alone, was reached."""
        path = ("networks", network.name, "throughput", footage.name)
        fps = self._book.get(*path, "fps")
        limits = {
            "of_decode_only": self._book.get("decode", footage.name, "fps"),
            "of_decoder": self._book.get("decode", footage.name, "alone", "decoder_fps"),
            "of_infer_only": self._book.get("networks", network.name, "infer", "fps"),
        }
        for name, limit in limits.items():
            if fps and limit:
                self._book.note(*path, name, value=round(fps / limit, 3))

    def _memory(self, network: BenchNetwork, footage: Footage) -> dict[str, Any]:
        """Return what each further stream takes, in one process."""
        few, many = (min(count, self._plan.streams) for count in _MEMORY_COUNTS)
        few = min(few, max(1, many - 1))
        found = [
            self._do(
                streams_task,
                self._streaming(network, footage, count, live=True, processes=1),
                self._times,
            )
            for count in (few, many)
        ]
        figures: dict[str, Any] = {"streams": [few, many]}
        for name in ("gpu_mb", "resident_mb"):
            pair = [one[name] for one in found]
            figures[name] = pair
            if None not in pair and many > few:
                figures[f"{name}_per_stream"] = round((pair[1] - pair[0]) / (many - few), 2)
        return figures

    def _density(self, network: BenchNetwork, footage: Footage) -> dict[str, Any]:
        """Return how many cameras are sustained, from a guess that throughput allows."""
        rate, path = footage.live.rate, ("networks", network.name)
        fps = self._book.get(*path, "throughput", footage.name, "fps")
        call_s = (self._book.get(*path, "infer", "call_ms") or 0.0) / 1e3
        first = max(1, int(0.9 * fps / rate)) if fps else self._plan.streams
        trials: list[Trial] = []

        def sustains(count: int) -> bool:
            config = self._streaming(network, footage, count, live=True)
            trial = self._do(trial_task, config, self._times, footage.live)
            trials.append(trial)
            return not shortfalls(trial, inference_s=call_s)

        within = max(1, first // 16)
        most = most_sustained(sustains, most=4 * first, first=first, within=within)
        return {
            "streams": most,
            "rate": rate,
            "within": within,
            "trials": [_trial(trial, call_s) for trial in trials],
        }

    def _streaming(
        self, network: BenchNetwork, footage: Footage, count: int, *, live: bool, **more: Any
    ) -> Config:
        clip = (footage.live if live else footage.recorded).path
        return self._plan.streaming(network, clip, self._out, count=count, live=live, **more)

    def _take(self, path: tuple[str, ...], config: Callable[[], Config]) -> None:
        """Run streams and note what they did."""
        self._step(path, lambda: self._do(streams_task, config(), self._times))

    def _step(self, path: tuple[str, ...], measure: Callable[[], Any]) -> None:
        """Take a figure and note it, or why it could not be taken."""
        what = " ".join(path)
        if self._stop.requested:
            return
        self._progress.begins(what)
        try:
            figures = measure()
        except StoppedError:
            return
        except (InferenceError, PosestreamError) as error:
            self._book.note(*path, "error", value=str(error))
            self._progress.failed(what, str(error))
        else:
            self._book.note(*path, value=figures)
            self._progress.measured(what, figures)

    def _do(self, task: Task, *arguments: Any, tell: Tell | None = None) -> Any:
        timeout_s = _PATIENCE_S + self._times.warm_up_s + 3 * self._times.seconds
        try:
            return self._run(
                task,
                *arguments,
                tell=tell or (lambda _: None),
                stop=self._stop,
                timeout_s=timeout_s,
            )
        finally:
            shutil.rmtree(self._out, ignore_errors=True)

    @property
    def _processes(self) -> int:
        """How many processes decode alone: as many as a run of these streams would take."""
        asked = str(self._plan.settings.get("processes") or "")
        return int(asked) if asked.isdigit() else -(-self._plan.streams // STREAMS_PER_PROCESS)

    def _wants(self, step: str) -> bool:
        return step in self._plan.steps


def _trial(trial: Trial, inference_s: float) -> dict[str, Any]:
    return {
        "streams": trial.streams,
        "reasons": list(shortfalls(trial, inference_s=inference_s)),
        "fps_mean": round(trial.fps_mean, 2),
        "fps_slowest": round(trial.fps_min, 2),
        "dropped_share": round(trial.dropped_share, 4),
        "latency_p50_ms": round(1e3 * trial.latency_p50_s, 1),
        "latency_p99_ms": round(1e3 * trial.latency_p99_s, 1),
        "cpu_share": round(trial.cpu_share, 3),
    }
