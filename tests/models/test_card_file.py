"""A card is read strictly: whatever is missing, unknown or impossible is named."""

import re
from pathlib import Path

import pytest

from posestream.errors import ConfigError, ModelError
from posestream.models.card_file import read_card

CARD = """
name = "net"
title = "A network"
family = "paf"
topology = "trtpose-human"
file = "net.onnx"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
size_bytes = 10
stride = 4
licence = "Apache-2.0"
source = "somewhere"

[input]
name = "image"
layout = "NCHW"
dtype = "float32"
colour = "BGR"
scale = 0.5
mean = [1, 2, 3.5]
std = [4, 5, 6]
multiple = 8
long_side = 512
padding = "right-bottom"

[outputs]
maps = "confidence_maps"
fields = "part_affinity_fields"

[[measured]]
profile = "fast"
long_side = 384
dataset = "some pictures"
ap = 0.3
ms_per_image = 12.5
machine = "a laptop"
"""
INLINE = """[topology]
name = "arm"
keypoints = ["shoulder", "elbow", "wrist"]
limbs = [[0, 1], [1, 2]]
paf_channels = [[0, 1], [2, 3]]
sigmas = [0.1, 0.1, 0.1]
hidden = ["elbow"]

[input]"""


def read(text: str):
    return read_card(text, file="card.toml", folder=Path("models"))


def with_inline_topology(inline: str = INLINE) -> str:
    return CARD.replace('topology = "trtpose-human"\n', "").replace("[input]", inline)


def test_a_card_is_read_as_it_is_written():
    card = read(CARD)
    assert (card.name, card.family, card.topology.name, card.stride) == (
        "net",
        "paf",
        "trtpose-human",
        4,
    )
    assert card.weights == Path("models/net.onnx")
    assert card.outputs == {"maps": "confidence_maps", "fields": "part_affinity_fields"}
    assert (card.input.mean, card.input.std) == ((1, 2, 3.5), (4, 5, 6))
    assert (card.input.long_side, card.input.fixed_size, card.input.batch) == (512, None, None)
    assert [(m.profile, m.ap) for m in card.measured] == [("fast", 0.3)]


def test_a_topology_may_be_written_on_the_card():
    topology = read(with_inline_topology()).topology
    assert topology.keypoints == ("shoulder", "elbow", "wrist")
    assert topology.limbs == ((0, 1), (1, 2))
    assert topology.paf_channels == ((0, 1), (2, 3))
    assert topology.hidden == ("elbow",)


def test_colours_and_flip_pairs_of_a_topology_may_be_written_on_the_card():
    more = "flip_pairs = [[0, 2]]\ncolours = { elbow = [1, 2, 3] }\nlimbs ="
    topology = read(with_inline_topology(INLINE.replace("limbs =", more))).topology
    assert topology.flip_pairs == ((0, 2),)
    assert topology.colours == (("elbow", (1, 2, 3)),)


