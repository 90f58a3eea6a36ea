"""A checkpoint's tensors are those of an architecture, or the first that is not is named."""

import re

import pytest

from checkpoint_files import random_state
from posestream.errors import ModelError
from posestream.models.architectures.catalogue import ARCHITECTURES
from posestream.models.exporting.fitting import fitted_network, recognise
from posestream.topology import OPENPOSE_COCO, TRTPOSE_HUMAN

torch = pytest.importorskip("torch")
NAME = "resnet18_baseline_att"


@pytest.fixture(scope="module")
def tensors():
    return random_state(NAME)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_an_architecture_is_recognised_by_its_keys(name: str):
    architecture = ARCHITECTURES[name]
    with torch.device("meta"):
        network = architecture.build(*architecture.channels(architecture.topology))
    assert recognise(network.state_dict()).name == name


def test_an_unknown_architecture_is_answered_with_the_nearest(tensors):
    renamed = {key.replace("cmap_att", "attention"): value for key, value in tensors.items()}
    message = (
        "none of resnet18_baseline_att, .*; the nearest, resnet18_baseline_att, differs in "
        r"4 tensors: 1\.attention\.bias, 1\.attention\.weight, 1\.cmap_att\.bias, \.\.\."
    )
    with pytest.raises(ModelError, match=message):
        recognise(renamed)


def test_weights_arrive_as_float32_where_they_belong(tensors):
    half = {key: t.half() if t.is_floating_point() else t for key, t in tensors.items()}
    network = fitted_network(ARCHITECTURES[NAME], TRTPOSE_HUMAN, half)
    found = network.state_dict()
    assert found["1.paf_att.bias"].dtype == torch.float32
    assert torch.equal(found["1.paf_att.bias"], half["1.paf_att.bias"].float())
    assert not network.training


def test_what_the_network_does_not_use_may_be_missing(tensors):
    used = {k: t for k, t in tensors.items() if ".fc." not in k and "num_batches" not in k}
    assert len(used) < len(tensors) - 2
    assert recognise(used).name == NAME
    fitted_network(ARCHITECTURES[NAME], TRTPOSE_HUMAN, used)


def test_a_missing_tensor_is_named(tensors):
    rest = {key: value for key, value in tensors.items() if key != "0.resnet.conv1.weight"}
    message = r"'0.resnet.conv1.weight' of resnet18.* is missing: expected \(64, 3, 7, 7\)"
    with pytest.raises(ModelError, match=message):
        fitted_network(ARCHITECTURES[NAME], TRTPOSE_HUMAN, rest)


def test_a_tensor_too_many_is_named(tensors):
    with pytest.raises(ModelError, match=r"'x' of shape \(2,\) is none of resnet18_baseline_att's"):
        fitted_network(ARCHITECTURES[NAME], TRTPOSE_HUMAN, {**tensors, "x": torch.zeros(2)})


def test_a_tensor_of_another_shape_is_named_with_both_shapes(tensors):
    wrong = {**tensors, "0.resnet.layer1.0.conv1.weight": torch.zeros(64, 64, 1, 1)}
    message = re.escape(
        "tensor '0.resnet.layer1.0.conv1.weight' has the shape (64, 64, 1, 1); "
        "resnet18_baseline_att expects (64, 64, 3, 3)"
    )
    with pytest.raises(ModelError, match=message):
        fitted_network(ARCHITECTURES[NAME], TRTPOSE_HUMAN, wrong)


def test_a_checkpoint_for_another_topology_is_explained(tensors):
    message = (
        r"'1.paf_conv.weight' has the shape \(42, 256, 1, 1\); .* expects \(38, 256, 1, 1\) "
        "for the 18 maps and 38 fields of the topology 'openpose-coco': .* another topology"
    )
    with pytest.raises(ModelError, match=message):
        fitted_network(ARCHITECTURES[NAME], OPENPOSE_COCO, tensors)
    hands = random_state(NAME, maps=21, fields=40)
    with pytest.raises(ModelError, match=r"\(21, 256, 1, 1\); .*\(18, 256.* 18 maps and 42 fields"):
        fitted_network(ARCHITECTURES[NAME], TRTPOSE_HUMAN, hands)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.full((18,), float("nan")), "holds NaN or infinity"),
        (torch.zeros(18, dtype=torch.int64), "is of type torch.int64; allowed: floating point"),
        (torch.zeros(18).to_sparse(), "allowed: floating point"),
    ],
)
def test_what_are_no_finite_numbers_is_refused(tensors, value, message: str):
    with pytest.raises(ModelError, match=f"tensor '1.cmap_conv.bias' {message}|{message}"):
        fitted_network(ARCHITECTURES[NAME], TRTPOSE_HUMAN, {**tensors, "1.cmap_conv.bias": value})
