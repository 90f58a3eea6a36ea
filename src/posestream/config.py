"""Everything a run can be told, validated.

Users see one flat set of keys: the same in a YAML file, on the command line (``min_score`` there
is ``--min-score``) and as keyword arguments of the Python API. Inside, the keys of one concern
stand together in a section.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from posestream.config_analysis import AnalysisConfig
from posestream.config_devices import checked_name
from posestream.config_events import EventsConfig, WebhookConfig
from posestream.config_input import InputConfig
from posestream.config_outputs import MosaicConfig, OutputConfig, OverlayConfig, Score
from posestream.config_secondary import SecondaryConfig, SecondaryList
from posestream.config_serving import ServingConfig
from posestream.config_streams import Inputs, NamedStreams, SharingConfig, StreamConfig
from posestream.config_zones import ZONE_KEYS, ZonesConfig
from posestream.errors import ConfigError, suggestion

Profile = Literal["fast", "balanced", "accurate"]
Device = Annotated[str, AfterValidator(checked_name)]
BackendName = Literal["auto", "openvino", "onnxruntime", "torch"]
Provider = Literal["auto", "cpu", "cuda", "tensorrt", "coreml"]
Compiling = Literal["none", "quick", "tuned"]
Precision = Literal["auto", "f32", "bf16", "f16", "int8"]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class EstimatorConfig(InputConfig):
    """How people are found."""

    model_config = _STRICT

    model: str = Field(
        default="movenet-multipose", description="Name of a model, or path of an ONNX file."
    )
    card: str | None = Field(
        default=None, description="What describes the ONNX file: a card's path, or a template."
    )
    detector: str | None = Field(
        default=None,
        description="What finds the people for a network that sees one at a time: a model, or "
        "none for the whole picture; by default movenet-multipose.",
    )
    detector_card: str | None = Field(
        default=None, description="What describes the detector, as card describes the model."
    )
    profile: Profile = Field(default="balanced", description="Speed against accuracy.")
    device: Device = Field(
        default="auto",
        description="Where pictures are decoded and the network runs: auto, cpu, cuda, cuda:N, "
        "cuda:0,cuda:1 or cuda:all.",
    )
    backend: BackendName = Field(default="auto", description="Inference library.")
    provider: Provider = Field(default="auto", description="Execution provider of ONNX Runtime.")
    require_provider: bool = Field(
        default=False, description="Fail if the provider cannot be used, instead of the next best."
    )
    workspace_mb: int = Field(
        default=3000, ge=1, description="Memory for building a TensorRT engine, MB."
    )
    precision: Precision = Field(default="auto", description="Number format of the network.")
    compile: Compiling = Field(
        default="none",
        description="Let torch compile the network for the GPU: minutes at the first start; tuned "
        "takes longer still.",
    )
    threads: int | None = Field(
        default=None, ge=1, le=256, description="CPU threads for inference; by default all cores."
    )
    long_side: int | None = Field(
        default=None, ge=64, le=4096, description="Long side of the network input, pixels."
    )
    min_score: Score | None = Field(
        default=None, description="Leave out people under this score; by default the model's own."
    )


class Config(BaseModel):
    """One run: inputs, an output folder, and how to get from one to the other."""

    model_config = _STRICT

    input: Inputs = Field(
        default=(),
        description="Video, image, folder, pattern, camera, or address of a stream; any number.",
    )
    streams: NamedStreams = Field(default={}, description="Inputs with names and own settings.")
    output: Path = Field(description="Folder for everything the run writes.")
    secondary: SecondaryList = Field(
        default=(), description="A classifier or detector for frames or people; any number."
    )
    stream: StreamConfig = StreamConfig()
    sharing: SharingConfig = SharingConfig()
    estimator: EstimatorConfig = EstimatorConfig()
    analysis: AnalysisConfig = AnalysisConfig()
    places: ZonesConfig = ZonesConfig()
    events: EventsConfig = EventsConfig()
    overlay: OverlayConfig = OverlayConfig()
    outputs: OutputConfig = OutputConfig()
    tiling: MosaicConfig = MosaicConfig()
    serving: ServingConfig = ServingConfig()

    @property
    def has_events(self) -> bool:
        """Whether anything can happen that is an event."""
        watched = (self.places, *self.streams.values())
        return self.analysis.falls or any(one.zones or one.lines for one in watched)

    @model_validator(mode="after")
    def _has_input(self) -> Config:
        if not self.input and not self.streams:
            raise ValueError("input: not given")
        return self


SECTIONS: dict[str, type[BaseModel]] = {
    "stream": StreamConfig,
    "sharing": SharingConfig,
    "estimator": EstimatorConfig,
    "analysis": AnalysisConfig,
    "places": ZonesConfig,
    "events": EventsConfig,
    "overlay": OverlayConfig,
    "outputs": OutputConfig,
    "tiling": MosaicConfig,
    "serving": ServingConfig,
}
"""Fields of `Config` whose keys users write without the section's name."""

