"""Read DeepStream's nvinfer configuration, so that its users can switch with the file they have.

Only the ``[property]`` group says something about a pose network. What has a counterpart becomes a
setting; every other key is returned with the reason why nothing follows from it.

Source:
    https://docs.nvidia.com/metropolis/deepstream/dev-guide/text/DS_plugin_gst-nvinfer.html
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posestream.errors import ConfigError, suggestion

GROUP = "property"
_ENGINE_NAME = re.compile(r"(?P<network>.+\.onnx)_b\d+_(gpu|dla)\d+_\w+\.engine$")
_PRECISIONS = {"0": "f32", "1": "int8", "2": "f16"}
_COLOURS = {"0": "RGB", "1": "BGR"}

IGNORED = {
    "batch-size": "batches form from whatever frames are ready",
    "batched-push-timeout": "batches form from whatever frames are ready",
    "gie-unique-id": "results are named by stream and model",
    "output-blob-names": "the card names the outputs",
    "labelfile-path": "the card names the keypoints",
    "num-detected-classes": "a pose network detects people only",
    "cluster-mode": "people are put together by the decoder",
    "parse-bbox-func-name": "decoders are built in; the card's family chooses one",
    "parse-classifier-func-name": "decoders are built in; the card's family chooses one",
    "custom-lib-path": "decoders are built in; the card's family chooses one",
    "engine-create-func-name": "engines are built by ONNX Runtime",
    "int8-calib-file": "posestream quantize calibrates, and writes a network that is INT8",
    "tlt-encoded-model": "encrypted models cannot be read; export it as ONNX",
    "tlt-model-key": "encrypted models cannot be read; export it as ONNX",
    "output-tensor-meta": "keypoints are always written; see poses.jsonl",
    "network-input-order": "the card says it, as input.layout",
    "uff-input-order": "UFF networks cannot be read; export it as ONNX",
    "scaling-filter": "frames are scaled by FFmpeg",
    "scaling-compute-hw": "frames are scaled by FFmpeg",
    "enable-dla": "there is no path to the DLA",
    "use-dla-core": "there is no path to the DLA",
    "force-implicit-batch-dim": "networks with an implicit batch cannot be read",
    "filter-out-class-ids": "a pose network detects people only",
    "crop-objects-to-roi-boundary": "whole frames are looked at",
    "classifier-async-mode": "secondary models always run beside the main one",
}
"""Keys without a counterpart, and why."""

NEEDED_BY_SECONDARY = (
    "operate-on-gie-id",
    "operate-on-class-ids",
    "input-object-min-width",
    "input-object-min-height",
    "input-object-max-width",
    "input-object-max-height",
    "classifier-threshold",
    "secondary-reinfer-interval",
)
"""Keys of a network that looks at what another one found."""


@dataclass(slots=True)
class NvinferConfig:
    """What an nvinfer file says."""

    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of a run, by the keys of `posestream.config`."""
    ignored: dict[str, str] = field(default_factory=dict)
    """Keys from which nothing follows, and why."""


def read_nvinfer(file: Path, *, gpu_is_there: Callable[[], bool]) -> NvinferConfig:
    """Turn an nvinfer file into settings.

    Args:
        file: The file; paths in it are relative to its folder.
        gpu_is_there: Tells whether this machine has an NVIDIA GPU.

    Raises:
        ConfigError: If the file is not nvinfer's, names no network that can be read, or a key has a
            value that is not allowed.
    """
    keys, others = _properties(file)
    found = NvinferConfig(
        ignored={f"[{name}]": "it is not about a pose network" for name in others}
    )
    reader = _Reader(file, keys, found)
    reader.network()
    reader.device(gpu_is_there)
    reader.pixels()
    reader.schedule()
    for key in keys:
        reader.ignore(key, _reason(key))
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


def _reason(key: str) -> str:
    if key in IGNORED:
        return IGNORED[key]
    if key in NEEDED_BY_SECONDARY:
        return "it is for a secondary network, and this one is the primary"
    return f"posestream knows no such key.{suggestion(key, [*IGNORED, *NEEDED_BY_SECONDARY])}"


