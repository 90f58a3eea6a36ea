"""Read DeepStream's nvinfer configuration, so that its users can switch with the file they have.

Only the ``[property]`` group says something about a pose network. What has a counterpart becomes a
setting; every other key is returned with the reason why nothing follows from it.

Source:
    https://docs.nvidia.com/metropolis/deepstream/dev-guide/text/DS_plugin_gst-nvinfer.html
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posestream.errors import ConfigError, suggestion
from posestream.nvinfer_keys import IGNORED, OF_SECONDARY

GROUP = "property"
_ENGINE_NAME = re.compile(r"(?P<network>.+\.onnx)_b\d+_(gpu|dla)\d+_\w+\.engine$")
_PRECISIONS = {"0": "f32", "1": "int8", "2": "f16"}
_COLOURS = {"0": "RGB", "1": "BGR"}

_SECONDARY_CARDS = {"0": "detections-coco80", "1": "classifier"}


@dataclass(slots=True)
class NvinferConfig:
    """What nvinfer files say."""

    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of a run, by the keys of `posestream.config`."""
    ignored: list[tuple[str, str, str]] = field(default_factory=list)
    """File and key from which nothing follows, and why."""


def read_nvinfer(files: Sequence[Path], *, gpu_is_there: Callable[[], bool]) -> NvinferConfig:
    """Turn nvinfer files into settings.

    Args:
        files: One of the primary network, and any number of secondary ones, by their
            ``process-mode``; paths in a file are relative to its folder.
        gpu_is_there: Tells whether this machine has an NVIDIA GPU.

    Raises:
        ConfigError: If a file is not nvinfer's, names no network that can be read, a key has a
            value that is not allowed, or two files describe a primary network.
    """
    found = NvinferConfig()
    for file in files:
        keys, others = _properties(file)
        reader = _Reader(file, keys)
        reader.pixels()
        if reader.is_secondary():
            reader.secondary_network()
            found.settings.setdefault("secondary", []).append(reader.settings)
        elif "model" in found.settings:
            raise ConfigError(
                f"nvinfer-config {str(file)!r}: process-mode: 1 is not allowed twice; "
                "allowed: one primary network, others with process-mode 2"
            )
        else:
            reader.network()
            reader.device(gpu_is_there)
            reader.schedule()
            found.settings.update(reader.settings)
        reader.ignore_rest(others)
        found.ignored += [(file.name, key, reason) for key, reason in reader.ignored.items()]
    return found


def _properties(file: Path) -> tuple[dict[str, str], list[str]]:
    """Return the keys of ``[property]`` and the names of other groups."""
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, inline_comment_prefixes=("#",), delimiters=("=",)
    )
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"nvinfer-config {str(file)!r}: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"nvinfer-config {str(file)!r}: not an nvinfer file: {problem}") from None
    if not parser.has_section(GROUP):
        raise ConfigError(f"nvinfer-config {str(file)!r}: has no [{GROUP}] group")
    others = [name for name in parser.sections() if name != GROUP]
    return {key: value.strip() for key, value in parser[GROUP].items()}, others


