"""A written card reads back as what it was."""

from dataclasses import replace
from pathlib import Path

import pytest

from posestream.models.card import CROP_FAMILIES, Measurement, ModelCard, Weights
from posestream.models.card_file import read_card
from posestream.models.card_writing import card_text
from posestream.models.registry import find_model, list_models, list_templates
from posestream.topology import COCO_17

ODD = 'quotes " and \\, tabs \t, lines \n, umlauts ü, faces \U0001f600, \x7f'
MEASURED = Measurement(
    profile="", long_side=224, dataset=ODD, ap=1e-7, ms_per_image=3.0, machine="a laptop"
)
OWN = replace(COCO_17, paf_channels=tuple((2 * i, 2 * i + 1) for i in range(19)), hidden=("nose",))
CHANGES = {
    "as it is": {},
    "odd characters": {"title": ODD, "source": ODD},
    "measured": {"measured": (MEASURED, MEASURED)},
    "a topology of its own": {"topology": replace(OWN, name="own")},
    "a topology that only borrows a name": {"topology": OWN},
    "weights in INT8": {"int8": Weights(Path("folder") / "net.int8.onnx", "1" * 64, 5)},
    "outputs with odd names": {"outputs": {"a:0 b": "confidence_maps", "": "part_affinity_fields"}},
}


def read_back(card: ModelCard) -> ModelCard:
    found = read_card(card_text(card), file="card.toml", folder=Path("folder"))
    assert found.weights == Path("folder") / card.weights.name
    int8 = found.int8 and card.int8 and replace(found.int8, file=card.int8.file)
    return replace(found, weights=card.weights, int8=int8)


@pytest.mark.parametrize("card", list_models(), ids=lambda card: card.name)
def test_the_embedded_cards_read_back_as_they_are(card: ModelCard):
    assert read_back(card) == card


@pytest.mark.parametrize("template", list_templates())
def test_every_template_reads_back_with_what_its_family_has_of_its_own(tmp_path, template):
    network = tmp_path / "net.onnx"
    network.write_bytes(b"weights")
    card = find_model(network, card=template)
    card = replace(card, crop_padding=1.5) if card.family in CROP_FAMILIES else card
    assert read_back(card) == card


@pytest.mark.parametrize("changes", CHANGES.values(), ids=list(CHANGES))
def test_any_card_reads_back_as_it_is(changes):
    card = replace(list_models()[1], **changes)
    assert read_back(card) == card


def test_every_number_of_the_input_reads_back_to_the_last_bit():
    card = list_models()[1]
    spec = replace(
        card.input,
        layout="NCHW",
        dtype="float32",
        scale=1 / 255,
        mean=(0.485, 1e-9, 0.1 + 0.2),
        std=(0.229, 1.0, 3e5),
        long_side=None,
        fixed_size=(224, 256),
        batch=3,
    )
    assert read_back(replace(card, input=spec)).input == spec
