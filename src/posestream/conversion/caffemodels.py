"""OpenPose's Caffe models become ONNX files with cards; Caffe is not needed, nor PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posestream.conversion.results import Converted, Wishes, make_draft, random_pixels
from posestream.errors import ModelError
from posestream.inference.pixels import network_input
from posestream.models.architectures.catalogue import LAYERED, OUTPUTS, LayeredArchitecture
from posestream.models.caffe.caffemodel import read_caffemodel
from posestream.models.caffe.conversion import fitting_weights, write_layers
from posestream.models.caffe.deploy import read_deploy
from posestream.models.caffe.layers import Network, blob_channels, weight_shapes
from posestream.models.caffe.reference import run_network
from posestream.models.exporting.onnx_writer import OnnxWriter, stored
from posestream.models.exporting.parity import largest_difference

Array = npt.NDArray[np.float32]
Weights = Mapping[str, tuple[Array, ...]]


def import_caffemodel(
    caffemodel: Path,
    wishes: Wishes,
    *,
    prototxt: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Converted:
    """Write a Caffe model as ONNX with its card, after comparing it with Caffe's rules in numpy.

    Args:
        caffemodel: The weights.
        wishes: How the file is to be.
        prototxt: The layers; if not given, those of the OpenPose network that the weights fit.
        tell: Is told what happens.

    Raises:
        ConfigError: If a setting is not allowed.
        OutputExistsError: If a file exists and may not be replaced.
        MissingDependencyError: If ONNX is not installed.
        SourceNotFoundError: If a file does not exist.
        ModelError: If a file cannot be used, or the written network says something else.
        SinkError: If the files cannot be written.
    """
    wishes.check()
    writer = OnnxWriter(opset=wishes.opset, half=wishes.half)
    described = read_deploy(prototxt) if prototxt is not None else None
    weights = read_caffemodel(caffemodel)
    try:
        if described is not None:
            kind, network = _with_outputs(described, prototxt)
        else:
            kind, network = _recognise(weights)
        name = kind.architecture.name
        tell(f"recognised: {name}, {len(weight_shapes(network))} layers with weights")
        weights = fitting_weights(network, weights)
    except ModelError as error:
        raise ModelError(f"{caffemodel}: {error}") from error
    return _convert(caffemodel, wishes, kind, network, weights, writer, tell)


def _convert(
    caffemodel: Path,
    wishes: Wishes,
    kind: LayeredArchitecture,
    network: Network,
    weights: Weights,
    writer: OnnxWriter,
    tell: Callable[[str], None],
) -> Converted:
    architecture = kind.architecture
    spec = architecture.input(size=wishes.size, batch=wishes.batch)
    tell(f"writing ONNX, opset {wishes.opset}, {'float16' if wishes.half else 'float32'} weights")
    tensors = write_layers(network, weights, writer)
    maps, fields = (tensors[blob] for blob in kind.blobs)
    draft = make_draft(
        architecture, architecture.topology, wishes, writer, (maps, fields), original=caffemodel
    )
    tell("comparing it with Caffe's rules")
    pixels = random_pixels(spec)[:1].repeat(spec.batch or 1, axis=0)
    image = network_input(spec, pixels)

    def run(values: Weights) -> dict[str, Array]:
        blobs = run_network(network, values, image)
        return {name: blobs[blob] for name, blob in zip(OUTPUTS, kind.blobs, strict=True)}

    measured = draft.measure(run(_rounded(weights) if wishes.half else weights), pixels)
    return Converted(
        card=draft.write(wishes),
        architecture=architecture.name,
        difference=measured.difference,
        rounding=largest_difference(measured.maps, run(weights)) if wishes.half else None,
        ran_on=measured.ran_on,
    )


def _rounded(weights: Weights) -> Weights:
    """Return the weights that a file with float16 weights holds."""
    return {
        name: tuple(stored(array, half=True).astype(np.float32) for array in arrays)
        for name, arrays in weights.items()
    }


def _recognise(weights: Collection[str]) -> tuple[LayeredArchitecture, Network]:
    """Return the OpenPose network all of whose layers have weights."""
    missing = dict[str, list[str]]()
    for kind in LAYERED:
        architecture = kind.architecture
        network = kind.network(*architecture.channels(architecture.topology)).only(kind.blobs)
        missing[architecture.name] = [
            name for name in weight_shapes(network) if name not in weights
        ]
        if not missing[architecture.name]:
            return kind, network
    nearest = min(missing, key=lambda name: len(missing[name]))
    raise ModelError(
        f"none of {', '.join(missing)}; the nearest, {nearest}, has {len(missing[nearest])} layers "
        f"more, the first {missing[nearest][0]!r}. Give another network's layers with --prototxt"
    )


def _with_outputs(network: Network, path: Path | None) -> tuple[LayeredArchitecture, Network]:
    """Return what a described network is, by the layers it ends in, and the part of it needed."""
    try:
        tops = {layer.top for layer in network.layers}
        for kind in LAYERED:
            if tops.issuperset(kind.blobs):
                return kind, _with_channels(network.only(kind.blobs), kind)
        ends = " or ".join(" and ".join(kind.blobs) for kind in LAYERED)
        raise ModelError(f"has none of the layers that OpenPose's networks end in: {ends}")
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _with_channels(network: Network, kind: LayeredArchitecture) -> Network:
    """Refuse a network whose maps and fields are not those of the topology."""
    topology, found = kind.architecture.topology, blob_channels(network)
    for blob, wanted in zip(kind.blobs, kind.architecture.channels(topology), strict=True):
        if found[blob] != wanted:
            raise ModelError(
                f"{blob!r} has {found[blob]} channels; "
                f"the topology {topology.name!r} needs {wanted}"
            )
    return network
