"""The figures of a benchmark, on disk as soon as each is there."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import posestream
from posestream.density.figures import processor_name
from posestream.errors import SinkError
from posestream.gpu.libraries import import_torch
from posestream.inference.settings import usable_cores


class Book:
    """Nested figures by names; what is noted is written at once, so an end costs nothing.

    Args:
        path: The JSON file; None to keep figures in memory only.
        figures: What is known beforehand.

    Raises:
        SinkError: If the file cannot be written.
    """

    def __init__(self, path: Path | None, figures: Mapping[str, Any]) -> None:
        self._path = path
        self.figures: dict[str, Any] = dict(figures)
        self._write()

    def note(self, *names: str, value: Any) -> None:
        """Keep a figure under names, from the outermost to its own.

        Raises:
            SinkError: If the file cannot be written.
        """
        place = self.figures
        for name in names[:-1]:
            place = place.setdefault(name, {})
        place[names[-1]] = value
        self._write()

    def get(self, *names: str) -> Any:
        """Return a figure; None if it is not there."""
        place: Any = self.figures
        for name in names:
            place = place.get(name) if isinstance(place, dict) else None
        return place

    def _write(self) -> None:
        if self._path is None:
            return
        text = json.dumps(self.figures, indent=2) + "\n"
        unfinished = self._path.with_name(f".{self._path.name}.unfinished")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(text, encoding="utf-8")
            os.replace(unfinished, self._path)
        except OSError as error:
            raise SinkError(
                f"{self._path}: cannot be written: {error.strerror or error}"
            ) from error


def described_machine(*, device: int | None) -> dict[str, Any]:
    """Return what figures are taken on.

    Args:
        device: Index of the GPU; None without one.
    """
    machine: dict[str, Any] = {
        "posestream": posestream.__version__,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "processor": processor_name(),
        "usable_cores": usable_cores(),
    }
    torch = import_torch()
    machine["torch"] = torch.__version__
    if device is not None:
        properties = torch.cuda.get_device_properties(device)
        machine["gpu"] = properties.name
        machine["gpu_memory_mb"] = round(properties.total_memory / 1e6)
        machine["gpus"] = torch.cuda.device_count()
        machine["cuda"] = torch.version.cuda
    return machine