class _Reader:
    """Takes keys out of a file and notes what they mean."""

    def __init__(self, file: Path, keys: dict[str, str]) -> None:
        self._file, self._keys = file, keys
        self._taken: set[str] = set()
        self.settings: dict[str, Any] = {}
        self.ignored: dict[str, str] = {}
        self._secondary = False

    def is_secondary(self) -> bool:
        """Tell whether the network looks at what another one found."""
        mode = self._take("process-mode") or "1"
        if mode not in ("1", "2"):
            raise self._error("process-mode", mode, "1 (primary), 2 (secondary)")
        self._secondary = mode == "2"
        return self._secondary

    def network(self) -> None:
        """Find the ONNX file of a pose network."""
        path = self._onnx_file()
        if not path.with_suffix(".toml").exists():
            self.settings["card"] = "trtpose-human"
        kind = self._take("network-type") or "100"
        if kind != "100":
            raise self._error("network-type", kind, "100, a network with a decoder of its own")

    def secondary_network(self) -> None:
        """Find the ONNX file of a network for people's crops, and which crops it wants."""
        path = self._onnx_file()
        kind = self._take("network-type") or "0"
        if not path.with_suffix(".toml").exists():
            if kind not in _SECONDARY_CARDS:
                raise self._error("network-type", kind, "0 (detector), 1 (classifier)")
            self.settings["card"] = _SECONDARY_CARDS[kind]
        self.settings["on"] = "people"
        if labels := self._take("labelfile-path"):
            self.settings["labels"] = str(self._file.parent / labels)
        sides = [self._whole(f"input-object-min-{side}") for side in ("width", "height")]
        if least := max(side or 0 for side in sides):
            self.settings["min_size"] = least
        if threshold := self._numbers("classifier-threshold", 1):
            self.settings["threshold"] = threshold[0]
        frames = self._whole("secondary-reinfer-interval") or self._whole("interval") or 0
        self.settings["interval"] = str(frames + 1)
        for key in ("gpu-id", "network-mode", "workspace-size"):
            if self._take(key):
                self.ignored[key] = "secondary networks run where the main one does"

    def _onnx_file(self) -> Path:
        """Return the ONNX file, which the name of an engine built from it tells, too."""
        name, engine = self._take("onnx-file"), self._take("model-engine-file")
        if engine:
            self.ignored["model-engine-file"] = (
                "engines are built here, for this GPU and these versions, and kept"
            )
        if not name:
            match = _ENGINE_NAME.match(engine or "")
            if match is None:
                raise self._error("onnx-file", None, "the network as ONNX")
            name = match["network"]
        path = self._file.parent / name
        self.settings["model"] = str(path)
        return path

    def device(self, gpu_is_there: Callable[[], bool]) -> None:
        """Choose GPU, number format and TensorRT, or the CPU where there is no GPU."""
        gpu = self._whole("gpu-id") or 0
        mode = self._take("network-mode") or "0"
        if mode not in _PRECISIONS:
            raise self._error("network-mode", mode, "0 (FP32), 1 (INT8), 2 (FP16)")
        workspace = self._whole("workspace-size")
        if workspace:
            self.settings["workspace_mb"] = workspace
        if gpu_is_there():
            self.settings["backend"] = "onnxruntime"
            self.settings["provider"] = "tensorrt"
            self.settings["device"] = "auto" if gpu == 0 else f"cuda:{gpu}"
            self.settings["precision"] = _PRECISIONS[mode]
            return
        self.ignored["gpu-id"] = "this machine has no NVIDIA GPU; the CPU does the work"
        self.ignored["network-mode"] = "on a CPU the fastest exact format is chosen"
        if workspace:
            self.ignored["workspace-size"] = "TensorRT needs it, and there is no GPU"

    def pixels(self) -> None:
        """Read how pixels go in: nvinfer's ``factor * (pixel - offset)``."""
        factor = self._numbers("net-scale-factor", 1) or [1.0]
        offsets = self._numbers("offsets", 3) or [0.0, 0.0, 0.0]
        self.settings["input_scale"] = factor[0]
        self.settings["input_mean"] = tuple(factor[0] * offset for offset in offsets)
        self.settings["input_std"] = (1.0, 1.0, 1.0)
        colour = self._take("model-color-format") or "0"
        if colour not in _COLOURS:
            raise self._error("model-color-format", colour, "0 (RGB), 1 (BGR)")
        self.settings["input_colour"] = _COLOURS[colour]
        dims = self._numbers("infer-dims", 3) or self._numbers("input-dims", 4)
        if dims:
            channels, height, width = (int(n) for n in dims[:3])
            if channels != 3:
                raise self._error("infer-dims", str(channels), "3 channels")
            self.settings["input_size"] = (width, height)
        keeps = self._take("maintain-aspect-ratio") or "0"
        self.settings["input_resize"] = "letterbox" if keeps == "1" else "stretch"
        if self._take("symmetric-padding") == "1":
            self.ignored["symmetric-padding"] = "frames lie top left; poses are the same"

    def schedule(self) -> None:
        """Read how many frames are left out between two that are looked at."""
        self.settings["interval"] = (self._whole("interval") or 0) + 1

    def ignore_rest(self, groups: Sequence[str]) -> None:
        """Note every key and group that nothing follows from, and why."""
        for key in self._keys.keys() - self._taken:
            self.ignored[key] = self._reason(key)
        self.ignored.update((f"[{name}]", "it is not about a network") for name in groups)

    def _reason(self, key: str) -> str:
        if key in IGNORED:
            return IGNORED[key]
        if key in OF_SECONDARY:
            return OF_SECONDARY[key] if self._secondary else "this network is the primary one"
        return f"posestream knows no such key.{suggestion(key, [*IGNORED, *OF_SECONDARY])}"

    def _take(self, key: str) -> str | None:
        self._taken.add(key)
        return self._keys.get(key) or None

    def _whole(self, key: str) -> int | None:
        value = self._take(key)
        if value is not None and not re.fullmatch(r"\d{1,9}", value):
            raise self._error(key, value, "a whole number")
        return int(value) if value else None

    def _numbers(self, key: str, count: int) -> list[float] | None:
        value = self._take(key)
        if value is None:
            return None
        parts = [part for part in re.split(r"[;,\s]+", value) if part]
        try:
            numbers = [float(part) for part in parts]
        except ValueError:
            numbers = []
        if len(numbers) != count or not all(abs(n) < 1e9 for n in numbers):
            raise self._error(key, value, f"{count} number{'s' * (count > 1)}, by semicolons")
        return numbers

    def _error(self, key: str, value: str | None, allowed: str) -> ConfigError:
        what = f"{value!r} is not allowed" if value else "missing"
        return ConfigError(f"nvinfer-config {str(self._file)!r}: {key}: {what}; allowed: {allowed}")
