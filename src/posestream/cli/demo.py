"""``posestream demo``: the main job on a clip made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from posestream.cli import options
from posestream.cli.options import option


def demo(
    output: Annotated[Path, option("output", "--output", "-o")],
    profile: options.Profile = None,
    model: options.Model = None,
    overwrite: Annotated[bool | None, option("overwrite", "--overwrite/--no-overwrite")] = None,
    quiet: options.Quiet = False,
    log_json: options.LogJson = False,
    debug: options.Debug = False,
) -> None:
    """See it work without a video: make a clip from public-domain photographs and run on it.

    Writes DIR/demo.mp4, DIR/Pose_Estimation.mp4 and DIR/poses.jsonl.

    Example: posestream demo --output demo
    """
    from posestream.cli.run import execute
    from posestream.demo.clip import make_demo_clip

    clip = output / "demo.mp4"
    make_demo_clip(clip, overwrite=bool(overwrite))
    given = {
        "input": [str(clip)],
        "output": output,
        "profile": profile,
        "model": model,
        "overwrite": overwrite,
        "labels": True,
    }
    execute(None, given, quiet=quiet, log_json=log_json)
