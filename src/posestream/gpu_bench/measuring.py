"""From a plan to its figures."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posestream.config_devices import devices_of
from posestream.errors import PosestreamError
from posestream.gpu.libraries import checked_device, import_video_codec
from posestream.gpu_bench.benchmark import Benchmark, Progress, Run
from posestream.gpu_bench.book import Book, described_machine
from posestream.gpu_bench.clips import Footage, make_footage, own_footage
from posestream.gpu_bench.networks import EMBEDDED, BenchNetwork, make_network
from posestream.gpu_bench.plan import Plan
from posestream.gpu_bench.tasks import Times
from posestream.runtime.stopping import StopFlag

_CLIP_S = 10.0


def measure_gpu(
    plan: Plan, path: Path | None, *, run: Run, stop: StopFlag, progress: Progress
) -> dict[str, Any]:
    """Take every figure of a plan.

    Args:
        plan: What is measured.
        path: The JSON file that each figure is in as soon as it is there; None for none.
        run: Does one task, in a process of its own.
        stop: Ends it with what is known by then.
        progress: Told of every step.

    Raises:
        ConfigError: If there is no such GPU.
        MissingDependencyError: If something is not installed that every figure needs.
        PosestreamError: If a clip cannot be read or made, or the file not be written.
    """
    own = [own_footage(path) for path in plan.clips]
    device = checked_gpu(plan.device)
    with tempfile.TemporaryDirectory(prefix="posestream-") as name:
        folder = Path(name)
        book = Book(path, _head(plan, device=device))
        footages = own or _made_footages(plan, folder, stop, progress)
        times = Times(seconds=plan.seconds, warm_up_s=plan.warm_up_s, device=device)
        benchmark = Benchmark(
            plan, book, folder, times=times, run=run, stop=stop, progress=progress
        )
        networks = _networks(plan, book, folder, stop, progress)
        if networks and footages:
            for footage in footages:
                benchmark.decoding(footage, networks[0])
            _measure(benchmark, networks, footages)
    return book.figures


def _measure(
    benchmark: Benchmark, networks: Sequence[BenchNetwork], footages: Sequence[Footage]
) -> None:
    for network in networks:
        benchmark.network(network, footages)
        if network.name == EMBEDDED:  # made-up weights find what was laid over, anywhere
            benchmark.agreement(network, footages[0].live.path)
        benchmark.soak(network, footages[0])


def checked_gpu(device: str) -> int | None:
    """Return the index of the first GPU of those named; None for the CPU.

    Memory, and parts alone, are measured on it, and streams run on all.

    Raises:
        ConfigError: If there is no such GPU.
        MissingDependencyError: If something is not installed.
    """
    indices = [checked_device(one) for one in devices_of(device)]
    if not indices:
        return None
    import_video_codec()
    return indices[0]


def _head(plan: Plan, *, device: int | None) -> dict[str, Any]:
    return {
        "machine": described_machine(device=device),
        "settings": {
            "device": plan.device,
            "streams": plan.streams,
            "seconds": plan.seconds,
            "warm_up_s": plan.warm_up_s,
            "mosaic": plan.mosaic,
            **{key: str(value) for key, value in plan.settings.items() if value is not None},
        },
        "note": "weights are made up, except the embedded network's: only speed means anything",
    }


def _made_footages(plan: Plan, folder: Path, stop: StopFlag, progress: Progress) -> list[Footage]:
    found = []
    for codec in plan.codecs:
        if stop.requested:
            break
        progress.begins(f"making clips: {codec}, a minute or two on few cores")
        found.append(make_footage(codec, folder, seconds=_CLIP_S))
    return found


def _networks(
    plan: Plan, book: Book, folder: Path, stop: StopFlag, progress: Progress
) -> list[BenchNetwork]:
    """Make the networks; one that cannot be made is noted, and the others are measured."""
    found = []
    for name in plan.networks:
        if stop.requested:
            return []
        progress.begins(f"making a network: {name}")
        try:
            found.append(make_network(name, folder))
        except PosestreamError as error:
            book.note("networks", name, "error", value=str(error))
            progress.failed(f"networks {name}", str(error))
    return found
