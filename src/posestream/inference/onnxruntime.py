"""Run networks with ONNX Runtime, on the CPU or what its execution providers reach."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from posestream.errors import ModelError
from posestream.inference.contract import Arrays, Maps, chosen_ports, run_checked
from posestream.inference.onnxruntime_library import (
    failure_of,
    failures,
    import_onnxruntime,
    port,
    session_options,
)
from posestream.inference.pixels import network_input
from posestream.inference.providers import PROVIDERS, open_session
from posestream.inference.settings import check_choice, described, threads_for
from posestream.inference.tensorrt import (
    DEFAULT_WORKSPACE_MB,
    announced_building,
    engine_folder,
    engine_origin,
    provider_options,
)
from posestream.models.card import ModelCard

if TYPE_CHECKING:
    import onnxruntime

_PRECISIONS = {"tensorrt": ("auto", "f32", "f16", "int8")}


class OnnxRuntimeBackend:
    """A network in ONNX Runtime."""

    def __init__(
        self,
        card: ModelCard,
        *,
        provider: str = "auto",
        require_provider: bool = False,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        streams: int = 1,
        workspace_mb: int = DEFAULT_WORKSPACE_MB,
        cache: Path | None = None,
    ) -> None:
        """Check and load the weights.

        Args:
            card: Describes the network.
            provider: A key of `PROVIDERS`, or ``auto``.
            require_provider: Whether the next best provider will not do.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
            precision: ``auto`` or ``f32``, ``int8`` for the card's INT8 weights; TensorRT also
                ``f16``, which is its ``auto``.
            threads: CPU threads in all; by default one per usable core.
            streams: How many calls of `infer` run side by side, sharing the threads.
            workspace_mb: Memory that TensorRT may use while it builds an engine.
            cache: Folder for TensorRT's engines.

        Raises:
            MissingDependencyError: If ONNX Runtime, or a provider that is required, is missing.
            ModelError: If the weights cannot be used.
            ConfigError: If a setting is not allowed.
        """
        self._runtime = import_onnxruntime()
        check_choice("provider", provider, ("auto", *PROVIDERS))
        check_choice("precision", precision, _PRECISIONS.get(provider, ("auto", "f32", "int8")))
        card = card.in_int8() if precision == "int8" else card
        self._card = card
        self._threads = threads_for(threads, streams)
        self._streams = streams
        self._gpu = int(device.partition(":")[2] or 0)
        self._precision = precision
        self._workspace_mb = workspace_mb
        self._cache = cache
        self._failures = failures(self._runtime)
        self._session, self._provider = open_session(
            provider,
            self._open,
            available=self._runtime.get_available_providers(),
            required=require_provider,
            device=device,
        )
        self._input, self._outputs = chosen_ports(
            card,
            [port(node) for node in self._session.get_inputs()],
            [port(node) for node in self._session.get_outputs()],
        )

    @property
    def description(self) -> str:
        """What really runs, for people."""
        where = {"cpu": "CPU", "cuda": f"CUDA GPU {self._gpu}", "coreml": "CoreML"}
        place = where.get(self._provider, f"TensorRT on GPU {self._gpu}")
        name = self._precision if self._precision != "auto" else "f32"
        if self._provider == "tensorrt" and self._precision == "auto":
            name = "f16"
        return (
            f"ONNX Runtime {self._runtime.__version__}, {place}, {name}, "
            f"{described(self._threads, self._streams)}"
        )

    def infer(self, pixels: npt.NDArray[np.uint8]) -> Maps:
        """Run the network on a batch of ``(B, H, W, 3)`` RGB pictures.

        Raises:
            InferenceError: If the pictures are not what the card allows, or the network fails.
        """
        return run_checked(self._card, pixels, self._run)

    def _run(self, pixels: npt.NDArray[np.uint8]) -> Arrays:
        feed = {self._input: network_input(self._card.input, pixels)}
        try:
            with self._building():
                return cast(Arrays, self._session.run(self._outputs, feed))
        except self._failures as error:
            raise failure_of(self._card.name, error) from error

    def _open(self, provider: str) -> onnxruntime.InferenceSession:
        self._provider = provider
        network = self._card.network()
        try:
            with self._building():
                return self._runtime.InferenceSession(
                    network, self._session_options(), providers=self._providers(provider)
                )
        except self._failures as error:
            raise ModelError(
                f"model {self._card.name!r}: ONNX Runtime cannot read it: {error}"
            ) from error

    def _session_options(self) -> onnxruntime.SessionOptions:
        return session_options(self._runtime, threads=self._threads // self._streams)

    def _providers(self, name: str) -> list[str | tuple[str, Mapping[str, str]]]:
        """Return a provider and, after it, what runs the operators it does not know."""
        cuda = (PROVIDERS["cuda"], {"device_id": str(self._gpu)})
        if name == "tensorrt":
            options = provider_options(
                self._engines(),
                gpu=self._gpu,
                precision="f16" if self._precision == "auto" else self._precision,
                workspace_mb=self._workspace_mb,
            )
            return [(PROVIDERS[name], options), cuda, PROVIDERS["cpu"]]
        if name == "cuda":
            return [cuda, PROVIDERS["cpu"]]
        return list(dict.fromkeys([PROVIDERS[name], PROVIDERS["cpu"]]))

    def _engines(self) -> Path:
        return engine_folder(
            self._cache or Path("."),
            self._card,
            engine_origin(self._gpu),
            precision=self._precision,
            workspace_mb=self._workspace_mb,
        )

    def _building(self) -> AbstractContextManager[None]:
        """Tell when TensorRT builds an engine: as it loads, or at the first picture of a size."""
        if self._provider != "tensorrt":
            return nullcontext()
        return announced_building(self._card.name, self._engines())
