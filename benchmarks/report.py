"""Write docs/performance.md from what the other scripts measured.

    python benchmarks/report.py

Every figure in the page comes from a file in ``benchmarks/results``; bars are those of the issue
that asked for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _report_costs import processes, runtime_cost
from _report_streams import many_streams, soak
from _report_table import table

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
Figures = dict[str, Any]

HEAD = """# Performance

Every figure here comes from a script in `benchmarks/`, which wrote the JSON in
`benchmarks/results` that this page is made from by `python benchmarks/report.py`. The machines are
small virtual ones that others share: compare ratios taken in one run, not milliseconds of
different tables.
Nothing was timed on real hardware of other kinds (aarch64, macOS, Windows, CPUs with AMX).
"""


def accuracy(figures: Figures) -> str:
    rows = [
        (
            name,
            f"{one['AP']:.3f}",
            f"{one['AP50']:.3f}",
            f"{one['APM']:.3f}",
            f"{one['APL']:.3f}",
            f"{one['ms_per_image']['wall']:.0f}",
            f"{one['ms_per_image']['in_stream']:.0f}",
        )
        for name, one in figures["profiles"].items()
    ]
    head = ("profile", "AP", "AP50", "APM", "APL", "ms alone", "ms in a stream")
    return (
        "COCO keypoint AP on 92 images of val2017, whose areas are partly estimated, so that the "
        "figures read low: compare them with each other. *Alone*: one picture, all cores at work "
        "on it. *In a stream*: time per picture where each core has one.\n\n" + table(head, rows)
    )


PAF_BARS = {"1": 60 / 385, "5": 100 / 661, "10": 150 / 1153, "30": 350 / 5071}
"""Share of a careful numpy decoder's time that ours may take, by people."""


def paf_decode(figures: Figures) -> str:
    rows = [
        (
            people,
            f"{one['us']:.0f}",
            f"{one['careful_us']:.0f}",
            f"{one['ratio']:.3f}",
            f"{PAF_BARS[people]:.3f}" if people in PAF_BARS else "",
        )
        for people, one in figures["people"].items()
    ]
    hard = ", ".join(
        f"{name} {1e3 * seconds:.1f} ms" for name, seconds in figures["hard_s"].items()
    )
    return (
        "One thread, 56 x 56 cells, 18 keypoints, 21 limbs, noise .03, from maps to poses; the bar "
        "is a share of a careful decoder in numpy and scipy.\n\n"
        + table(("people", "ours, us", "careful numpy, us", "ratio", "bar"), rows)
        + f"\nAt 100 candidates a keypoint: {hard}.\n"
    )


def paf_quality(figures: Figures) -> str:
    rows = [(name, *(f"{value:.3f}" for value in row)) for name, row in figures["rows"].items()]
    return (
        "Share of people with at least 80 % of their visible keypoints in one pose. *original* and "
        "*bar* are the reference decoder's figures and those to beat, on scenes of their own. "
        "*Robust* counts keypoints placed from traces too faint for a peak.\n\n"
        + table(("", *figures["columns"]), rows)
    )


def end_to_end(figures: Figures) -> str:
    stages = ", ".join(f"{name} {ms:.1f}" for name, ms in figures["stage_ms"].items())
    loops = figures["times_opencv_loop"]
    rows = [
        ("posestream run, video and data", f"{figures['posestream_fps']:.1f} fps"),
        ("the ideal: stages alone, divided over the cores", f"{figures['ideal_fps']:.1f} fps"),
        ("share of the ideal", f"{figures['share_of_ideal']:.2f}"),
        ("times a plain OpenCV loop with the same passes", f"{loops['same_passes']:.2f}"),
        ("times a plain OpenCV loop with one pass", f"{loops['one_pass']:.2f}"),
    ]
    return (
        f"1080p H.264, profile {figures['profile']}, precision {figures.get('precision', 'auto')}, "
        f"{figures['cores']} cores; the OpenCV loop is in f32. "
        f"Stages, ms per frame: {stages}.\n\n" + table(("", ""), rows)
    )


def startup(figures: Figures) -> str:
    names = {
        "import_s": "`import posestream`",
        "help_s": "`posestream --help`",
        "first_pose_second_start_s": "first pose, second start",
        "first_pose_first_start_s": "first pose, first start on a machine",
    }
    return table(("", "s"), [(text, f"{figures[key]:.2f}") for key, text in names.items()])


