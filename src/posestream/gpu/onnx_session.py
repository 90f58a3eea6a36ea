"""Sessions of ONNX Runtime that work on a CUDA stream given to them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posestream.errors import ConfigError, MissingDependencyError, ModelError
from posestream.inference.onnxruntime_library import failures, import_onnxruntime, session_options
from posestream.inference.providers import PROVIDERS, open_session
from posestream.inference.tensorrt import (
    announced_building,
    engine_folder,
    engine_origin,
    provider_options,
)
from posestream.models.card import InputSpec, ModelCard

_LARGEST = 1.25  # long sides of the card, in the most accurate profile
Building = Callable[[], AbstractContextManager[None]]
"""Returns what to be in while a session may build an engine, so that people are told."""


def open_on_device(
    card: ModelCard,
    *,
    provider: str,
    device: int | None,
    stream: int,
    dtype: str,
    batch: int,
    long_side: int | None,
    workspace_mb: int,
    cache: Path,
) -> tuple[Any, Building]:
    """Open a session.

    Args:
        card: Describes the network.
        provider: ``cpu``, ``cuda`` or ``tensorrt``; no other will do instead.
        device: Index of the GPU; None for the CPU.
        stream: Address of the CUDA stream that the session works on, not the default one.
        dtype: ``float16`` or ``float32``, in which the network computes.
        batch: Most pictures at once.
        long_side: Longest side of inputs, pixels, where their size is free; the card's by default.
        workspace_mb: Memory that TensorRT may use while it builds an engine.
        cache: Folder for TensorRT's engines.

    Raises:
        MissingDependencyError: If ONNX Runtime or the provider is not installed.
        ModelError: If the weights cannot be used.
    """
    runtime, network = import_onnxruntime(), card.network()
    common = {"device_id": str(device or 0), "user_compute_stream": str(stream)}
    providers: list[Any] = [PROVIDERS["cpu"]]
    if device is not None:
        providers.insert(0, (PROVIDERS["cuda"], common))
    building: Building = nullcontext
    profile = Profile.of(card.input, batch=batch, long_side=long_side)
    if provider == "tensorrt":
        precision, gpu = "f16" if dtype == "float16" else "f32", device or 0
        folder = engine_folder(
            cache, card, engine_origin(gpu), precision=precision, workspace_mb=workspace_mb
        )
        folder = folder / profile.folder
        options = provider_options(folder, gpu=gpu, precision=precision, workspace_mb=workspace_mb)
        providers.insert(0, (PROVIDERS[provider], {**options, **common}))
        building = functools.partial(announced_building, card.name, folder)
    elif dtype == "float16":
        network = in_float16(network, card.name)

    def opened(_: str) -> Any:
        if provider == "tensorrt":  # only now is it known that ONNX Runtime has it
            providers[0][1].update(profile.options(_input_name(runtime, network)))
        chosen = session_options(runtime, threads=1)
        with building():
            return runtime.InferenceSession(network, chosen, providers=providers)

    try:
        session, _ = open_session(
            provider,
            opened,
            available=runtime.get_available_providers(),
            required=True,
            device="cpu" if device is None else f"cuda:{device}",
        )
    except failures(runtime) as error:
        raise ModelError(f"model {card.name!r}: ONNX Runtime cannot read it: {error}") from error
    return session, building


@dataclass(frozen=True, slots=True)
class Profile:
    """The shapes of inputs that a TensorRT engine is built for, so that none builds it anew."""

    least: str
    """The smallest shape, sides with an x between them."""
    usual: str
    """The shape that kernels are chosen for."""
    most: str
    """The largest shape."""

    @classmethod
    def of(cls, spec: InputSpec, *, batch: int, long_side: int | None) -> Profile:
        """Return the profile of a network.

        Args:
            spec: How it takes pixels.
            batch: Most pictures at once.
            long_side: Long side of inputs that is asked for, pixels.
        """
        batch, step = spec.batch or batch, spec.multiple
        usual = math.ceil((spec.long_side or 0) * _LARGEST / step) * step
        longest = max(long_side or 0, usual)
        small, large = [spec.fixed_size or (side, side) for side in (spec.multiple, longest)]
        most = _sides(batch, large, layout=spec.layout)
        return cls(_sides(spec.batch or 1, small, layout=spec.layout), most, most)

    @property
    def folder(self) -> str:
        """A name that tells profiles of the same network apart."""
        return f"to-{self.most}"

    def options(self, port: str) -> Mapping[str, str]:
        """Return ONNX Runtime's options for the input of a name; none for a single shape."""
        if self.least == self.most:
            return {}
        return {
            "trt_profile_min_shapes": f"{port}:{self.least}",
            "trt_profile_opt_shapes": f"{port}:{self.usual}",
            "trt_profile_max_shapes": f"{port}:{self.most}",
        }


def in_float16(network: bytes | Path, name: str) -> bytes:
    """Return a network that computes in float16, with the inputs and outputs it had.

    Args:
        network: What a card says: the content, or the path of a file.
        name: The model's, for people.

    Raises:
        MissingDependencyError: If onnx is not installed.
        ConfigError: If the network cannot be turned.
    """
    try:
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ImportError as error:
        raise MissingDependencyError(
            f"precision f16 with provider 'cuda' needs onnx ({error}); install it with: "
            "pip install 'posestream[gpu]'"
        ) from error
    if isinstance(network, bytes):
        model = onnx.load_model_from_string(network)
    else:
        model = onnx.load_model(network)
    try:
        return convert_float_to_float16(model, keep_io_types=True).SerializeToString()
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"precision: 'f16' is not allowed with model {name!r}: {error}; allowed: f32"
        ) from error


def _sides(batch: int, size: tuple[int, int], *, layout: str) -> str:
    width, height = size
    sides = (batch, height, width, 3) if layout == "NHWC" else (batch, 3, height, width)
    return "x".join(map(str, sides))


def _input_name(runtime: Any, network: bytes | Path) -> str:
    """Return what a network calls its input, which cards may leave open."""
    options = session_options(runtime, threads=1)
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(network, options, providers=[PROVIDERS["cpu"]])
    return session.get_inputs()[0].name
