"""Run networks with ONNX Runtime on the CPU."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from posestream.errors import InferenceError, MissingDependencyError, ModelError
from posestream.inference.contract import Arrays, Maps, input_conflict, port_names, run_checked
from posestream.inference.pixels import network_input
from posestream.inference.settings import check_choice, described, threads_for
from posestream.models.card import ModelCard

if TYPE_CHECKING:
    import onnxruntime


class OnnxRuntimeBackend:
    """A network in ONNX Runtime."""

    def __init__(
        self,
        card: ModelCard,
        *,
        precision: str = "auto",
        threads: int | None = None,
        streams: int = 1,
    ) -> None:
        """Check and load the weights.

        Args:
            card: Describes the network.
            precision: ``auto`` or ``f32``, which are the same here.
            threads: CPU threads in all; by default one per usable core.
            streams: How many calls of `infer` run side by side, sharing the threads.

        Raises:
            MissingDependencyError: If ONNX Runtime is not installed.
            ModelError: If the weights cannot be used.
            ConfigError: If a setting is not allowed.
        """
        self._runtime = _import_onnxruntime()
        check_choice("precision", precision, ("auto", "f32"))
        self._card = card
        self._threads = threads_for(threads, streams)
        self._streams = streams
        self._failures = _failures(self._runtime)
        self._session = self._load()

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return (
            f"ONNX Runtime {self._runtime.__version__}, CPU, f32, "
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
            return cast(Arrays, self._session.run(self._outputs, feed))
        except self._failures as error:
            raise InferenceError(f"model {self._card.name!r} failed: {error}") from error

    def _load(self) -> onnxruntime.InferenceSession:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = max(1, self._threads // self._streams)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A thread that spins while it waits takes its core from decoding and drawing.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        weights = self._card.read_weights()
        try:
            session = self._runtime.InferenceSession(
                weights, options, providers=["CPUExecutionProvider"]
            )
        except self._failures as error:
            raise ModelError(
                f"model {self._card.name!r}: ONNX Runtime cannot read it: {error}"
            ) from error
        inputs, outputs = session.get_inputs(), session.get_outputs()
        self._input, self._outputs = port_names(
            self._card, [port.name for port in inputs], [port.name for port in outputs]
        )
        declared = [size if isinstance(size, int) else None for size in inputs[0].shape]
        if conflict := input_conflict(self._card, self._input, declared):
            raise ModelError(conflict)
        return session


def _import_onnxruntime() -> ModuleType:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependencyError(
            f"backend 'onnxruntime' needs ONNX Runtime ({error}); install it with: "
            "pip install 'posestream[onnxruntime]'"
        ) from error
    return onnxruntime


def _failures(runtime: ModuleType) -> tuple[type[Exception], ...]:
    """Return everything ONNX Runtime raises; its own errors share no base class."""
    own = vars(runtime.capi.onnxruntime_pybind11_state).values()
    return (
        RuntimeError,
        ValueError,
        *(kind for kind in own if isinstance(kind, type) and issubclass(kind, Exception)),
    )
