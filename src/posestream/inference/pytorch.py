"""Run networks with torch, on the CPU or an NVIDIA GPU."""
# pyright: reportMissingImports=false

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import torch
from google.protobuf.message import DecodeError

from posestream.errors import ConfigError, InferenceError, ModelError, OutOfMemoryError
from posestream.inference.contract import Arrays, Maps, chosen_ports, run_checked
from posestream.inference.settings import check_choice, threads_for
from posestream.inference.torch_graph import TorchGraph
from posestream.models.card import InputSpec, ModelCard

_DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class TorchBackend:
    """A network in torch; its pixels are scaled and its maps made on the device."""

    def __init__(
        self,
        card: ModelCard,
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        streams: int = 1,
    ) -> None:
        """Check the weights and bring them to the device.

        Args:
            card: Describes the network.
            device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``: a GPU where torch has one.
            precision: ``f32``, ``bf16``, ``f16``, or ``auto``: f16 on a GPU, f32 on a CPU.
            threads: CPU threads of one call, for the whole process; by default one per usable
                core, divided by the streams.
            streams: How many calls of `infer` run side by side.

        Raises:
            ConfigError: If a setting is not allowed on this machine.
            ModelError: If the weights cannot be used.
        """
        check_choice("precision", precision, ("auto", *_DTYPES))
        self._card = card
        self._device = _device(device)
        gpu = self._device.type == "cuda"
        self._precision = ("f16" if gpu else "f32") if precision == "auto" else precision
        if not gpu:
            torch.set_num_threads(max(1, threads_for(threads, streams) // streams))
        self._input = _Input(card.input, self._device, _DTYPES[self._precision])
        self._graph = self._load()
        _, self._outputs = chosen_ports(card, self._graph.inputs, self._graph.outputs)

    @property
    def description(self) -> str:
        """What really runs, for people."""
        device = self._device
        place = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
        return f"torch {torch.__version__.split('+')[0]}, {place}, {self._precision}"

    def infer(self, pixels: npt.NDArray[np.uint8]) -> Maps:
        """Run the network on a batch of ``(B, H, W, 3)`` RGB pictures.

        Raises:
            InferenceError: If the pictures are not what the card allows, or the network fails.
        """
        return run_checked(self._card, np.ascontiguousarray(pixels), self._run)

    def _run(self, pixels: npt.NDArray[np.uint8]) -> Arrays:
        try:
            with torch.inference_mode():
                outputs = self._graph.run(self._input.prepared(pixels), self._outputs)
                return [output.float().cpu().numpy() for output in outputs]
        except torch.OutOfMemoryError as error:
            raise OutOfMemoryError(
                f"model {self._card.name!r}: {self.description}: out of memory with a batch of "
                f"{len(pixels)} at {pixels.shape[2]} x {pixels.shape[1]}"
            ) from error
        except (RuntimeError, NotImplementedError, IndexError, ValueError) as error:
            problem = " ".join(str(error).split())
            raise InferenceError(f"model {self._card.name!r} failed: {problem}") from error

    def _load(self) -> TorchGraph:
        dtype = _DTYPES[self._precision]
        try:
            source = self._card.network()
            if isinstance(source, bytes):
                network = onnx.load_model_from_string(source)
            else:
                network = onnx.load_model(source)
            return TorchGraph(network, device=self._device, dtype=dtype)
        except (DecodeError, NotImplementedError, LookupError, RuntimeError, ValueError) as error:
            problem = " ".join(str(error).split())
            raise ModelError(
                f"model {self._card.name!r}: torch cannot read it: {problem}"
            ) from error


class _Input:
    """Turns pixels into what the card asks for, on the device."""

    def __init__(self, spec: InputSpec, device: torch.device, dtype: torch.dtype) -> None:
        self._spec, self._device, self._dtype = spec, device, dtype
        std = np.asarray(spec.std, np.float32)
        self._factor = torch.from_numpy(np.float32(spec.scale) / std).to(device)
        self._shift = torch.from_numpy(np.asarray(spec.mean, np.float32) / std).to(device)

    def prepared(self, pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Return ``(B, H, W, 3)`` RGB pixels as the network's input."""
        spec = self._spec
        values = torch.from_numpy(pixels).to(self._device)
        if spec.colour == "BGR":
            values = values.flip(3)
        if not spec.takes_raw_pixels:
            values = values * self._factor - self._shift
        if spec.layout == "NCHW":
            values = values.permute(0, 3, 1, 2)
        return values.to(self._dtype) if spec.dtype == "float32" else values


def _device(asked: str) -> torch.device:
    """Return the device that was asked for.

    Raises:
        ConfigError: If torch does not have it.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        return torch.device("cuda" if count else "cpu")
    device = torch.device(asked)
    if device.type == "cuda" and (device.index or 0) >= count:
        seen = f"cpu, cuda:0 to cuda:{count - 1}" if count else "cpu"
        raise ConfigError(
            f"device: {asked!r} is not usable: torch sees {count} GPUs; allowed: {seen}"
        )
    return device
