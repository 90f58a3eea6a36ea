"""What a network wants and what it says: the model card.

Code never guesses from tensor shapes; everything it needs to know is here.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from posestream.errors import ConfigError, DamagedModelError, ModelError
from posestream.geometry import InputRule
from posestream.models.onnx_file import MAX_BYTES, check_external, inspect
from posestream.topology import Topology

MEANINGS: Mapping[str, tuple[str, ...]] = {
    "center": (
        "center_heatmap",
        "box_size",
        "keypoint_heatmap",
        "keypoint_regression",
        "keypoint_offset",
    ),
    "paf": ("confidence_maps", "part_affinity_fields"),
    "single": ("person_keypoints",),
    "simcc": ("simcc_x", "simcc_y"),
    "heatmap": ("keypoint_heatmap",),
    "yolo": ("yolo_predictions",),
    "yolo-end2end": ("yolo_people",),
    "rtmo": ("person_boxes", "box_keypoints"),
    "movenet-multi": ("movenet_people",),
    "classifier": ("class_scores",),
    "detections": ("detections",),
    "nanodet": tuple(f"{what}_{s}" for what in ("object_scores", "side_bins") for s in (8, 16, 32)),
}
"""What each family of networks must say, as the keys of `Fields.maps`.

============================ ==================================================================
``center_heatmap``           ``(B, 1, h, w)`` confidence in a person's center
``box_size``                 ``(B, 2, h, w)`` height and width of the person, cells
``keypoint_heatmap``         ``(B, K, h, w)`` confidence in each keypoint
``keypoint_regression``      ``(B, 2K, h, w)`` (dy, dx) from the center's cell, cells
``keypoint_offset``          ``(B, 2K, h, w)`` (dy, dx) within the keypoint's cell, cells
``confidence_maps``          ``(B, K or more, h, w)`` confidence in each keypoint
``part_affinity_fields``     ``(B, 2L or more, h, w)`` channels as the topology's `paf_channels`
``person_keypoints``         ``(B, 1, K, 3)`` y, x in [0, 1] of the input, and confidence
``simcc_x``                  ``(B, K, W * split_ratio)`` confidence in each column
``simcc_y``                  ``(B, K, H * split_ratio)`` confidence in each row
``yolo_predictions``         ``(B, 5 + 3K, N)`` x, y of the middle, width, height, score of a box,
                             then x, y, score of each keypoint; input pixels; people repeat
``yolo_people``              ``(B, N, 6 + 3K)`` left, top, right, bottom, score and class of a
                             box, then x, y, score of each keypoint; input pixels
``person_boxes``             ``(B, N, 5)`` left, top, right, bottom, score; input pixels
``box_keypoints``            ``(B, N, K, 3)`` x, y, score of each keypoint; input pixels
``movenet_people``           ``(B, N, 3K + 5)`` y, x, score of each keypoint, then top, left,
                             bottom, right, score of the box; in [0, 1] of the input
