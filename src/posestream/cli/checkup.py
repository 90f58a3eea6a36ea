"""Look at the machine and the installation, one finding per part."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

import posestream
from posestream.errors import ModelError, PosestreamError

_OPTIONAL = {
    "onnxruntime": ("onnxruntime", "second inference library", "onnxruntime"),
    "pyarrow": ("pyarrow", "Parquet files", "parquet"),
    "faster_coco_eval": ("faster-coco-eval", "posestream evaluate", "evaluate"),
    "onnx": ("onnx", "posestream import and export", "onnx"),
    "torch": ("torch", "posestream export", "torch"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one part."""

    part: str
    """What was looked at."""
    state: Literal["ok", "optional", "bad"]
    """Fine; absent but not needed for the main job; or in the way of it."""
    detail: str
    """Versions and places, or what is wrong and what to do."""


def examine() -> list[Finding]:
    """Look at everything the main job and its extras need."""
    checks: tuple[Callable[[], Finding], ...] = (
        _python,
        _processor,
        _video,
        _compiler,
        _cache,
        _inference,
        _models,
        _display,
        _gpu,
    )
    return [check() for check in checks] + [_optional(module) for module in _OPTIONAL]


def _python() -> Finding:
    where = f"posestream {posestream.__version__}, Python {platform.python_version()}"
    return Finding("python", "ok", f"{where} on {platform.platform()}")


def _processor() -> Finding:
    from posestream.inference.settings import usable_cores

    return Finding("cpu", "ok", f"{usable_cores()} usable cores, {platform.machine()}")


def _video() -> Finding:
    try:
        import av
    except ImportError as error:
        return Finding("video", "bad", f"PyAV does not load: {error}")
    ffmpeg = ".".join(str(part) for part in av.library_versions["libavcodec"])
    if "libx264" not in av.codecs_available:
        return Finding("video", "bad", f"libavcodec {ffmpeg} has no libx264: no annotated video")
    hevc = "with" if "hevc" in av.codecs_available else "without"
    return Finding("video", "ok", f"PyAV {av.__version__}, libavcodec {ffmpeg}, {hevc} HEVC")


def _compiler() -> Finding:
    try:
        import numba
    except ImportError as error:
        return Finding("compiler", "bad", f"numba does not load: {error}")
    return Finding("compiler", "ok", f"numba {numba.__version__}")


def _cache() -> Finding:
    from posestream.blob_cache import cache_folder

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        hint = "every start compiles anew; set POSESTREAM_CACHE_DIR"
        return Finding("cache", "optional", f"{folder}: {error.strerror}; {hint}")
    return Finding("cache", "ok", str(folder))


def _inference() -> Finding:
    from posestream.assembly import build_estimator, described
    from posestream.config import EstimatorConfig

    try:
        settings = EstimatorConfig()
        description = described(settings, build_estimator(settings))
    except PosestreamError as error:
        return Finding("inference", "bad", str(error))
    return Finding("inference", "ok", description)


def _models() -> Finding:
    from posestream.models.registry import list_models, verify

    names = []
    for card in list_models():
        try:
            verify(card)
        except ModelError as error:
            return Finding("models", "bad", str(error))
        names.append(card.name)
    return Finding("models", "ok", f"{', '.join(names)}: whole")


def _display() -> Finding:
    try:
        importlib.import_module("tkinter")
    except ImportError:
        return Finding("display", "optional", "no tkinter: --show needs it (python3-tk on Debian)")
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return Finding("display", "optional", "no screen (DISPLAY is not set): no --show")
    return Finding("display", "ok", "--show can open a window")


def has_nvidia_gpu() -> bool:
    """Tell whether the driver of an NVIDIA GPU is here."""
    return shutil.which("nvidia-smi") is not None


def _gpu() -> Finding:
    if not has_nvidia_gpu():
        return Finding("gpu", "optional", "no NVIDIA driver found; the CPU does everything")
    from posestream.gpu.examination import gpu_abilities

    try:
        return Finding("gpu", "ok", gpu_abilities())
    except PosestreamError as error:
        return Finding("gpu", "optional", f"not used, though a driver is there: {error}")


def _optional(module: str) -> Finding:
    package, purpose, extra = _OPTIONAL[module]
    try:
        importlib.import_module(module)
    except ImportError:
        hint = f"pip install 'posestream[{extra}]'"
        return Finding(package, "optional", f"not installed; for {purpose}: {hint}")
    return Finding(package, "ok", f"{metadata.version(package)}, for {purpose}")
