"""Networks as functions of device tensors."""
# pyright: reportMissingImports=false

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from posestream.errors import InferenceError, MissingDependencyError, ModelError
from posestream.gpu.libraries import import_torch
from posestream.models.card import ModelCard

_SHAPES = 64  # of inputs that are compiled before torch gives up and runs them as they are
_log = logging.getLogger(__name__)


class Network(Protocol):
    """Turns a batch of inputs into maps, all on one device."""

    @property
    def capturable(self) -> bool:
        """Whether a CUDA graph may hold a call: it only enqueues, on torch's current stream."""
        ...

    @property
    def slow_start(self) -> bool:
        """Whether every new batch size costs a minute or so, and only few are worth it."""
        ...

    def __call__(self, pixels: Any) -> Mapping[str, Any]:
        """Return tensors by their meaning on the model card, in float16 or float32."""
        ...


class GraphNetwork:
    """A card's ONNX network, walked operator by operator in torch.

    Args:
        card: Describes the network.
        device: Index of the GPU; None for the CPU.
        dtype: ``float16`` or ``float32``.

    Raises:
        MissingDependencyError: If torch or onnx is not installed.
        ModelError: If the weights cannot be used.
    """

    capturable = True
    slow_start = False

    def __init__(self, card: ModelCard, *, device: int | None = 0, dtype: str = "float16") -> None:
        torch = import_torch()
        try:
            import onnx
            from google.protobuf.message import DecodeError

            from posestream.inference.contract import chosen_ports
            from posestream.inference.torch_graph import TorchGraph
        except ImportError as error:
            raise MissingDependencyError(
                f"the GPU path needs torch and onnx ({error}); install them with: "
                "pip install 'posestream[gpu]'"
            ) from error
        try:
            source = card.network()
            network = (
                onnx.load_model_from_string(source)
                if isinstance(source, bytes)
                else onnx.load_model(source)
            )
            place = torch.device("cpu" if device is None else f"cuda:{device}")
            self._graph = TorchGraph(network, device=place, dtype=getattr(torch, dtype))
        except (DecodeError, NotImplementedError, LookupError, RuntimeError, ValueError) as error:
            problem = " ".join(str(error).split())
            raise ModelError(f"model {card.name!r}: torch cannot read it: {problem}") from error
        self._name = card.name
        _, self._outputs = chosen_ports(card, self._graph.inputs, self._graph.outputs)
        self._meanings = tuple(card.outputs.values())

    def __call__(self, pixels: Any) -> Mapping[str, Any]:
        """Return tensors by their meaning on the model card."""
        try:
            tensors = self._graph.run(pixels, self._outputs)
        except (NotImplementedError, IndexError, ValueError) as error:
            problem = " ".join(str(error).split())
            raise InferenceError(f"model {self._name!r} failed: {problem}") from error
        return dict(zip(self._meanings, tensors, strict=True))


class CompiledNetwork:
    """A network that torch compiles for each shape of its input when it first sees it.

    That takes from many seconds to minutes a shape, and less once the result is on disk.

    Args:
        network: What is to be faster.
        name: The model's, for people.
        cache: Where compiled code is kept for the next process.
        tune: Whether kernels are tried out against each other, which takes minutes more.
    """

    slow_start = True

    def __init__(
        self,
        network: Network,
        *,
        name: str = "network",
        cache: Path | None = None,
        tune: bool = False,
    ) -> None:
        torch = import_torch()
        if cache is not None:
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache))
        self._name, self.capturable = name, network.capturable
        self._seen: set[tuple[int, ...]] = set()
        self._compiling = threading.Lock()
        torch._dynamo.config.recompile_limit = max(_SHAPES, torch._dynamo.config.recompile_limit)
        # Slots record CUDA graphs of their own.
        mode = "max-autotune-no-cudagraphs" if tune else "default"
        self._run = torch.compile(network, mode=mode, dynamic=False, fullgraph=True)

    def __call__(self, pixels: Any) -> Mapping[str, Any]:
        """Return tensors by their meaning.

        Raises:
            InferenceError: If the network cannot be compiled.
        """
        shape = tuple(pixels.shape)
        if shape not in self._seen:
            with self._compiling:
                return self._first(pixels, shape)
        return self._run(pixels)

    def _first(self, pixels: Any, shape: tuple[int, ...]) -> Mapping[str, Any]:
        from torch._dynamo.exc import TorchDynamoException

        sides, begun = " x ".join(map(str, shape)), time.monotonic()
        if shape not in self._seen:
            _log.warning(
                "compiling %r for %s, a minute or more; kept for the next start", self._name, sides
            )
        try:
            maps = self._run(pixels)
        except TorchDynamoException as error:
            problem = str(error).strip().partition("\n")[0]
            raise InferenceError(
                f"model {self._name!r} cannot be compiled: {problem}; allowed: compile none"
            ) from error
        if shape not in self._seen:
            took_s = time.monotonic() - begun
            _log.warning("compiled %r for %s in %.0f s", self._name, sides, took_s)
        self._seen.add(shape)
        return maps