class _Reader:
    """Takes keys out of a file and notes what they mean."""

    def __init__(self, file: Path, keys: dict[str, str], found: NvinferConfig) -> None:
        self._file, self._keys, self._found = file, keys, found
        self._taken: set[str] = set()

    def network(self) -> None:
        """Find the ONNX file, also from the name of an engine built from one."""
        name, engine = self._take("onnx-file"), self._take("model-engine-file")
        if engine:
            self._found.ignored["model-engine-file"] = (
                "engines are built here, for this GPU and these versions, and kept"
            )
        if not name:
            match = _ENGINE_NAME.match(engine or "")
            if match is None:
                raise self._error("onnx-file", None, "the network as ONNX")
            name = match["network"]
        path = self._file.parent / name
        self._set("model", str(path))
        if not path.with_suffix(".toml").exists():
            self._set("card", "trtpose-human")
        kind = self._take("network-type") or "100"
        if kind != "100":
            raise self._error("network-type", kind, "100, a network with a decoder of its own")
        mode = self._take("process-mode") or "1"
        if mode != "1":
            raise self._error("process-mode", mode, "1 here; give others with --secondary")

    def device(self, gpu_is_there: Callable[[], bool]) -> None:
        """Choose GPU, number format and TensorRT, or the CPU where there is no GPU."""
        gpu = self._whole("gpu-id") or 0
        mode = self._take("network-mode") or "0"
        if mode not in _PRECISIONS:
            raise self._error("network-mode", mode, "0 (FP32), 1 (INT8), 2 (FP16)")
        workspace = self._whole("workspace-size")
        if workspace:
            self._set("workspace_mb", workspace)
        if gpu_is_there():
            self._set("backend", "onnxruntime")
            self._set("provider", "tensorrt")
            self._set("device", "auto" if gpu == 0 else f"cuda:{gpu}")
            self._set("precision", _PRECISIONS[mode])
            return
        self._found.ignored["gpu-id"] = "this machine has no NVIDIA GPU; the CPU does the work"
        self._found.ignored["network-mode"] = "on a CPU the fastest exact format is chosen"
        if workspace:
            self._found.ignored["workspace-size"] = "TensorRT needs it, and there is no GPU"

    def pixels(self) -> None:
        """Read how pixels go in: nvinfer's ``factor * (pixel - offset)``."""
        factor = self._numbers("net-scale-factor", 1) or [1.0]
        offsets = self._numbers("offsets", 3) or [0.0, 0.0, 0.0]
        self._set("input_scale", factor[0])
        self._set("input_mean", tuple(factor[0] * offset for offset in offsets))
        self._set("input_std", (1.0, 1.0, 1.0))
        colour = self._take("model-color-format") or "0"
        if colour not in _COLOURS:
            raise self._error("model-color-format", colour, "0 (RGB), 1 (BGR)")
        self._set("input_colour", _COLOURS[colour])
        dims = self._numbers("infer-dims", 3) or self._numbers("input-dims", 4)
        if dims:
            channels, height, width = (int(n) for n in dims[:3])
            if channels != 3:
                raise self._error("infer-dims", str(channels), "3 channels")
            self._set("input_size", (width, height))
        keeps = self._take("maintain-aspect-ratio") or "0"
        self._set("input_resize", "letterbox" if keeps == "1" else "stretch")
        if self._take("symmetric-padding") == "1":
            self._found.ignored["symmetric-padding"] = "frames lie top left; poses are the same"

    def schedule(self) -> None:
        """Read how many frames are left out between two that are looked at."""
        self._set("interval", (self._whole("interval") or 0) + 1)

    def ignore(self, key: str, reason: str) -> None:
        """Note a key that nothing follows from."""
        if key not in self._taken:
            self._found.ignored[key] = reason

    def _set(self, key: str, value: Any) -> None:
        self._found.settings[key] = value

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
