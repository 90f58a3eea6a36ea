"""Write a model card as TOML, such that `read_card` reads the same card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields

from posestream.models.card import InputSpec, ModelCard
from posestream.topology import TOPOLOGIES, Topology

_PLAIN = ("name", "title", "family", "sha256", "size_bytes", "stride", "licence", "source")


def card_text(card: ModelCard) -> str:
    """Return a card as the text of its TOML file."""
    topology = card.topology
    built_in = TOPOLOGIES.get(topology.name) == topology
    head: dict[str, object] = {key: getattr(card, key) for key in _PLAIN}
    head["file"] = card.weights.name
    if built_in:
        head["topology"] = topology.name
    blocks = [_lines(head)]
    if not built_in:
        blocks.append("[topology]\n" + _lines(_values(topology)))
    if card.int8 is not None:
        second = card.int8
        values = {"file": second.weights.name, "sha256": second.sha256}
        blocks.append("[int8]\n" + _lines({**values, "size_bytes": second.size_bytes}))
    blocks.append("[input]\n" + _lines(_values(card.input)))
    blocks.append("[outputs]\n" + _lines(card.outputs))
    blocks += ["[[measured]]\n" + _lines(_values(one)) for one in card.measured]
    return "\n".join(blocks)


def _values(record: InputSpec | Topology | object) -> dict[str, object]:
    """Return the fields of a dataclass that TOML can say; it has no word for nothing."""
    every = {field.name: getattr(record, field.name) for field in fields(record)}  # pyright: ignore[reportArgumentType]
    return {key: value for key, value in every.items() if value is not None and value != ()}


def _lines(values: Mapping[str, object]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in values.items())


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else json.dumps(key)


def _value(value: object) -> str:
    """Write texts, numbers and lists of them, which JSON writes as TOML does."""
    return json.dumps(value, ensure_ascii=False)
