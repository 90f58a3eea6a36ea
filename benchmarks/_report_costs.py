"""What docs/performance.md says of the price of a frame in Python, and of several processes."""

from __future__ import annotations

from statistics import median
from typing import Any

from _report_table import table

Figures = dict[str, Any]
THREADS = {"read": "readers", "estimate": "workers", "write": "writers", "supervise": "supervision"}


def runtime_cost(figures: Figures) -> str:
    rows = [
        (
            count,
            f"{one['cpu_us_per_frame']:.0f}",
            *(f"{one['threads'][thread]['cpu_us_per_frame']:.0f}" for thread in THREADS),
            f"{one['share_of_rate']:.3f}",
        )
        for count, one in figures["live"].items()
    ]
    files, steps = figures["files"], figures["steps"]
    return (
        "Everything but pixels and networks: five people a frame, known beforehand, followed and "
        "written to `poses.jsonl`; live streams of 30 fps, processor time per frame in us.\n\n"
        + table(("streams", "all", *THREADS.values(), "share of the rate"), rows)
        + f"\n32 files as fast as can be: {files['wall_us_per_frame']:.0f} us of wall time per "
        f"frame, {files['fps']:.0f} fps. One thread alone, us per frame: following people "
        f"{steps['track']:.0f}, writing a line {steps['line, written']:.0f}.\n"
    )


def processes(figures: Figures) -> str:
    counts = sorted({row["processes"] for row in figures["rows"]})
    rows = []
    for count in counts:
        runs = [row for row in figures["rows"] if row["processes"] == count]
        middle = {key: median(run[key] for run in runs) for key in runs[0]}
        fps = ", ".join(f"{fps:.0f}" for fps in sorted(run["fps"] for run in runs))
        cost, memory = middle["cpu_us_per_frame"], middle["resident_mb"]
        rows.append((count, fps, f"{cost:.0f}", f"{memory:.0f}"))
    asked = figures["streams"] * figures["rate"]
    return (
        f"{figures['streams']} made-up cameras of {figures['rate']} frames a second, {asked} in "
        f"all, people looked for in every {figures['interval']}th frame, no video; the machine was "
        "busy with other work. Processor time and memory are medians of the runs.\n\n"
        + table(("processes", "frames/s of each run", "us per frame", "memory, MB"), rows)
    )