KEYS: tuple[str, ...] = (
    *(name for name in Config.model_fields if name not in SECTIONS),
    *(name for section in SECTIONS.values() for name in section.model_fields),
)
"""Every key that a user may write."""


def load_config(
    file: Path | None, given: Mapping[str, Any], *, defaults: Mapping[str, Any] | None = None
) -> Config:
    """Merge a YAML file with what was given directly, which wins.

    Args:
        file: YAML mapping of flat keys; paths in it are taken as written.
        given: Flat keys; those whose value is ``None`` count as not given.
        defaults: Flat keys that count where neither file nor ``given`` says anything.

    Raises:
        ConfigError: Naming the key, its value and what is allowed.
    """
    values = dict(defaults or {})
    values.update(read_yaml(file) if file is not None else {})
    values.update({key: value for key, value in given.items() if value is not None})
    nested = _nested(values)
    if "output" not in nested:
        raise ConfigError("output: not given")
    return validated(Config, nested)


def estimator_config(given: Mapping[str, Any]) -> EstimatorConfig:
    """Check the options of an estimator alone; ``None`` counts as not given.

    Raises:
        ConfigError: Naming the key, its value and what is allowed.
    """
    _refuse_unknown(given, EstimatorConfig.model_fields)
    return validated(EstimatorConfig, {k: v for k, v in given.items() if v is not None})


def secondary_configs(given: Iterable[Any]) -> tuple[SecondaryConfig, ...]:
    """Check secondary models alone: mappings of their keys, or texts as on the command line.

    Raises:
        ConfigError: Naming the key, its value and what is allowed.
    """
    return validated(_SecondaryOnly, {"secondary": list(given)}).secondary


class _SecondaryOnly(BaseModel):
    secondary: SecondaryList


def validated(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """Build a pydantic model, turning its complaints into one `ConfigError`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError("; ".join(_complaint(e) for e in error.errors())) from None


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown(values, KEYS)
    own = Config.model_fields.keys() - SECTIONS.keys()
    nested: dict[str, Any] = {k: v for k, v in values.items() if k in own}
    for name, section in SECTIONS.items():
        nested[name] = {k: v for k, v in values.items() if k in section.model_fields}
    return nested


def _refuse_unknown(values: Iterable[str], allowed: Iterable[str]) -> None:
    allowed = list(allowed)
    for key in values:
        if key not in allowed:
            hint = suggestion(str(key), allowed) or f" Allowed: {', '.join(sorted(allowed))}."
            raise ConfigError(f"{key}: no such setting.{hint}")


def _complaint(error: ErrorDetails) -> str:
    """Say which key is wrong, its value, and what is allowed."""
    key = ".".join(str(part) for part in error["loc"] if part not in SECTIONS)
    message = error["msg"].removeprefix("Value error, ")
    if not key:
        return message
    if error["type"] == "extra_forbidden":
        known = _NESTED_KEYS.get(key.split(".")[0], KEYS)
        return f"{key}: no such setting.{suggestion(str(error['loc'][-1]), known)}"
    hint = ""
    if error["type"] == "literal_error" and isinstance(error["input"], str):
        hint = "." + suggestion(error["input"], re.findall(r"'([^']*)'", message))
    if key == "serve_token" or key.split(".")[0] == "webhook":  # they hold secrets
        return f"{key}: {message}"
    return f"{key}: {message}, not {error['input']!r}{hint}"


_NESTED_KEYS: Mapping[str, Iterable[str]] = {
    **dict.fromkeys(("zones", "lines", "ground"), ZONE_KEYS),
    "secondary": SecondaryConfig.model_fields,
    "webhook": WebhookConfig.model_fields,
}
"""The keys within a key's value."""


def read_yaml(file: Path) -> dict[str, Any]:
    """Return what a settings file says, unchecked.

    Raises:
        ConfigError: If it cannot be read, or is no mapping.
    """
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"config {str(file)!r}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"config {str(file)!r}: not YAML: {_one_line(error)}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"config {str(file)!r}: must be 'key: value' lines")
    return values


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
