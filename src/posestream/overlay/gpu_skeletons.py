"""Draw everyone's skeletons onto NV12 pictures on a GPU, a whole batch in two launches."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from posestream.kernels import Arguments, Loader, Step, on_cuda
from posestream.overlay.colours import IDENTITIES, OUTLINE
from posestream.overlay.gpu_surfaces import (
    SURFACE,
    TABLES,
    Picture,
    Yuv,
    colour_table,
    surface_rows,
)
from posestream.overlay.skeletons import SkeletonStyle
from posestream.topology import Topology
from posestream.transfers import Transfer
from posestream.types import Poses

if TYPE_CHECKING:
    import torch

SOURCES = tuple(Path(__file__).with_name(f"gpu_{part}.cu") for part in ("surfaces", "skeletons"))
_BLOCK, _SIDE = 256, 32
"""Threads of a block, and the pixels along its side that they draw on."""
_STROKE_BYTES = 28
_PART = np.dtype([("first", np.int32), ("second", np.int32), ("share", np.float32)])


class GpuSkeletons:
    """Draws as `posestream.overlay.annotator.Annotator` draws by default, skeletons alone.

    For one thread at a time.

    Args:
        topology: What the keypoints mean.
        device: A CUDA device of torch.
        min_keypoint_score: Keypoints under this score are not drawn.
        line_width: Width of limbs, frame pixels; by default from the picture's and the person's
            size.
        load: How kernels are compiled.

    Raises:
        MissingDependencyError: If torch, NVIDIA's bindings or the GPU is missing.
    """

    def __init__(
        self,
        topology: Topology,
        device: torch.device,
        *,
        min_keypoint_score: float = 0.3,
        line_width: float | None = None,
        load: Loader = on_cuda,
    ) -> None:
        import torch

        self._device, self._threshold = device, float(min_keypoint_score)
        self._width = float(line_width or 0)
        self._kernels = load(SOURCES, device.index or 0, {"HALF": 0})
        style = SkeletonStyle.of(topology)
        self._keypoints, self._limbs = len(topology.keypoints), len(style.limbs)
        self._shoulders = style.shoulders or (0, 0)
        parts, colours = _parts(style), _colours(style)
        self._parts = torch.from_numpy(parts.view(np.uint8)).to(device)
        self._colours = torch.from_numpy(colours).to(device)
        self._colour_count = colours.shape[1]
        self._room = (0, 0)
        self._sent: Any = None
        self._make_room(16, 128)

    def draw(
        self,
        pictures: Sequence[Picture],
        poses: Sequence[Poses],
        *,
        ids: Sequence[npt.NDArray[np.int64]] | None = None,
        frame_sizes: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        """Enqueue drawing on the current stream.

        Args:
            pictures: Where to draw.
            poses: Everyone on each picture.
            ids: ``(P,)`` identities on each; limbs take the colour of theirs. Those of -1, and by
                default all, keep the colours of their sides.
            frame_sizes: Width and height of the frames that poses are placed in, where pictures
                show them scaled.
        """
        counts = [len(own) for own in poses]
        people = sum(counts)
        if people == 0:
            return
        if self._sent is not None:
            self._sent.synchronize()  # or the memory below would still be on its way
        self._make_room(len(pictures), people)
        sizes = frame_sizes or [picture.size for picture in pictures]
        self._fill(surface_rows(pictures, sizes, counts), poses, counts)
        self._there.host["identities"][:people] = _identities(ids, people)
        self._there.upload()
        if self._sent is not None:
            self._sent.record()
        width = max(picture.size[0] for picture in pictures)
        height = max(picture.size[1] for picture in pictures)
        for step in self._steps(people, (width, height, len(pictures))):
            self._kernels.launch(step)

    def _make_room(self, pictures: int, people: int) -> None:
        import torch

        if pictures <= self._room[0] and people <= self._room[1]:
            return
        pictures, people = max(2 * pictures, self._room[0]), max(2 * people, self._room[1])
        count = self._keypoints
        self._room = (pictures, people)
        arrays = {
            "surfaces": ((pictures,), SURFACE),
            "surface_of": ((people,), np.int32),
            "identities": ((people,), np.int32),
            "keypoints": ((people, count, 2), np.float32),
            "scores": ((people, count), np.float32),
            "boxes": ((people, 4), np.float32),
        }
        self._there = Transfer(arrays, self._device)
        strokes = people * (self._limbs + count) * _STROKE_BYTES
        self._strokes = torch.empty(strokes, dtype=torch.uint8, device=self._device)
        if self._device.type == "cuda" and self._sent is None:
            self._sent = torch.cuda.Event()

    def _fill(self, rows: np.ndarray, poses: Sequence[Poses], counts: Sequence[int]) -> None:
        """Write what kernels need, of each frame the best person last so that nobody covers it."""
        host, people = self._there.host, sum(counts)
        host["surfaces"][: len(rows)] = rows
        host["surface_of"][:people] = np.repeat(np.arange(len(rows), dtype=np.int32), counts)
        np.concatenate([own.keypoints[::-1] for own in poses], out=host["keypoints"][:people])
        np.concatenate([own.keypoint_scores[::-1] for own in poses], out=host["scores"][:people])
        boxes = np.concatenate([own.boxes[::-1] for own in poses])
        host["boxes"][:people] = np.nan_to_num(boxes, nan=0, posinf=1e9, neginf=-1e9)

    def _steps(self, people: int, extent: tuple[int, int, int]) -> list[Step]:
        there, parts = self._there.on_device, self._limbs + self._keypoints
        place = Arguments(
            there("surfaces"),
            there("surface_of"),
            there("identities"),
            there("keypoints"),
            there("scores"),
            there("boxes"),
            self._parts,
            self._limbs,
            self._keypoints,
            *self._shoulders,
            people,
            self._threshold,
            self._width,
            self._strokes,
        )
        draw = Arguments(there("surfaces"), self._strokes, self._colours, parts, self._colour_count)
        blocks = (-(-extent[0] // _SIDE), -(-extent[1] // _SIDE), extent[2])
        return [
            Step("place_strokes", (-(-people * parts // 128), 1, 1), 128, 0, place),
            Step("draw_strokes", blocks, _BLOCK, 0, draw),
        ]


def _parts(style: SkeletonStyle) -> np.ndarray:
    """List limbs, then dots, as kernels take them."""
    parts = np.zeros(len(style.limbs) + len(style.dot_shares), _PART)
    dots = np.arange(len(style.dot_shares))
    parts["first"] = np.concatenate([style.limbs[:, 0], dots])
    parts["second"] = np.concatenate([style.limbs[:, 1], dots])
    parts["share"] = np.concatenate([style.limb_shares, 2 * style.dot_shares])
    return parts


def _identities(ids: Sequence[npt.NDArray[np.int64]] | None, people: int) -> np.ndarray:
    """Return the number of each one's colour, in the order of drawing; -1 of nobody's."""
    if ids is None:
        return np.full(people, -1)
    everyone = np.concatenate([own[::-1] for own in ids])
    return np.where(everyone >= 0, everyone % len(IDENTITIES), -1)


def _colours(style: SkeletonStyle) -> np.ndarray:
    """Return ``(T, N, 3)`` YUV of all parts, rims and identities, for each matrix and range."""
    more = np.array([OUTLINE, *IDENTITIES], np.uint8)
    rgb = np.concatenate([style.limb_colours, style.dot_colours, more])
    return np.stack([colour_table(rgb, Yuv(matrix, full)) for matrix, full in TABLES])
