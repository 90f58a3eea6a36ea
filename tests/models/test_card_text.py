"""A card that is written is read back as it was."""

from dataclasses import replace
from pathlib import Path

import pytest

from posestream.models.card import Int8Weights, Measurement, ModelCard
from posestream.models.card_file import read_card
from posestream.models.card_text import card_text
from posestream.models.registry import list_models
from posestream.topology import Topology

FOLDER = Path("models")


def again(card: ModelCard) -> ModelCard:
    return read_card(card_text(card), file="card.toml", folder=FOLDER)


def moved(card: ModelCard) -> ModelCard:
    """Put a card's files where `again` looks for them."""
    int8 = card.int8 and replace(card.int8, weights=FOLDER / card.int8.weights.name)
    return replace(card, weights=FOLDER / card.weights.name, int8=int8)


@pytest.mark.parametrize("card", list_models(), ids=lambda card: card.name)
def test_an_embedded_card_comes_back(card: ModelCard):
    assert again(card) == moved(card)


def test_every_key_comes_back():
    card = list_models()[1]
    topology = Topology(
        "arm", ("hand", "elbow"), ((0, 1),), ((0, 1),), sigmas=(0.1, 0.2), hidden=("elbow",)
    )
    measured = Measurement(
        profile="fast", long_side=64, dataset='"a" \\ ü', ap=0.5, ms_per_image=2.0, machine="mine"
    )
    spec = replace(
        card.input, dtype="float32", scale=0.5, mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0), batch=2
    )
    full = replace(
        card,
        topology=topology,
        input=spec,
        outputs={"a/b:0": "confidence_maps", "ü": "part_affinity_fields"},
        measured=(measured, measured),
        int8=Int8Weights(weights=FOLDER / "int8.onnx", sha256="0" * 64, size_bytes=5),
    )
    assert again(full) == moved(full)


def test_a_fixed_size_comes_back():
    card = next(card for card in list_models() if card.input.fixed_size)
    assert again(card).input == card.input
