"""Run networks with OpenVINO on the CPU."""

from __future__ import annotations

import platform
import queue
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from posestream.blob_cache import BlobCache, blob_key
from posestream.errors import InferenceError
from posestream.inference.contract import Arrays, Maps, run_checked
from posestream.inference.openvino_library import import_openvino, openvino_core
from posestream.inference.openvino_model import read_network
from posestream.inference.precision import (
    check_precision,
    fastest_precision,
    has_vnni,
    usable_precisions,
)
from posestream.inference.settings import described, threads_for
from posestream.inference.sizes import SizeCache
from posestream.models.card import ModelCard

if TYPE_CHECKING:
    import openvino as ov

_KEY_VERSION = 1  # raise when `read_network` makes another model from the same card


class OpenVinoBackend:
    """A network in OpenVINO, compiled for each size that is worth it."""

    def __init__(
        self,
        card: ModelCard,
        *,
        precision: str = "auto",
        threads: int | None = None,
        streams: int = 1,
        cache: BlobCache | None = None,
    ) -> None:
        """Check the weights; networks are compiled when the first picture of a size comes.

        Args:
            card: Describes the network.
            precision: ``f32``, ``bf16``, ``f16``, ``int8``: the card's INT8 weights, or ``auto``:
                f32, bf16 or, on a CPU with VNNI, int8, whichever is fastest on the first picture.
            threads: CPU threads in all; by default one per usable core.
            streams: How many calls of `infer` run side by side, sharing the threads.
            cache: Keeps compiled networks for the next process.

        Raises:
            MissingDependencyError: If OpenVINO is not installed.
            ModelError: If the weights cannot be used.
            ConfigError: If a setting is not allowed on this machine.
        """
        self._openvino = import_openvino()
        self._core = openvino_core()
        (card.in_int8() if precision == "int8" else card).network()  # or refuse
        self._card = card
        self._streams = streams
        self._cache = cache
        usable = usable_precisions(self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        check_precision(precision, [*usable, "int8"] if card.int8 else usable)
        self._candidates = [name for name in ("f32", "bf16") if name in usable]
        if card.int8 and has_vnni(_cpu(self._core)):
            self._candidates.append("int8")
        if precision == "auto" and len(self._candidates) == 1:
            [precision] = self._candidates
        self._precision = precision
        self._settings: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": threads_for(threads, streams),
            "NUM_STREAMS": streams,
            "ENABLE_CPU_PINNING": False,  # decoding and drawing need the cores, too
            "ENABLE_HYPER_THREADING": False,
        }
        self._networks: SizeCache[_Network] = SizeCache(self._network_for)
        self._running: _Network | None = None

    @property
    def description(self) -> str:
        """What really runs, for people; read back from the network once one is compiled."""
        version = self._openvino.get_version().split("-")[0]
        name, threads = self._precision, self._settings["INFERENCE_NUM_THREADS"]
        streams = self._streams
        if self._running:
            get = self._running.compiled.get_property
            name = get("INFERENCE_PRECISION_HINT").get_type_name()
            threads, streams = get("INFERENCE_NUM_THREADS"), get("NUM_STREAMS")
        name = "int8" if self._precision == "int8" else name
        return f"OpenVINO {version}, CPU, {name}, {described(threads, streams)}"

    def infer(self, pixels: npt.NDArray[np.uint8]) -> Maps:
        """Run the network on a batch of ``(B, H, W, 3)`` RGB pictures.

        Raises:
            ModelError: If the network turns out not to be what its card says.
            InferenceError: If the pictures are not what the card allows, or the network fails.
        """
        return run_checked(self._card, np.ascontiguousarray(pixels), self._run)

    def _run(self, pixels: npt.NDArray[np.uint8]) -> Arrays:
        try:
            network = self._networks.get(pixels.shape[:3])
            self._running = network
            return network.run(pixels)
        except RuntimeError as error:
            problem = " ".join(str(error).split())
            raise InferenceError(f"model {self._card.name!r} failed: {problem}") from error

    def _network_for(self, size: Hashable | None) -> _Network:
        fixed = cast("tuple[int, int, int] | None", size)
        if self._precision == "auto":
            self._precision = self._fastest_precision(fixed)
        return _Network(self._compile(fixed, self._precision), self._streams)

    def _fastest_precision(self, size: tuple[int, int, int] | None) -> str:
        pixels = np.zeros((*(size or (1, 256, 256)), 3), np.uint8)

        def runner_for(precision: str) -> Callable[[], object]:
            request = self._compile(size, precision).create_infer_request()
            return lambda: request.infer([pixels], share_inputs=True, share_outputs=True)

        parts = {"what": "fastest precision", "of": self._candidates, **self._origin(self._card)}
        key = blob_key(parts)
        return fastest_precision(self._candidates, runner_for, cache=self._cache, key=key)

    def _compile(self, size: tuple[int, int, int] | None, precision: str) -> ov.CompiledModel:
        card = self._card.in_int8() if precision == "int8" else self._card
        hint = "f32" if precision == "int8" else precision  # for what is not quantized
        settings = {**self._settings, "INFERENCE_PRECISION_HINT": hint}
        key = blob_key({"size": size, "settings": settings, **self._origin(card)})
        if blob := self._cache and self._cache.load(key):
            try:
                return self._core.import_model(blob, "CPU", settings)
            except RuntimeError:
                pass  # a blob that this OpenVINO refuses is as good as none
        network = read_network(self._core, card, size)
        compiled = self._core.compile_model(network, "CPU", settings)
        if self._cache:
            self._cache.store(key, compiled.export_model().getvalue())
        return compiled

    def _origin(self, card: ModelCard) -> dict[str, object]:
        """Return what a compiled network depends on besides its size and settings."""
        return {
            "key_version": _KEY_VERSION,
            "sha256": card.sha256,
            "input": repr(card.input),
            "outputs": list(card.outputs),
            "openvino": self._openvino.get_version(),
            "cpu": _cpu(self._core),
        }


class _Network:
    """A compiled network and the requests that nobody uses at the moment."""

    def __init__(self, compiled: ov.CompiledModel, requests: int) -> None:
        self.compiled = compiled
        self._idle: queue.SimpleQueue[ov.InferRequest] = queue.SimpleQueue()
        for _ in range(requests):
            self._idle.put(compiled.create_infer_request())

    def run(self, pixels: npt.NDArray[np.uint8]) -> Arrays:
        """Run on one batch and return copies of the outputs, which the next run overwrites."""
        request = self._idle.get()
        try:
            request.infer([pixels], share_inputs=True, share_outputs=True)
            return [tensor.data.copy() for tensor in request.output_tensors]
        finally:
            self._idle.put(request)


def _cpu(core: ov.Core) -> list[str]:
    """Return all that may change what is compiled for a CPU; virtual machines hide its name."""
    name = core.get_property("CPU", "FULL_DEVICE_NAME")
    capabilities = sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return [name, platform.system(), platform.machine(), *capabilities, flags]
