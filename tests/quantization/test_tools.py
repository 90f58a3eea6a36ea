"""Other tools quantize the layers they are told to."""

import contextlib
import io

import pytest

from posestream.quantization.ladder import OutputError
from posestream.quantization.tools import installed_tools, quantized_by

OUTPUTS = ["confidence", "affinity"]


@pytest.mark.parametrize("tool", ["nncf", "onnxruntime"])
@pytest.mark.filterwarnings("default")
def test_a_tool_quantizes_what_it_is_told_and_says_nothing(network, inputs, tool):
    pytest.importorskip(tool)
    assert tool in installed_tools()
    error = OutputError(network, OUTPUTS, inputs)
    layers = ["stem", "depthwise"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        model = quantized_by(tool, network, inputs, layers)
    assert said.getvalue() == ""
    made = {node.input[1]: node.name for node in model.graph.node if node.op_type == "Conv"}
    in_f32 = [name for weights, name in made.items() if weights.endswith("_wide")]
    assert sorted(in_f32) == ["fields", "maps", "mix", "spread"]
    assert 0 < error.of(model) < 0.05


def test_a_tool_that_is_not_there_is_not_asked(monkeypatch):
    monkeypatch.setattr("posestream.quantization.tools.find_spec", lambda name: None)
    assert installed_tools() == []
