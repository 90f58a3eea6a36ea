"""Options of ONNX Runtime's TensorRT provider, and where its engines are kept.

An engine fits one network, one set of sizes, one number format, one GPU, one driver and one version
of TensorRT. All of them name its folder, so whatever changes, an engine is built anew by itself.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from posestream.blob_cache import blob_key
from posestream.models.card import ModelCard

DEFAULT_WORKSPACE_MB = 3000
_TOLD_EVERY_S = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineOrigin:
    """What an engine is built on."""

    gpu: str
    """Name of the GPU."""
    driver: str
    """Version of its driver."""
    tensorrt: str
    """Version of TensorRT."""


def engine_origin(gpu: int) -> EngineOrigin:
    """Ask the driver and the installation what an engine would be built on."""
    query = [
        "nvidia-smi",
        f"--id={gpu}",
        "--query-gpu=name,driver_version",
        "--format=csv,noheader",
    ]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
        name, _, driver = done.stdout.strip().partition(", ")
    except (OSError, subprocess.SubprocessError):
        name, driver = "unknown", "unknown"
    return EngineOrigin(name, driver, _tensorrt_version())


def _tensorrt_version() -> str:
    for package in ("tensorrt", "tensorrt-cu13", "tensorrt-cu12"):
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return "of the system"


def engine_folder(
    root: Path, card: ModelCard, origin: EngineOrigin, *, precision: str, workspace_mb: int
) -> Path:
    """Return where the engines of a network are kept."""
    spec = card.input
    parts = {
        "sha256": card.sha256,
        "sizes": [spec.fixed_size, spec.long_side, spec.multiple, spec.batch],
        "precision": precision,
        "workspace_mb": workspace_mb,
        **asdict(origin),
    }
    return root / "tensorrt" / blob_key(parts)


def provider_options(
    folder: Path, *, gpu: int, precision: str, workspace_mb: int
) -> Mapping[str, str]:
    """Return the provider's options, as ONNX Runtime spells them."""
    return {
        "device_id": str(gpu),
        "trt_fp16_enable": str(precision in ("f16", "int8")),
        "trt_int8_enable": str(precision == "int8"),
        "trt_max_workspace_size": str(workspace_mb << 20),
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(folder.parent),
    }


@contextmanager
def announced_building(name: str, folder: Path) -> Iterator[None]:
    """Tell that an engine is being built, how long it has taken so far, and when it is done."""
    if any(folder.glob("*.engine")):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    done, begun = threading.Event(), time.monotonic()
    _log.warning("building a TensorRT engine for %r; this takes minutes, once", name)

    def tell() -> None:
        while not done.wait(_TOLD_EVERY_S):
            _log.warning("still building %r: %.0f s", name, time.monotonic() - begun)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
    _log.warning("built %r in %.0f s; kept in %s", name, time.monotonic() - begun, folder)
