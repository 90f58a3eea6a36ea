"""What docs/performance.md says of many streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from _report_table import table

Figures = dict[str, Any]


def many_streams(figures: Figures) -> str:
    return "".join(write(figures[name]) for name, write in MANY_STREAMS.items() if name in figures)


def _together(one: Figures) -> str:
    ways = {
        "data": "data only",
        "video": "data and video",
        "video_and_mosaic": "with the mosaic, which one file has not",
    }
    rows = [
        (
            text,
            f"{one[key]['together_fps']:.1f}",
            f"{one[key]['alone_fps']:.1f}",
            f"{one[key]['ratio']:.3f}",
        )
        for key, text in ways.items()
    ]
    head = ("", "together, fps", "alone, fps", f"ratio (bar {one['bar']})")
    return (
        f"{one['streams']} files at once against one file of the same frames, profile fast.\n\n"
        + table(head, rows)
        + "\n"
    )


def _dead_camera(one: Figures) -> str:
    changes = ", ".join(f"{name} {100 * share:+.2f} %" for name, share in one["change"].items())
    return (
        f"{one['live_streams']} live streams at half of what the machine can do, and the same "
        f"beside a dead camera: change of their frames per second where it {changes} "
        f"(bar {100 * one['bar']:.0f} %).\n\n"
    )


def _latency(one: Figures) -> str:
    rows = [
        (
            count,
            *(f"{row[key]:.{digits}f}" for key, digits in (("rate", 1), ("load", 2))),
            *(f"{1e3 * row[key]:.0f}" for key in ("p50_s", "p99_s", "bar_s")),
            f"{row['dropped']:.0f}",
        )
        for count, row in one.items()
        if count != "rounds"
    ]
    head = ("streams", "fps each", "load", "p50, ms", "p99, ms", "bar, ms", "dropped")
    return (
        "Latency of live streams at four fifths of the measured capacity; the bar is two frame "
        "intervals and the network's time.\n\n" + table(head, rows) + "\n"
    )


def _reconnect(one: Figures) -> str:
    if "left_out" in one:
        return f"Reconnecting was left out: {one['left_out']}.\n\n"
    return (
        f"After {len(one['outages_s'])} outages of an RTSP server of {one['outages_s'][0]:.0f} to "
        f"{one['outages_s'][-1]:.0f} s, frames came {one['median_s']:.2f} s (median) and at most "
        f"{one['max_s']:.2f} s after its return (bar {one['bar_s']:.0f} s).\n\n"
    )


def _start_and_stop(one: Figures) -> str:
    rows = [
        (
            text,
            f"{row['start_s']:.1f}",
            f"{row['stop_s']:.1f}",
            f"{row['playable']} of {row['videos']}",
        )
        for key, text in (("files", "files in real time"), ("rtsp", "one RTSP server"))
        if (row := one.get(key))
    ]
    head = (
        "",
        f"first results, s (bar {one['bar_start_s']:.0f})",
        f"end, s (bar {one['bar_stop_s']:.0f})",
        "files that play",
    )
    return (
        f"{one['streams']} streams from the call, loading the network included, to everybody's "
        "first result; and from the wish to end to the last file, videos and mosaic.\n\n"
        + table(head, rows)
        + "\n"
    )


def _own_cost(one: Figures) -> str:
    rows = [
        (
            count,
            f"{files['cpu_us_per_frame']:.0f}" if files else "",
            f"{live['cpu_us_per_frame']:.0f}",
            f"{live['share_of_rate']:.3f}",
            f"{live['latency_p99_ms']:.1f}",
        )
        for count, live in one["live_rules"].items()
        for files in [one["file_rules"].get(count)]
    ]
    head = ("streams", "files, us", "live at 30 fps, us", "share of the rate", "p99, ms")
    return (
        "The runtime alone, with an estimator that returns at once: processor time per frame, all "
        f"threads, waking up included (budget at 150 streams: {one['budget_us']} us).\n\n"
        + table(head, rows)
    )


MANY_STREAMS: dict[str, Callable[[Figures], str]] = {
    "together": _together,
    "dead_camera": _dead_camera,
    "latency": _latency,
    "reconnect": _reconnect,
    "start_and_stop": _start_and_stop,
    "own_cost": _own_cost,
}


def soak(figures: Figures) -> str:
    grown, streams = figures["growth"], figures["streams"]
    failed = [name for name, holds in figures["verdict"].items() if not holds]
    kept = sum(one["frames"] for one in streams)
    wrong = sum(one["out_of_order"] for one in figures["order"].values())
    return (
        f"{len(streams)} live streams for {figures['minutes']:.0f} minutes, two of them from "
        f"servers that are killed every minute: {kept} frames written, {wrong} out of order, "
        f"memory {100 * grown['memory']:+.2f} % from {grown['from_mb']} MB along a line after "
        f"warming up (bar 2 %), threads {grown['threads']:+.0f}, open files "
        f"{grown['open_files']:+.0f}, {len(figures['files'])} videos, all of which "
        f"{'play' if all(figures['files'].values()) else 'do not play'}. "
        + (f"Failed: {', '.join(failed)}.\n" if failed else "Every check holds.\n")
    )