def memory(figures: Figures) -> str:
    return (
        f"{figures['frames']} frames, profile {figures['profile']}: "
        f"from {figures['early_mb']} MB in the second tenth of the run "
        f"to {figures['late_mb']} MB in the last "
        f"({100 * figures['growth']:.2f} %), at most {figures['peak_mb']} MB.\n"
    )


def overlay(figures: Figures) -> str:
    rows = [tuple(one.values()) for one in figures["over_copy_ms"]]
    head = tuple(name.replace("_", " ") for name in figures["over_copy_ms"][0])
    return (
        "Milliseconds on a 1080p frame over the copy that is drawn on, "
        f"{figures['copy_ms']} ms; one thread; each option beside the skeletons.\n\n"
        + table(head, rows)
    )


def data_out(figures: Figures) -> str:
    rows = [(name, *one.values()) for name, one in figures["us_per_frame"].items()]
    people = [f"{n} people" for n in next(iter(figures["us_per_frame"].values()))]
    return "Microseconds per frame and format.\n\n" + table(("format", *people), rows)


def secondary(figures: Figures) -> str:
    names = {
        "before": "before there were secondary models",
        "off": "without secondary models",
        "nanodet_every_10th_frame": "NanoDet on every tenth frame",
        "nanodet_every_frame": "NanoDet on every frame",
        "nanodet_every_person": "NanoDet on every person's crop",
        "threads_before": "threads and queues alone, before",
        "threads_off": "threads and queues alone, without secondary models",
    }
    least, median = figures["least_cpu_ms_per_frame"], figures["median_cpu_ms_per_frame"]
    rows = [(text, f"{least[key]:.3f}", f"{median[key]:.3f}") for key, text in names.items()]
    return (
        f"CPU milliseconds per 1080p frame with two people, all threads together, profile "
        f"{figures['profile']}, no video written.\n\n" + table(("", "least", "median"), rows)
    )


def networks(figures: Figures) -> str:
    rows = [
        (network, way, f"{one['ms']:.1f}", f"{one['fps']:.1f}")
        for network, ways in figures["networks"].items()
        for way, one in ways.items()
        if isinstance(one, dict) and "ms" in one
    ]
    return (
        "TRTPose's networks with made-up weights, one picture a call, two threads, least of many "
        "rounds.\n\n" + table(("network", "run by", "ms", "pictures a second"), rows)
    )


def quantization(figures: Figures) -> str:
    ways = [
        f"{library} {kind}" for library in ("openvino", "onnxruntime") for kind in ("f32", "int8")
    ]
    rows = [(size, *(f"{one[way]:.1f}" for way in ways)) for size, one in figures["ms"].items()]
    for profile in ("fast", "balanced"):
        aps = (f"{figures['AP'][way][profile]:.4f}" for way in ways)
        rows.append((f"AP, {profile}", *aps))
    return "The embedded network alone, milliseconds a picture by size.\n\n" + table(
        ("", *ways), rows
    )


SECTIONS: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "accuracy": ("Accuracy and time of the profiles", accuracy),
    "end_to_end": ("The main job", end_to_end),
    "end_to_end_many": ("The main job with several people", end_to_end),
    "end_to_end_f32": ("The main job in f32, as the OpenCV loop is", end_to_end),
    "startup": ("Start", startup),
    "memory": ("Memory", memory),
    "paf_decode": ("Decoding part affinity fields", paf_decode),
    "paf_quality": ("Quality of PAF decoding", paf_quality),
    "overlay": ("Drawing", overlay),
    "data_out": ("Data out", data_out),
    "networks": ("Networks people bring", networks),
    "quantization": ("INT8", quantization),
    "secondary": ("Secondary models", secondary),
    "many_streams": ("Many streams", many_streams),
    "runtime_cost": ("What a frame costs besides", runtime_cost),
    "processes": ("Several processes", processes),
    "soak": ("Eight live streams for a long time", soak),
}
"""Heading and writer of each file of results; a file that is missing is left out."""


def main() -> None:
    parts = [HEAD]
    for name, (heading, write) in SECTIONS.items():
        file = RESULTS / f"{name}.json"
        if not file.exists():
            continue
        figures = json.loads(file.read_text(encoding="utf-8"))
        machine = figures["machine"]
        taken = f"`benchmarks/results/{name}.json`: {machine['cpu']}, {machine['cores']} cores, "
        taken += f"commit {machine['commit']}, {machine['date']}."
        parts.append(f"## {heading}\n\n{write(figures)}\n{taken}\n")
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