``class_scores``             ``(B, C)`` score of each class; the card's `activation` comes after
``detections``               ``(B, N, 6)`` left, top, right, bottom in input pixels, score, class
``object_scores_8``, 16, 32  ``(B, h w, C)`` score of each class in each cell of that stride
``side_bins_8``, 16, 32      ``(B, h w, 4 n)`` logits of ``n`` distances to each side of a box
============================ ==================================================================
"""
LAYOUTS = ("NHWC", "NCHW")
COLOURS = ("RGB", "BGR")
DTYPES = ("uint8", "int32", "float32")
PADDINGS = ("right-bottom", "center")
RESIZES = ("letterbox", "stretch")
SECONDARY_FAMILIES = ("classifier", "detections", "nanodet")
"""Families that find no people: they look at frames, or at people who were found."""
ACTIVATIONS = ("none", "softmax", "sigmoid")
NO_TOPOLOGY = Topology("none", (), ())
"""What the keypoints of a network mean that has none."""
WHOLE_FRAME_FAMILIES = ("center", "paf")
"""Families whose maps must begin where the frame does."""
CROP_FAMILIES = ("single", "simcc", "heatmap")
"""Families that place the keypoints of one person, whom something else finds."""
HEATMAP_GRIDS = ("corners", "stride")


class WeightsFile(Protocol):
    """A file to read, on disk or inside a zip."""

    @property
    def name(self) -> str:
        """Name without folders."""
        ...

    def read_bytes(self) -> bytes:
        """Return the whole content."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """How pixels go in: ``(pixel * scale - mean) / std`` of every channel.

    Raises:
        ModelError: If sizes contradict each other or whole-number pixels are to be scaled.
    """

    name: str
    """Name of the network's input."""
    layout: str
    """Order of axes, one of `LAYOUTS`."""
    dtype: str
    """Type of the network's input, one of `DTYPES`."""
    colour: str
    """Order of channels, one of `COLOURS`."""
    scale: float = 1.0
    """Factor on pixels of 0 to 255."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Subtracted after scaling, in the order of ``colour``."""
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Divided by at last, in the order of ``colour``."""
    multiple: int = 1
    """Width and height are multiples of it."""
    long_side: int | None = None
    """Usual longer side, pixels; None where the size is fixed."""
    fixed_size: tuple[int, int] | None = None
    """The only width and height the network takes; None where the size is free."""
    batch: int | None = None
    """The only batch the network takes; None where it is free."""
    resize: str = "letterbox"
    """Whether a picture keeps its proportions or fills the input, one of `RESIZES`."""
    padding: str = "right-bottom"
    """Where the input is filled beside the picture, one of `PADDINGS`."""
    pad_value: int = 0
    """What it is filled with, in every channel, 0 to 255."""

    def __post_init__(self) -> None:
        """Check that settings fit each other."""
        if (self.long_side is None) == (self.fixed_size is None):
            raise ModelError("input: exactly one of long_side and fixed_size must be given")
        if not 0 <= self.pad_value <= 255:
            raise ModelError(f"input.pad_value: {self.pad_value} is not allowed; allowed: 0 to 255")
        if not self.scale:
            raise ModelError(f"input.scale: {self.scale} is not allowed; allowed: not 0")
        if not all(self.std):
            raise ModelError(f"input.std: {list(self.std)} is not allowed; allowed: not 0")
        if self.dtype != "float32" and not self.takes_raw_pixels:
            raise ModelError(
                f"input.dtype: {self.dtype!r} is not allowed with a scale, mean or std; "
                "allowed: float32"
            )

    @property
    def takes_raw_pixels(self) -> bool:
        """Whether pixels go in as 0 to 255, neither scaled nor shifted."""
        return self.scale == 1 and not any(self.mean) and all(s == 1 for s in self.std)

    def rule(self, long_side: int | None = None) -> InputRule:
        """Return how frames become inputs.

        Args:
            long_side: Long side instead of the usual one; ignored where the size is fixed.
        """
        free = self.fixed_size is None
        return InputRule(
            long_side=(long_side or self.long_side) if free else None,
            fixed_size=self.fixed_size,
            multiple=self.multiple,
            max_stretch=math.inf if self.resize == "stretch" else 0.0,
            centered=self.padding == "center",
            pad_value=self.pad_value,
        )

    def refusal(self, width: int, height: int) -> str | None:
        """Return why an input of this size cannot be, or None if it can."""
        if self.fixed_size is not None and (width, height) != self.fixed_size:
            return f"allowed: {self.fixed_size[0]} x {self.fixed_size[1]}"
        if width < 1 or height < 1 or width % self.multiple or height % self.multiple:
            return f"allowed: positive multiples of {self.multiple}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Accuracy and speed of one way to run a network, as somebody measured them."""

    profile: str
    """Recipe of passes, or an empty text for one plain pass."""
    long_side: int
    """Longer side of the network's input, pixels."""
    dataset: str
    """The pictures, and the protocol where it is not COCO's own."""
    ap: float
    """COCO keypoint average precision in [0, 1]."""
    ms_per_image: float
    """From decoded picture to poses, milliseconds."""
    machine: str
    """What it ran on."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A network's file and what is known of it."""

    file: WeightsFile
    """The network as ONNX."""
    sha256: str
    """Hash of the file, 64 lower-case hexadecimal digits."""
    size_bytes: int
    """Size of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """A network's description; read one with `posestream.models.registry.find_model`.

    Raises:
        ModelError: If the outputs are not what the family needs.
    """

    name: str
    """What people call it on the command line."""
    title: str
    """What it is, in a line."""
    family: str
    """How its outputs become people; a key of `MEANINGS`."""
    topology: Topology
    """What the keypoint axis means."""
    weights: WeightsFile
    """The network as ONNX."""
    sha256: str
    """Hash of the file, 64 hexadecimal digits."""
    size_bytes: int
    """Size of the file."""
    stride: int
    """Input pixels per heatmap cell; 1 where the network gives points instead of maps."""
    input: InputSpec
    """How pixels go in."""
    outputs: Mapping[str, str]
    """Meaning of each network output, by its name; other outputs are not computed."""
    licence: str
    """SPDX name of the weights' licence."""
    source: str
    """Where the weights come from."""
    measured: tuple[Measurement, ...] = ()
    """Accuracy and speed."""
    crop_padding: float = 1.25
    """Sides of the crop of a person, in sides of the person's box; for `CROP_FAMILIES`."""
    split_ratio: float = 2.0
    """Bins per input pixel; for family ``simcc``."""
    heatmap_grid: str = "corners"
    """Where the cells of family ``heatmap`` are. ``corners``: the middles of the first and the last
    cell are those of the first and the last pixel, as with unbiased data processing; ``stride``:
    the middle of cell ``i`` is that of pixel ``i * stride``."""
    int8: Weights | None = None
    """The same network in INT8, if there is one."""
    labels: tuple[str, ...] = ()
    """Names of the classes that a secondary model tells apart; empty if unknown."""
    activation: str = "none"
    """What turns a classifier's scores into confidences, one of `ACTIVATIONS`."""

    def __post_init__(self) -> None:
        """Check that the outputs are what the family needs."""
        if not 1 <= self.crop_padding <= 10 or not 0 < self.split_ratio <= 100:
            raise ModelError(
                f"crop_padding {self.crop_padding} or split_ratio {self.split_ratio} is not "
                "allowed; allowed: crop_padding of 1 to 10, split_ratio over 0 and up to 100"
            )
        needed = MEANINGS[self.family]
        if sorted(self.outputs.values()) != sorted(needed):
            raise ModelError(
                f"outputs: {', '.join(self.outputs.values()) or 'none'} is not allowed; "
                f"family {self.family!r} needs each once: {', '.join(needed)}"
            )
        if self.family in WHOLE_FRAME_FAMILIES and self.input.padding != "right-bottom":
            raise ModelError(
                f"input.padding: {self.input.padding!r} is not allowed; "
                f"family {self.family!r} needs 'right-bottom'"
            )
        if self.family in CROP_FAMILIES and self.input.fixed_size is None:
            raise ModelError(f"input.fixed_size: missing; family {self.family!r} needs it")
        if self.activation != "none" and self.family != "classifier":
            raise ModelError(
                f"activation: {self.activation!r} is not allowed; "
                f"family {self.family!r} needs 'none'"
            )
        if self.family == "paf" and not self.topology.paf_channels:
            raise ModelError(
                f"topology: {self.topology.name!r} has no paf_channels; family 'paf' needs them"
            )

    def in_int8(self) -> ModelCard:
        """Return the card of the same network in INT8.

        Raises:
            ConfigError: If there is none.
        """
        if self.int8 is None:
            raise ConfigError(
                f"precision: 'int8' is not allowed for model {self.name!r}, which has no INT8 "
                "weights; allowed: auto, f32, bf16, f16"
            )
        second = self.int8
        return replace(
            self,
            weights=second.file,
            sha256=second.sha256,
            size_bytes=second.size_bytes,
            int8=None,
        )

    def read_weights(self) -> bytes:
        """Return the network, checked against the card.

        Raises:
            ModelError: If the file cannot be read.
            DamagedModelError: If its hash is not the card's.
        """
        if self.size_bytes > MAX_BYTES:
            raise ModelError(
                f"model {self.name!r}: {self.weights} is {self.size_bytes >> 20} MB; "
                f"allowed: {MAX_BYTES >> 20} MB"
            )
        try:
            content = self.weights.read_bytes()
        except OSError as error:
            raise ModelError(f"model {self.name!r}: cannot read {self.weights}: {error}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise DamagedModelError(
                f"model {self.name!r}: {self.weights} is damaged or not the file of its card: "
                f"sha256 {found} ({len(content)} bytes), the card says {self.sha256} "
                f"({self.size_bytes} bytes)"
            )
        return content

    def network(self) -> bytes | Path:
        """Return the network as libraries load it: its bytes, or its path if it has more files.

        Raises:
            ModelError: If the file cannot be read, is not ONNX, has an opset or a size that is not
                allowed, or needs files that do not lie beside it.
            DamagedModelError: If its hash is not the card's.
        """
        content = self.read_weights()
        try:
            external = inspect(content).external
            if not external:
                return content
            if not isinstance(self.weights, Path):
                raise ModelError("weights outside its file are not allowed here")
            check_external(external, self.weights.parent)
        except ModelError as error:
            raise ModelError(f"model {self.name!r}: {self.weights}: {error}") from error
        return self.weights
