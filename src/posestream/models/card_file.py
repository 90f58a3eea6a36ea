"""Read a model card from its TOML file."""

from __future__ import annotations

import re
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Protocol

from posestream.errors import ModelError
from posestream.models.card import (
    ACTIVATIONS,
    COLOURS,
    DTYPES,
    HEATMAP_GRIDS,
    LAYOUTS,
    MEANINGS,
    NO_TOPOLOGY,
    PADDINGS,
    RESIZES,
    SECONDARY_FAMILIES,
    InputSpec,
    Measurement,
    ModelCard,
    Weights,
    WeightsFile,
)
from posestream.models.table import Table
from posestream.topology import TOPOLOGIES, Topology

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def _names(values: type) -> list[str]:
    """Return the names of a dataclass's fields, which are the keys of its table."""
    return [field.name for field in fields(values)]


_CARD_KEYS = ["file" if name == "weights" else name for name in _names(ModelCard)]

_WEIGHTS_KEYS = _names(Weights)


class Folder(Protocol):
    """A folder on disk or inside a zip."""

    def joinpath(self, name: str, /) -> WeightsFile:
        """Return the file of a name."""
        ...


def read_card(text: str, *, file: str, folder: Folder) -> ModelCard:
    """Return the card that a TOML text describes.

    Args:
        text: The TOML text.
        file: What messages call it.
        folder: Where the weights are.

    Raises:
        ModelError: If the text is not TOML, or a key is missing, unknown, or has a value that is
            not allowed.
    """
    try:
        table = Table(tomllib.loads(text), keys=_CARD_KEYS)
        int8 = None
        if "int8" in table:
            int8 = _weights(table.table("int8", keys=_WEIGHTS_KEYS), folder)
        return replace(_card(table, _weights(table, folder)), int8=int8)
    except ValueError as error:
        raise ModelError(f"{file}: {error}") from error


def read_template(text: str, *, file: str, weights: Weights) -> ModelCard:
    """Return the card of weights that a text written for any weights of their kind describes.

    Args:
        text: The TOML text; what it says of its own weights' file does not count.
        file: What messages call it.
        weights: The network, whatever its hash.

    Raises:
        ModelError: As for `read_card`.
    """
    try:
        table = Table(tomllib.loads(text), keys=_CARD_KEYS)
        return _card(table, weights, name=Path(weights.file.name).stem)
    except ValueError as error:
        raise ModelError(f"{file}: {error}") from error


def _card(table: Table, weights: Weights, *, name: str | None = None) -> ModelCard:
    family = table.text("family", allowed=MEANINGS)
    return ModelCard(
        name=name or table.text("name"),
        title=table.text("title"),
        family=family,
        topology=NO_TOPOLOGY if family in SECONDARY_FAMILIES else _topology(table),
        weights=weights.file,
        sha256=weights.sha256,
        size_bytes=weights.size_bytes,
        stride=table.whole("stride", default=1),
        crop_padding=table.number("crop_padding", default=1.25),
        split_ratio=table.number("split_ratio", default=2.0),
        heatmap_grid=table.text("heatmap_grid", allowed=HEATMAP_GRIDS, default="corners"),
        input=_input(table.table("input", keys=_names(InputSpec))),
        outputs=table.table("outputs", keys=None).texts(allowed=MEANINGS[family]),
        licence=table.text("licence", default="unknown"),
        source=table.text("source", default="unknown"),
        measured=tuple(map(_measurement, table.tables("measured", keys=_names(Measurement)))),
        labels=table.sequence("labels", str, default=[]),
        activation=table.text("activation", allowed=ACTIVATIONS, default="none"),
    )


def _weights(table: Table, folder: Folder) -> Weights:
    return Weights(folder.joinpath(_file_name(table)), _sha256(table), table.whole("size_bytes"))


def _file_name(table: Table) -> str:
    name = table.text("file")
    if not name or name in (".", "..") or re.search(r"[/\\]", name):
        raise table.error("file", f"{name!r} is not allowed; allowed: a file beside the card")
    return name


def _sha256(table: Table) -> str:
    digest = table.text("sha256")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise table.error(
            "sha256", f"{digest!r} is not allowed; allowed: 64 lower-case hexadecimal digits"
        )
    return digest


def _topology(table: Table) -> Topology:
    """Read the name of a built-in topology, or a whole one."""
    if not table.is_table("topology"):
        return TOPOLOGIES[table.text("topology", allowed=TOPOLOGIES)]
    inner = table.table("topology", keys=_names(Topology))
    return Topology(
        name=inner.text("name"),
        keypoints=inner.sequence("keypoints", str),
        limbs=inner.pairs("limbs"),
        paf_channels=inner.pairs("paf_channels", default=[]),
        sigmas=inner.sequence("sigmas", float, default=[]),
        hidden=inner.sequence("hidden", str, default=[]),
        flip_pairs=inner.pairs("flip_pairs", default=[]),
        colours=_colours(inner),
    )


def _colours(table: Table) -> tuple[tuple[str, tuple[int, int, int]], ...]:
    if "colours" not in table:
        return ()
    rows = table.table("colours", keys=None).sequences(int)
    for part, rgb in rows.items():
        if len(rgb) != 3:
            raise table.error(
                "colours", f"{part!r} is {list(rgb)}; allowed: red, green, blue of 0 to 255"
            )
    return tuple((part, (rgb[0], rgb[1], rgb[2])) for part, rgb in rows.items())


def _input(table: Table) -> InputSpec:
    return InputSpec(
        name=table.text("name"),
        layout=table.text("layout", allowed=LAYOUTS),
        dtype=table.text("dtype", allowed=DTYPES),
        colour=table.text("colour", allowed=COLOURS),
        scale=table.number("scale", default=1.0),
        mean=_channels(table, "mean", 0.0),
        std=_channels(table, "std", 1.0),
        multiple=table.whole("multiple", default=1),
        long_side=table.whole("long_side", default=None),
        fixed_size=_size(table, "fixed_size"),
        batch=table.whole("batch", default=None),
        resize=table.text("resize", allowed=RESIZES, default="letterbox"),
        padding=table.text("padding", allowed=PADDINGS, default="right-bottom"),
        pad_value=table.number("pad_value", default=0),
    )


def _channels(table: Table, key: str, default: float) -> tuple[float, float, float]:
    values = table.sequence(key, float, default=[default] * 3)
    if len(values) != 3:
        raise table.error(key, f"{list(values)} is not allowed; allowed: 3 numbers")
    return values


def _size(table: Table, key: str) -> tuple[int, int] | None:
    values = table.sequence(key, int, default=[])
    if values and (len(values) != 2 or min(values) < 1):
        raise table.error(key, f"{list(values)} is not allowed; allowed: width and height, pixels")
    return (values[0], values[1]) if values else None


def _measurement(table: Table) -> Measurement:
    return Measurement(
        profile=table.text("profile", default=""),
        long_side=table.whole("long_side"),
        dataset=table.text("dataset"),
        ap=table.number("ap"),
        ms_per_image=table.number("ms_per_image"),
        machine=table.text("machine"),
    )
