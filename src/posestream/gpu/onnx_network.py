"""A network in ONNX Runtime whose inputs and outputs are torch's own memory on the device."""
# pyright: reportMissingImports=false

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from posestream.errors import ModelError
from posestream.gpu.libraries import import_torch
from posestream.gpu.onnx_session import open_on_device
from posestream.inference.contract import chosen_ports
from posestream.inference.onnxruntime_library import (
    failure_of,
    failures,
    import_onnxruntime,
    port,
)
from posestream.inference.settings import check_choice
from posestream.inference.tensorrt import DEFAULT_WORKSPACE_MB
from posestream.models.card import ModelCard

_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}
"""ONNX Runtime's names of types, as numpy and torch call them."""


class OnnxNetwork:
    """A card's network in ONNX Runtime, bound to tensors where they are; nothing is copied.

    The session has a CUDA stream of its own, given to it when it is opened. It waits for the
    stream of whoever calls, which waits for it in turn; the host waits for neither. So all slots
    share one session, one TensorRT engine and one set of weights.

    Args:
        card: Describes the network.
        device: Index of the GPU; None for the CPU.
        provider: ``cuda``, ``tensorrt``, or ``cpu`` without a GPU.
        dtype: ``float16`` or ``float32``, in which the network computes.
        batch: Most pictures at once; what TensorRT's engine is built for.
        long_side: Longest side of inputs, pixels, where their size is free; the card's by default.
        workspace_mb: Memory that TensorRT may use while it builds an engine.
        cache: Folder for TensorRT's engines.

    Raises:
        ConfigError: If the provider does not go with the device.
        MissingDependencyError: If ONNX Runtime or the provider is not installed.
        ModelError: If the weights cannot be used.
    """

    capturable = False
    slow_start = False

    def __init__(
        self,
        card: ModelCard,
        *,
        device: int | None = 0,
        provider: str = "cuda",
        dtype: str = "float16",
        batch: int = 32,
        long_side: int | None = None,
        workspace_mb: int = DEFAULT_WORKSPACE_MB,
        cache: Path = Path("."),
    ) -> None:
        check_choice("provider", provider, ("cpu",) if device is None else ("cuda", "tensorrt"))
        self._torch, self._runtime = import_torch(), import_onnxruntime()
        self._card, self._device = card, device
        self._stream = None if device is None else self._torch.cuda.Stream(device)
        self._failures = failures(self._runtime)
        self._lock = threading.Lock()
        self._shapes: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        self._session, self._building = open_on_device(
            card,
            provider=provider,
            device=device,
            stream=0 if self._stream is None else self._stream.cuda_stream,
            dtype=dtype,
            batch=batch,
            long_side=long_side,
            workspace_mb=workspace_mb,
            cache=cache,
        )
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self._input, self._outputs = chosen_ports(
            card, [port(node) for node in inputs], [port(node) for node in outputs]
        )
        types = {node.name: _type(card, node) for node in (*inputs, *outputs)}
        self._types = [types[name] for name in (self._input, *self._outputs)]

    def __call__(self, pixels: Any) -> Mapping[str, Any]:
        """Return tensors by their meaning on the model card.

        Raises:
            InferenceError: If the network fails, or says more people for some pictures than others.
        """
        torch = self._torch
        feed = pixels.to(getattr(torch, self._types[0])).contiguous()
        shape = tuple(feed.shape)
        with self._lock, self._own_stream():  # several runs at once would share one stream
            try:
                if shape not in self._shapes:
                    with self._building():
                        self._shapes[shape] = self._shapes_for(feed)
                results = [
                    torch.empty(sides, dtype=getattr(torch, kind), device=feed.device)
                    for sides, kind in zip(self._shapes[shape], self._types[1:], strict=True)
                ]
                self._run(feed, results)
            except self._failures as error:
                raise failure_of(self._card.name, error) from error
        return dict(zip(self._card.outputs.values(), results, strict=True))

    @contextmanager
    def _own_stream(self) -> Iterator[None]:
        """Let the session's stream wait for the caller's, and then the caller's for it."""
        if self._stream is None:
            yield
            return
        current = self._torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        yield
        current.wait_stream(self._stream)

    def _shapes_for(self, feed: Any) -> list[tuple[int, ...]]:
        """Run once into memory of ONNX Runtime's own, which tells the shapes of all outputs."""
        binding = self._bound(feed)
        for name in self._outputs:
            binding.bind_output(name, *self._place)
        self._session.run_with_iobinding(binding)
        return [tuple(value.shape()) for value in binding.get_outputs()]

    def _run(self, feed: Any, results: Sequence[Any]) -> None:
        """Run into memory of ours; returns before the GPU has finished."""
        binding = self._bound(feed)
        for name, result in zip(self._outputs, results, strict=True):
            binding.bind_output(name, *self._place, *_memory(result))
        options = self._runtime.RunOptions()
        if self._device is not None:
            options.add_run_config_entry("disable_synchronize_execution_providers", "1")
        self._session.run_with_iobinding(binding, options)

    def _bound(self, feed: Any) -> Any:
        binding = self._session.io_binding()
        binding.bind_input(self._input, *self._place, *_memory(feed))
        return binding

    @property
    def _place(self) -> tuple[str, int]:
        return ("cpu", 0) if self._device is None else ("cuda", self._device)


def _memory(tensor: Any) -> tuple[Any, list[int], int]:
    """Return a tensor's type, sides and address, as bindings take them."""
    name = str(tensor.dtype).removeprefix("torch.")
    return np.dtype(name).type, list(tensor.shape), tensor.data_ptr()


def _type(card: ModelCard, node: Any) -> str:
    try:
        return _TYPES[node.type]
    except KeyError:
        raise ModelError(
            f"model {card.name!r}: {node.name!r} is a {node.type}; allowed: {', '.join(_TYPES)}"
        ) from None
