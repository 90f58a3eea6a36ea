"""Write a model card as the TOML that `posestream.models.card_file.read_card` reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields

from posestream.models.card import CROP_FAMILIES, InputSpec, ModelCard
from posestream.topology import TOPOLOGIES, Topology


def card_text(card: ModelCard) -> str:
    """Return a card's TOML."""
    is_known = TOPOLOGIES.get(card.topology.name) == card.topology
    own: dict[str, object] = {"topology": card.topology.name} if is_known else {}
    top = {
        "name": card.name,
        "title": card.title,
        "family": card.family,
        **own,
        "file": card.weights.name,
        "sha256": card.sha256,
        "size_bytes": card.size_bytes,
        "stride": card.stride,
        **_crop(card),
        "licence": card.licence,
        "source": card.source,
        **_classes(card),
    }
    tables = [_lines(top)]
    if not is_known:
        tables.append(_table("[topology]", _topology(card.topology)))
        if card.topology.colours:
            tables.append(_table("[topology.colours]", dict(card.topology.colours)))
    if card.int8 is not None:
        second = card.int8
        weights = {"file": second.file.name, "sha256": second.sha256}
        tables.append(_table("[int8]", {**weights, "size_bytes": second.size_bytes}))
    tables.append(_table("[input]", _input(card.input)))
    tables.append(_table("[outputs]", card.outputs))
    for one in card.measured:
        values = {field.name: getattr(one, field.name) for field in fields(one)}
        tables.append(_table("[[measured]]", values))
    return "\n\n".join(tables) + "\n"


def _topology(topology: Topology) -> dict[str, object]:
    names = (field.name for field in fields(topology) if field.name != "colours")
    return {name: getattr(topology, name) for name in names}


def _classes(card: ModelCard) -> dict[str, object]:
    """Return what only secondary models have."""
    own: dict[str, object] = {"labels": card.labels} if card.labels else {}
    return own | ({"activation": card.activation} if card.family == "classifier" else {})


def _crop(card: ModelCard) -> dict[str, object]:
    """Return what only networks for one person's crop have."""
    if card.family not in CROP_FAMILIES:
        return {}
    own: dict[str, object] = {"crop_padding": card.crop_padding}
    if card.family == "simcc":
        own["split_ratio"] = card.split_ratio
    if card.family == "heatmap":
        own["heatmap_grid"] = card.heatmap_grid
    return own


def _input(spec: InputSpec) -> dict[str, object]:
    values = {field.name: getattr(spec, field.name) for field in fields(spec)}
    return {name: value for name, value in values.items() if value is not None}


def _table(head: str, values: Mapping[str, object]) -> str:
    return f"{head}\n{_lines(values)}"


def _lines(values: Mapping[str, object]) -> str:
    return "\n".join(f"{_key(key)} = {_value(value)}" for key, value in values.items())


def _key(key: str) -> str:
    is_bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if is_bare else _text(key)


def _value(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (bool, int, float)):
        return repr(value).lower()
    assert isinstance(value, Iterable)
    return f"[{', '.join(_value(one) for one in value)}]"


def _text(text: str) -> str:
    """Quote as TOML does, which is as JSON does but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
