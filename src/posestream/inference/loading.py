"""Load a network: model card in, backend out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from posestream.blob_cache import BlobCache, cache_folder
from posestream.errors import ConfigError, MissingDependencyError
from posestream.inference import Backend
from posestream.inference.settings import check_choice, check_device
from posestream.inference.tensorrt import DEFAULT_WORKSPACE_MB
from posestream.models.card import ModelCard

BACKENDS = ("auto", "openvino", "onnxruntime", "torch")
PRECISIONS = ("auto", "f32", "bf16", "f16", "int8")
_log = logging.getLogger(__name__)


def load_backend(
    card: ModelCard,
    *,
    backend: str = "auto",
    provider: str = "auto",
    require_provider: bool = False,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    streams: int = 1,
    workspace_mb: int = DEFAULT_WORKSPACE_MB,
    cache: bool = True,
) -> Backend:
    """Return a network, ready to run.

    Args:
        card: Describes the network.
        backend: ``openvino``, ``onnxruntime``, ``torch``, or ``auto``: ONNX Runtime where one of
            its providers is asked for; on a GPU, ONNX Runtime if it can, else torch; on a CPU,
            OpenVINO if it is installed, else ONNX Runtime.
        provider: ONNX Runtime's execution provider: ``cpu``, ``cuda``, ``tensorrt``, ``coreml``,
            or ``auto``: what the device asks for.
        require_provider: Whether it is an error if the provider cannot be used, rather than a
            warning and the next best.
        device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``: the CPU.
        precision: ``f32``, ``bf16``, ``f16``, ``int8`` for models that have INT8 weights, or
            ``auto``: the fastest that the library has on the device without a measurable loss.
        threads: CPU threads in all; by default one per usable core.
        streams: How many calls of `Backend.infer` run side by side, sharing the threads. One is
            fastest for a single picture, one per core for many.
        workspace_mb: Memory that TensorRT may use while it builds an engine.
        cache: Whether to keep compiled networks on disk for the next process.

    Raises:
        ConfigError: If a setting is not allowed.
        MissingDependencyError: If the library or a required provider is not installed.
        ModelError: If the weights are damaged or cannot be read.
    """
    check_choice("backend", backend, BACKENDS)
    check_choice("precision", precision, PRECISIONS)
    check_device(device)
    if provider != "auto" and backend not in ("auto", "onnxruntime"):
        raise ConfigError(
            f"provider: {provider!r} is not allowed with backend {backend!r}; "
            "allowed: auto, or backend 'onnxruntime'"
        )

    common: dict[str, Any] = {"precision": precision, "threads": threads, "streams": streams}
    loaders: dict[str, Callable[[], Backend]] = {
        "openvino": lambda: _openvino(card, cache=cache, **common),
        "onnxruntime": lambda: _onnxruntime(
            card,
            provider=provider,
            require_provider=require_provider,
            device=device,
            workspace_mb=workspace_mb,
            **common,
        ),
        "torch": lambda: _torch(card, device=device, **common),
    }
    return _first_that_loads([(name, loaders[name]) for name in _order(backend, provider, device)])


def _openvino(card: ModelCard, *, cache: bool, **options: Any) -> Backend:
    from posestream.inference.openvino import OpenVinoBackend

    return OpenVinoBackend(card, cache=BlobCache(cache_folder()) if cache else None, **options)


def _onnxruntime(card: ModelCard, **options: Any) -> Backend:
    from posestream.inference.onnxruntime import OnnxRuntimeBackend

    return OnnxRuntimeBackend(card, cache=cache_folder(), **options)


def _torch(card: ModelCard, *, device: str, **options: Any) -> Backend:
    try:
        from posestream.inference.pytorch import TorchBackend
    except ImportError as error:
        raise MissingDependencyError(
            f"backend 'torch' needs torch and onnx ({error}); install them with: "
            "pip install 'posestream[torch]'"
        ) from error
    return TorchBackend(card, device="cpu" if device == "auto" else device, **options)


def _order(backend: str, provider: str, device: str) -> tuple[str, ...]:
    """Return the backends to try, the best first."""
    on_gpu = device.startswith("cuda")
    if backend == "openvino" and on_gpu:
        raise ConfigError(
            f"device: {device!r} is not allowed with backend 'openvino'; allowed: auto, cpu"
        )
    if backend != "auto":
        return (backend,)
    if provider != "auto":
        return ("onnxruntime",)
    return ("onnxruntime", "torch") if on_gpu else ("openvino", "onnxruntime")


def _first_that_loads(loaders: Sequence[tuple[str, Callable[[], Backend]]]) -> Backend:
    """Load the first backend whose library is there; say which ones are not.

    Raises:
        MissingDependencyError: If none is, naming all.
    """
    problems: list[str] = []
    for name, load in loaders:
        try:
            loaded = load()
        except MissingDependencyError as error:
            problems.append(str(error))
            continue
        if problems:
            _log.warning("%s; running on %r instead", "; ".join(problems), name)
        return loaded
    raise MissingDependencyError("; ".join(problems))
