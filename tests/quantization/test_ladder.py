"""The layers that suffer most for their work are the first to stay in f32."""

import pytest

from posestream.quantization.ladder import OutputError, by_harm, rungs
from posestream.quantization.observing import observe
from posestream.quantization.qdq import quantized

OUTPUTS = ["confidence", "affinity"]


def test_the_same_network_has_no_error(network, inputs):
    assert OutputError(network, OUTPUTS, inputs).of(network.model) == 0


def test_the_harmful_layer_comes_first(network, inputs):
    observed = observe(network, inputs)
    error, told = OutputError(network, OUTPUTS, inputs), []
    order = by_harm(network, observed, error, progress=lambda d, t: told.append((d, t)))
    assert order[0] == "spread"
    assert sorted(order) == sorted(c.name for c in network.convolutions)
    assert told == [(d, 6) for d in range(1, 7)]
    without = error.of(quantized(network, observed, order[1:]))
    assert without < 0.1 * error.of(quantized(network, observed, order))


def test_each_limit_keeps_as_few_layers_in_f32_as_it_must():
    order = ["a", "b", "c", "d"]
    errors = {4: 0.5, 3: 0.04, 2: 0.009, 1: 0.001}
    found = rungs(order, lambda names: errors[len(names)], [0.01, 0.05, 1.0])
    assert found == {1.0: order, 0.05: ["b", "c", "d"], 0.01: ["c", "d"]}


def test_a_limit_that_nothing_meets_is_left_out():
    assert rungs(["a", "b"], lambda names: 1.0, [0.5]) == {}


@pytest.mark.parametrize("layers", [1, 7, 64])
def test_few_networks_are_tried(layers):
    asked = []

    def error_of(names):
        asked.append(len(names))
        return len(names) / layers

    rungs([str(i) for i in range(layers)], error_of, [0.5])
    assert len(asked) <= layers.bit_length()
    assert len(asked) == len(set(asked))
