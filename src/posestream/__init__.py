"""Video in, people's poses out.

The flow, and where each step lives::

    source -> Frame -> Batch -> Fields -> Poses -> Tracks -> Event -> annotated Frame -> sink
    sources/   batching/ inference/ decoding/ tracking/ analytics/    overlay/           sinks/

Most programs need three names:

* `stream` reads a video or a camera and gives one `Prediction` per frame.
* `Streams` does so for many of them, which come and go.
* `PoseEstimator` finds people in pictures that the program already has.

Names are loaded when they are first used, so importing the package is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from posestream.api import PoseEstimator, Prediction
    from posestream.config import Config, load_config
    from posestream.errors import PosestreamError
    from posestream.events import ActivitySegment, Event
    from posestream.findings import Attributes, Detections
    from posestream.images import HostImage
    from posestream.pipeline import run
    from posestream.streaming import Streams, stream
    from posestream.topology import Topology
    from posestream.types import Frame, Poses, Result, Tracks

__version__ = "0.1.0"

__all__ = [
    "ActivitySegment",
    "Attributes",
    "Config",
    "Detections",
    "Event",
    "Frame",
    "HostImage",
    "PoseEstimator",
    "Poses",
    "PosestreamError",
    "Prediction",
    "Result",
    "Streams",
    "Topology",
    "Tracks",
    "load_config",
    "run",
    "stream",
]

_HOMES = {
    "ActivitySegment": "events",
    "Attributes": "findings",
    "Config": "config",
    "Detections": "findings",
    "Event": "events",
    "Frame": "types",
    "HostImage": "images",
    "PoseEstimator": "api",
    "Poses": "types",
    "PosestreamError": "errors",
    "Prediction": "api",
    "Result": "types",
    "Streams": "streaming",
    "Topology": "topology",
    "Tracks": "types",
    "load_config": "config",
    "run": "pipeline",
    "stream": "streaming",
}


def __getattr__(name: str) -> object:
    """Load an exported name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'posestream' has no attribute {name!r}")
    return getattr(importlib.import_module(f"posestream.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the exported names, also those not loaded yet."""
    return sorted({*globals(), *__all__})
