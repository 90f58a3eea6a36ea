"""Which settings take the way over a GPU, and what decodes video there."""

from __future__ import annotations

import importlib.util
import logging

from posestream.config import EstimatorConfig
from posestream.config_devices import gpu_of
from posestream.errors import MissingDependencyError
from posestream.gpu.choosing import GpuDecoding
from posestream.gpu.libraries import checked_device, import_video_codec

_log = logging.getLogger("posestream.gpu")
_ONNX_PROVIDERS = ("auto", "cuda", "tensorrt")


def gpu_path(settings: EstimatorConfig) -> int | None:
    """Return the index of the GPU on which pictures stay from decoding to poses.

    None where there is none: on a CPU, with a network in 8 bits, and where ONNX Runtime is asked
    for on a machine without PyTorch, so that it takes its pictures from main memory.

    Raises:
        ConfigError: If there is no such GPU, or more than one is named.
        MissingDependencyError: If PyTorch is not installed.
    """
    if not _runs_on_tensors(settings):
        return None
    gpu = gpu_of(settings.device)
    if gpu is None:
        return None
    try:
        return checked_device(gpu)
    except MissingDependencyError as error:
        raise MissingDependencyError(
            f"device: {settings.device!r}: {error}, or give backend onnxruntime or device cpu"
        ) from error


def _runs_on_tensors(settings: EstimatorConfig) -> bool:
    """Whether the settings ask for what a GPU's tensors can be given to."""
    if settings.backend in ("auto", "torch") and settings.provider == "auto":
        return True
    if settings.backend not in ("auto", "onnxruntime") or settings.precision == "int8":
        return False
    there = importlib.util.find_spec("torch") is not None
    return settings.provider in _ONNX_PROVIDERS and there


def one_device(settings: EstimatorConfig) -> str:
    """Return the device as backends take it: ``auto``, ``cpu``, or one GPU.

    Raises:
        ConfigError: If it names more than one.
        MissingDependencyError: If all GPUs are asked for and PyTorch is missing.
    """
    return gpu_of(settings.device) or settings.device


def picture_decoding(settings: EstimatorConfig) -> GpuDecoding | None:
    """Make what decodes video on the GPU; None where FFmpeg does on the CPU.

    A machine may have all but the video decoder's library; the log says what that costs.

    Raises:
        ConfigError: As `gpu_path`.
        MissingDependencyError: As `gpu_path`.
    """
    device = gpu_path(settings)
    if device is None:
        return None
    try:
        import_video_codec()
    except MissingDependencyError as error:
        _log.warning("all video is decoded on the CPU: %s", error)
        return None
    return GpuDecoding(device=device)
