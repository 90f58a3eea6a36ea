"""Load a network: model card in, backend out."""

from __future__ import annotations

import logging

from posestream.errors import MissingDependencyError
from posestream.inference import Backend
from posestream.inference.blob_cache import BlobCache, cache_folder
from posestream.inference.settings import check_choice
from posestream.models.card import ModelCard

BACKENDS = ("auto", "openvino", "onnxruntime")
DEVICES = ("auto", "cpu")
PRECISIONS = ("auto", "f32", "bf16", "f16", "int8")
_log = logging.getLogger(__name__)


def load_backend(
    card: ModelCard,
    *,
    backend: str = "auto",
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    streams: int = 1,
    cache: bool = True,
) -> Backend:
    """Return a network, ready to run.

    Args:
        card: Describes the network.
        backend: ``openvino``, ``onnxruntime``, or ``auto``: the first of them that is installed.
        device: ``cpu``, or ``auto``, which is the same as long as nothing else is supported.
        precision: ``f32``, ``bf16``, ``f16``, ``int8`` for models that have INT8 weights, or
            ``auto``: bf16 where the CPU and the library have it and it is clearly faster on the
            first picture, else f32.
        threads: CPU threads in all; by default one per usable core.
        streams: How many calls of `Backend.infer` run side by side, sharing the threads. One is
            fastest for a single picture, one per core for many.
        cache: Whether to keep compiled networks on disk for the next process.

    Raises:
        ConfigError: If a setting is not allowed.
        MissingDependencyError: If the library is not installed.
        ModelError: If the weights are damaged or cannot be read.
    """
    check_choice("backend", backend, BACKENDS)
    check_choice("device", device, DEVICES)
    check_choice("precision", precision, PRECISIONS)
    if backend != "onnxruntime":
        try:
            return _openvino(card, precision, threads, streams, cache)
        except MissingDependencyError as error:
            if backend == "openvino":
                raise
            _log.warning("%s; trying ONNX Runtime instead", error)
    return _onnxruntime(card, precision, threads, streams)


def _openvino(
    card: ModelCard, precision: str, threads: int | None, streams: int, cache: bool
) -> Backend:
    from posestream.inference.openvino import OpenVinoBackend

    blobs = BlobCache(cache_folder()) if cache else None
    return OpenVinoBackend(card, precision=precision, threads=threads, streams=streams, cache=blobs)


def _onnxruntime(card: ModelCard, precision: str, threads: int | None, streams: int) -> Backend:
    from posestream.inference.onnxruntime import OnnxRuntimeBackend

    return OnnxRuntimeBackend(card, precision=precision, threads=threads, streams=streams)