def test_a_network_for_one_person_needs_a_fixed_size():
    card = CARD.replace('"paf"', '"simcc"').replace('"trtpose-human"', '"coco-17"')
    card = card.replace('"confidence_maps"', '"simcc_x"').replace("part_affinity_fields", "simcc_y")
    with pytest.raises(ModelError, match=r"input.fixed_size: missing; family 'simcc' needs it"):
        read(card)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "net"', "", "name: missing"),
        ('name = "net"', "name = 3", "name: 3 is not allowed; allowed: text"),
        ('name = "net"', 'name = "net', "line"),
        ("stride = 4", "stide = 4", "stide: unknown key. Did you mean 'stride'"),
        ("stride = 4", "stride = 0", "stride: 0 is not allowed; allowed: 1 or more"),
        ("stride = 4", "stride = true", "stride: True is not allowed; allowed: a whole number"),
        ('"paf"', '"pad"', "family: 'pad' is not allowed.*Did you mean 'paf'"),
        ('"trtpose-human"', '"trtpose"', "topology: 'trtpose' .*Did you mean 'trtpose-human'"),
        ('"trtpose-human"', '"coco-17"', "'coco-17' has no paf_channels"),
        ('"trtpose-human"', "4", "topology: 4 is not allowed; allowed: text"),
        ('"net.onnx"', '"../net.onnx"', "file: '../net.onnx' .* a file beside the card"),
        ('"net.onnx"', '""', "file: '' .* a file beside the card"),
        ('sha256 = "0000', 'sha256 = "00', "sha256: .* 64 lower-case hexadecimal"),
        ("size_bytes = 10", "size_bytes = 1.5", "size_bytes: 1.5 is not allowed"),
        ('"NCHW"', '"CHW"', "input.layout: 'CHW' .*NCHW"),
        ('"float32"', '"int8"', "input.dtype: 'int8' .*uint8"),
        ('"float32"', '"uint8"', "input.dtype: 'uint8' is not allowed with a scale, mean or std"),
        ('"BGR"', '"BRG"', "input.colour: 'BRG' is not allowed; allowed: BGR, RGB"),
        ('"right-bottom"', '"middle"', "input.padding: 'middle' .*right-bottom"),
        ("scale = 0.5", 'scale = "x"', "input.scale: 'x' is not allowed; allowed: a number"),
        ("scale = 0.5", "scales = 0.5", "input.scales: unknown key. Did you mean 'scale'"),
        ("scale = 0.5", "scale = 0", "input.scale: 0 is not allowed; allowed: not 0"),
        ("[1, 2, 3.5]", "[1, 2]", r"input.mean: \[1, 2\] is not allowed; allowed: 3 numbers"),
        ("[1, 2, 3.5]", '"x"', "input.mean: 'x' is not allowed; allowed: a list"),
        ("[4, 5, 6]", "[4, 0, 6]", "input.std: .* allowed: not 0"),
        ("long_side = 512", "", "exactly one of long_side and fixed_size"),
        ("long_side = 512", "long_side = 512\nfixed_size = [8, 8]", "exactly one of long_side"),
        ("long_side = 512", "fixed_size = [8]", r"input.fixed_size: \[8\] .*width and height"),
        ("[input]", "[inputs]", "inputs: unknown key. Did you mean 'input'"),
        ('maps = "confidence_maps"', "", "outputs: part_affinity_fields .* confidence_maps"),
        ('"confidence_maps"', '"heatmaps"', "outputs.maps: 'heatmaps' is not allowed"),
        ('"confidence_maps"', '"part_affinity_fields"', "needs each once"),
        ("stride = 4", "split_ratio = 0", "split_ratio 0 is not allowed"),
        ("stride = 4", "crop_padding = 0.5", "crop_padding 0.5 .* crop_padding of 1 to 10"),
        ("stride = 4", 'heatmap_grid = "x"', "heatmap_grid: 'x' .* allowed: corners, stride"),
        ("ap = 0.3", "", r"measured\[0\].ap: missing"),
        ("ap = 0.3", "ap = 0.3\nfps = 1", r"measured\[0\].fps: unknown key"),
    ],
)
def test_a_wrong_card_is_refused_by_name_value_and_what_is_allowed(
    old: str, new: str, message: str
):
    assert old in CARD
    with pytest.raises(ModelError, match=f"^card.toml: .*{message}"):
        read(CARD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[0, 1], [1, 2]]", "[[0, 1, 2]]", "topology.limbs: .* pairs of whole numbers"),
        ("[[0, 1], [1, 2]]", "[[0, 7]]", "topology 'arm': limb"),
        ('"wrist"]', "3]", "topology.keypoints: 3 is not allowed; allowed: text"),
        ("limbs =", "limb =", "topology.limb: unknown key. Did you mean 'limbs'"),
        ("limbs =", "flip_pairs = [[0, 9]]\nlimbs =", "topology 'arm': flip_pairs"),
        ("limbs =", "colours = 3\nlimbs =", "topology.colours: 3 is not allowed; allowed: a table"),
        ("limbs =", "colours = {elbow = 1}\nlimbs =", "topology.colours.elbow: 1 is not allowed"),
        (
            "limbs =",
            "colours = {elbow = [1]}\nlimbs =",
            "topology.colours: 'elbow' is .* allowed: red",
        ),
        ("limbs =", "colours = {toe = [1, 2, 3]}\nlimbs =", "topology 'arm': colours: no keypoint"),
    ],
)
def test_a_wrong_topology_is_refused(old: str, new: str, message: str):
    with pytest.raises(ModelError, match=re.escape("card.toml: ") + message):
        read(with_inline_topology(INLINE.replace(old, new, 1)))


INT8 = f"""
[int8]
file = "net.int8.onnx"
sha256 = "{"1" * 64}"
size_bytes = 4
"""


def test_a_card_may_name_weights_in_int8():
    card = read(CARD + INT8)
    second = card.in_int8()
    assert (second.weights, second.sha256) == (Path("models/net.int8.onnx"), "1" * 64)
    assert (second.size_bytes, second.int8) == (4, None)
    assert (second.name, second.input) == (card.name, card.input)


def test_a_card_without_weights_in_int8_says_what_is_allowed():
    message = "'int8' is not allowed for model 'net', which has no INT8 weights; allowed: auto, f32"
    with pytest.raises(ConfigError, match=message):
        read(CARD).in_int8()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('file = "net.int8.onnx"', "", "int8.file: missing"),
        ('"net.int8.onnx"', '"../net.onnx"', "int8.file: .* a file beside the card"),
        ("1111", "11", "int8.sha256: .* 64 lower-case hexadecimal"),
        ("size_bytes = 4", "size_bytes = 0", "int8.size_bytes: 0 is not allowed"),
        (
            "size_bytes = 4",
            "size_byte = 4",
            "int8.size_byte: unknown .* 'size_bytes'",
        ),
    ],
)
def test_wrong_weights_in_int8_are_refused(old: str, new: str, message: str):
    with pytest.raises(ModelError, match=f"^card.toml: .*{message}"):
        read(CARD + INT8.replace(old, new, 1))


@pytest.mark.parametrize(
    ("width", "height", "refusal"),
    [(512, 288, None), (512, 290, "multiples of 8"), (0, 8, "multiples of 8")],
)
def test_a_free_size_is_held_to_its_multiple(width: int, height: int, refusal: str | None):
    said = read(CARD).input.refusal(width, height)
    assert (said is None) if refusal is None else (said is not None and refusal in said)


def test_a_fixed_size_is_the_only_one():
    spec = read(CARD.replace("long_side = 512", "fixed_size = [16, 8]")).input
    assert spec.refusal(16, 8) is None
    assert spec.refusal(8, 16) == "allowed: 16 x 8"


def test_the_documented_cards_can_be_read():
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "model-card.md"
    card, topology = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    card = card.replace('"..."', f'"{"0" * 64}"')
    assert read(card).topology.name == "trtpose-human"
    own = card.replace('topology = "trtpose-human"', "", 1) + topology
    assert read(own).topology.name == "arm"
