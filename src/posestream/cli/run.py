"""``posestream run``: the main job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from posestream.cli import options
from posestream.cli.options import ANALYSIS, EVENTS, OVERLAY, SECONDARY, SERVING, STREAMS, option

_SHELL_ONLY = ("config", "nvinfer_config", "quiet", "log_json", "debug")


def run(
    input: Annotated[  # noqa: A002 - what users read in the help
        list[str] | None,
        typer.Argument(
            help="Video, image, folder, pattern, camera (0, /dev/video0), address (rtsp://, "
            "https://, udp://...), gst:PIPELINE or fake:640x360@30; any number.",
            metavar="INPUT...",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path | None, option("output", "--output", "-o")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="YAML file with any of these settings.")
    ] = None,
    nvinfer_config: Annotated[
        list[Path] | None,
        typer.Option(
            "--nvinfer-config",
            help="DeepStream's nvinfer file, once for each network; what is given otherwise wins.",
        ),
    ] = None,
    overwrite: Annotated[bool | None, option("overwrite", "--overwrite/--no-overwrite")] = None,
    formats: Annotated[str | None, option("formats", "--formats", "-f")] = None,
    video: Annotated[bool | None, option("video", "--video/--no-video")] = None,
    show: Annotated[bool | None, option("show", "--show/--no-show")] = None,
    interval: Annotated[int | None, option("interval", "--interval")] = None,
    start: Annotated[float | None, option("start", "--start", panel=STREAMS)] = None,
    end: Annotated[float | None, option("end", "--end", panel=STREAMS)] = None,
    realtime: Annotated[
        bool | None, option("realtime", "--realtime/--no-realtime", panel=STREAMS)
    ] = None,
    loop: Annotated[bool | None, option("loop", "--loop/--no-loop", panel=STREAMS)] = None,
    rate: Annotated[float | None, option("rate", "--rate", panel=STREAMS)] = None,
    rtsp_transport: Annotated[
        str | None, option("rtsp_transport", "--rtsp-transport", panel=STREAMS)
    ] = None,
    timeout: Annotated[float | None, option("timeout", "--timeout", panel=STREAMS)] = None,
    max_retries: Annotated[
        int | None, option("max_retries", "--max-retries", panel=STREAMS)
    ] = None,
    live: Annotated[bool | None, option("live", "--live/--not-live", panel=STREAMS)] = None,
    ffmpeg: Annotated[str | None, option("ffmpeg", "--ffmpeg", panel=STREAMS)] = None,
    concurrent: Annotated[int | None, option("concurrent", "--concurrent", panel=STREAMS)] = None,
    batch: Annotated[int | None, option("batch", "--batch", panel=STREAMS)] = None,
    batch_wait_ms: Annotated[
        float | None, option("batch_wait_ms", "--batch-wait-ms", panel=STREAMS)
    ] = None,
    processes: Annotated[str | None, option("processes", "--processes", panel=STREAMS)] = None,
    mosaic: Annotated[bool | None, option("mosaic", "--mosaic/--no-mosaic", panel=STREAMS)] = None,
    stream_videos: Annotated[
        bool | None, option("stream_videos", "--stream-videos/--no-stream-videos", panel=STREAMS)
    ] = None,
    mosaic_size: Annotated[
        str | None, option("mosaic_size", "--mosaic-size", panel=STREAMS)
    ] = None,
    mosaic_layout: Annotated[
        str | None, option("mosaic_layout", "--mosaic-layout", panel=STREAMS)
    ] = None,
    publish: Annotated[str | None, option("publish", "--publish", panel=SERVING)] = None,
    serve: Annotated[str | None, option("serve", "--serve", panel=SERVING)] = None,
    serve_token: Annotated[
        str | None, option("serve_token", "--serve-token", panel=SERVING)
    ] = None,
    serve_token_file: Annotated[
        Path | None, option("serve_token_file", "--serve-token-file", panel=SERVING)
    ] = None,
    serve_cert: Annotated[Path | None, option("serve_cert", "--serve-cert", panel=SERVING)] = None,
    serve_key: Annotated[Path | None, option("serve_key", "--serve-key", panel=SERVING)] = None,
    model: options.Model = None,
    card: options.Card = None,
    detector: options.Detector = None,
    detector_card: options.DetectorCard = None,
    profile: options.Profile = None,
    device: options.Device = None,
    backend: options.Backend = None,
    provider: options.Provider = None,
    require_provider: options.RequireProvider = None,
    workspace_mb: options.WorkspaceMb = None,
    precision: options.Precision = None,
    compile: options.Compile = None,  # noqa: A002  (as the setting is called)
    threads: options.Threads = None,
    long_side: options.LongSide = None,
    min_score: options.MinScore = None,
    input_size: options.InputSize = None,
    input_resize: options.InputResize = None,
    input_colour: options.InputColour = None,
    input_scale: options.InputScale = None,
    input_mean: options.InputMean = None,
    input_std: options.InputStd = None,
    secondary: Annotated[
        list[str] | None, option("secondary", "--secondary", panel=SECONDARY)
    ] = None,
    track: Annotated[bool | None, option("track", "--track/--no-track", panel=ANALYSIS)] = None,
    smooth: Annotated[bool | None, option("smooth", "--smooth/--no-smooth", panel=ANALYSIS)] = None,
    activities: Annotated[
        bool | None, option("activities", "--activities/--no-activities", panel=ANALYSIS)
    ] = None,
    falls: Annotated[bool | None, option("falls", "--falls/--no-falls", panel=ANALYSIS)] = None,
    zone_grace: Annotated[
        float | None, option("zone_grace", "--zone-grace", panel=ANALYSIS)
    ] = None,
    long_lie: Annotated[float | None, option("long_lie", "--long-lie", panel=ANALYSIS)] = None,
    camera_roll: Annotated[
        float | None, option("camera_roll", "--camera-roll", panel=ANALYSIS)
    ] = None,
    events_file: Annotated[
        bool | None, option("events_file", "--events-file/--no-events-file", panel=EVENTS)
    ] = None,
    events_shown: Annotated[
        float | None, option("events_shown", "--events-shown", panel=EVENTS)
    ] = None,
    webhook: Annotated[list[str] | None, option("webhook", "--webhook", panel=EVENTS)] = None,
    webhook_drain: Annotated[
        float | None, option("webhook_drain", "--webhook-drain", panel=EVENTS)
    ] = None,
    clips: Annotated[bool | None, option("clips", "--clips/--no-clips", panel=EVENTS)] = None,
    clip_kinds: Annotated[str | None, option("clip_kinds", "--clip-kinds", panel=EVENTS)] = None,
    clip_before: Annotated[
        float | None, option("clip_before", "--clip-before", panel=EVENTS)
    ] = None,
    clip_after: Annotated[float | None, option("clip_after", "--clip-after", panel=EVENTS)] = None,
    clip_longest: Annotated[
        float | None, option("clip_longest", "--clip-longest", panel=EVENTS)
    ] = None,
    clip_blur_faces: Annotated[
        bool | None,
        option("clip_blur_faces", "--clip-blur-faces/--no-clip-blur-faces", panel=EVENTS),
    ] = None,
    draw_threshold: Annotated[
        float | None, option("draw_threshold", "--draw-threshold", panel=OVERLAY)
    ] = None,
    line_width: Annotated[float | None, option("line_width", "--line-width", panel=OVERLAY)] = None,
    boxes: Annotated[bool | None, option("boxes", "--boxes/--no-boxes", panel=OVERLAY)] = None,
    labels: Annotated[bool | None, option("labels", "--labels/--no-labels", panel=OVERLAY)] = None,
    frame_number: Annotated[
        bool | None, option("frame_number", "--frame-number/--no-frame-number", panel=OVERLAY)
    ] = None,
    blur_faces: Annotated[
        bool | None, option("blur_faces", "--blur-faces/--no-blur-faces", panel=OVERLAY)
    ] = None,
    encoder: Annotated[str | None, option("encoder", "--encoder", panel=OVERLAY)] = None,
    preset: Annotated[str | None, option("preset", "--preset", panel=OVERLAY)] = None,
    crf: Annotated[int | None, option("crf", "--crf", panel=OVERLAY)] = None,
    quiet: options.Quiet = False,
    log_json: options.LogJson = False,
    debug: options.Debug = False,
) -> None:
    """Find people in videos and live streams; write them annotated, with the poses as data.

    One input writes DIR/Pose_Estimation.mp4 and DIR/poses.jsonl; images give images. Several write
    DIR/STREAM.mp4 and DIR/STREAM.poses.jsonl each, and one video of all, DIR/Pose_Estimation.mp4.

    Example: posestream run video.mp4 --output out --profile fast --formats jsonl,csv

    Example: posestream run rtsp://cam1/live rtsp://cam2/live --output out --serve 8080
    """
    given = {key: value for key, value in locals().items() if key not in _SHELL_ONLY}
    execute(config, given, nvinfer=nvinfer_config, quiet=quiet, log_json=log_json)


def execute(
    config: Path | None,
    given: dict[str, Any],
    *,
    nvinfer: Sequence[Path] | None = None,
    quiet: bool,
    log_json: bool,
) -> None:
    """Run with settings from a file and the command line; exit with a signal's code if stopped."""
    from posestream.cli.reporting import reporter
    from posestream.config import load_config
    from posestream.pipeline import run as run_pipeline
    from posestream.runtime.stopping import StopFlag, stop_on_signals

    if isinstance(given.get("formats"), str):
        given["formats"] = tuple(given["formats"].replace(",", " ").split())
    for key in ("input", "secondary", "webhook"):
        given[key] = given.get(key) or None  # none on the command line: the file's
    stop = StopFlag()
    with stop_on_signals(stop), reporter(quiet=quiet, log_json=log_json) as report:
        settings = load_config(config, given, defaults=_from_nvinfer(nvinfer) if nvinfer else {})
        summary = run_pipeline(settings, stop=stop, on_status=report.progress)
        report.summary(summary)
    if stop.signal_number is not None:
        raise typer.Exit(128 + stop.signal_number)
    if summary.failed:
        raise typer.Exit(1)


def _from_nvinfer(files: Sequence[Path]) -> dict[str, Any]:
    """Return the settings in nvinfer files, and tell what nothing follows from."""
    import logging

    from posestream.cli.checkup import has_nvidia_gpu
    from posestream.nvinfer import read_nvinfer

    found = read_nvinfer(files, gpu_is_there=has_nvidia_gpu)
    for file, key, reason in found.ignored:
        logging.getLogger("posestream").warning("%s: %s ignored: %s", file, key, reason)
    return found.settings
