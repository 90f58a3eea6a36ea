"""A mosaic's picture, made on a GPU of what streams have there, and finished on the host."""
# pyright: reportMissingImports=false

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from posestream.errors import SinkError
from posestream.gpu.libraries import import_torch
from posestream.gpu.recording import TRAFFIC
from posestream.images import HostImage, Image
from posestream.kernels import Loader, on_cuda
from posestream.mosaicking.board import GpuCanvases
from posestream.mosaicking.drawn_later import DrawnLater
from posestream.overlay.gpu_mosaic import GpuMosaic, Rectangle
from posestream.overlay.gpu_skeletons import GpuSkeletons
from posestream.overlay.layout import Tile
from posestream.overlay.mosaic_layer import MosaicLayer
from posestream.overlay.tiles import SQUARE, fitted_size
from posestream.topology import Topology

if TYPE_CHECKING:
    import torch

_Shape = tuple[tuple[int, int], Fraction, str]
"""A picture's size and pixel aspect, and its stream's name."""


class GpuCanvas:
    """Shows pictures of one GPU without bringing them to the host, and others, too.

    All pictures that changed are scaled and drawn on at once, on a stream of the GPU's own, when
    the mosaic is asked for; by then they are not needed any more. One copy brings the mosaic to
    the host, where names and words, and pictures from elsewhere, lie over it. For one thread.

    Args:
        tiles: Where the places are.
        size: Width and height of the whole, pixels.
        device: The GPU, as torch knows it.
        topology: What the keypoints mean.
        min_keypoint_score: Keypoints under this score are not drawn.
        line_width: Width of limbs, frame pixels; by default from the tile's and the person's size.
        load: How kernels are compiled.

    Raises:
        MissingDependencyError: If torch, NVIDIA's bindings or the GPU is missing.
        SinkError: If the GPU fails, for example for want of memory.
    """

    def __init__(
        self,
        tiles: Sequence[Tile],
        size: tuple[int, int],
        device: torch.device,
        *,
        topology: Topology,
        min_keypoint_score: float = 0.3,
        line_width: float | None = None,
        load: Loader = on_cuda,
    ) -> None:
        self._torch = import_torch()
        self._tiles, self._device = tiles, device
        self._layer = MosaicLayer(tiles, size)
        self._windows: list[tuple[_Shape, Rectangle] | None] = [None] * len(tiles)
        self._waiting: dict[int, DrawnLater] = {}
        self._stream: Any = None
        self._done: Any = None
        with self._on_gpu():
            if device.type == "cuda":
                self._stream = self._torch.cuda.Stream(device)
                self._done = self._torch.cuda.Event(blocking=True)
        with self._on_gpu():
            skeletons = GpuSkeletons(
                topology,
                device,
                min_keypoint_score=min_keypoint_score,
                line_width=line_width,
                load=load,
            )
            self._mosaic = GpuMosaic(size, device, skeletons=skeletons, load=load)
            self._below = self._brought()

    def put(self, place: int, image: Image, *, name: str, pixel_aspect: Fraction = SQUARE) -> None:
        """Show a picture, scaled to fit, with the stream's name in a corner."""
        if not isinstance(image, DrawnLater) or not self._is_here(image):
            self._close(place)
            self._layer.put(place, image, name=name, pixel_aspect=pixel_aspect)
            return
        shape, window = (image.size, pixel_aspect, name), self._windows[place]
        if window is None or window[0] != shape:
            self._open(place, shape)
        self._waiting[place] = image

    def put_dimmed(
        self, place: int, image: Image, *, name: str, note: str, pixel_aspect: Fraction = SQUARE
    ) -> None:
        """Show a stream's last picture, darkened, with a line in its middle that says why."""
        self._close(place)
        if isinstance(image, DrawnLater):
            image.settle()  # a stream that is over must not keep its decoder
        self._layer.put_dimmed(place, image, name=name, note=note, pixel_aspect=pixel_aspect)

    def no_signal(self, place: int, *, name: str, reason: str) -> None:
        """Say calmly that a stream has no picture, and in a line, why."""
        self._close(place)
        self._layer.no_signal(place, name=name, reason=reason)

    def clear(self, place: int) -> None:
        """Show nothing in a place."""
        self._close(place)
        self._layer.clear(place)

    def image(self) -> HostImage:
        """Return the picture; it stays as it is while the canvas is drawn on.

        Raises:
            SinkError: If the GPU fails.
        """
        if self._waiting:
            with self._on_gpu():
                self._show(self._waiting)
                self._below = self._brought()
            # Not before: the GPU has read the pictures now.
            self._waiting.clear()
        return self._layer.over(self._below)

    def _show(self, waiting: dict[int, DrawnLater]) -> None:
        pictures, places, poses, ids = [], [], [], []
        for place, image in waiting.items():
            surface, people, window = image.surface, image.people, self._windows[place]
            if surface is not None and people is not None and window is not None:
                pictures.append(surface)
                places.append(window[1])
                poses.append(people.poses)
                ids.append(people.ids)
        self._mosaic.show(pictures, places, poses, ids=ids)

    def _brought(self) -> npt.NDArray[np.uint8]:
        """Bring the mosaic to the host and wait until it is there, without the GIL."""
        below = self._mosaic.download()
        if self._done is not None:
            self._done.record()
            self._done.synchronize()
        return below

    def _open(self, place: int, shape: _Shape) -> None:
        size, pixel_aspect, name = shape
        tile = self._tiles[place]
        width, height = fitted_size(size, (tile.width, tile.height), pixel_aspect=pixel_aspect)
        left = tile.left + (tile.width - width) // 4 * 2
        top = tile.top + (tile.height - height) // 4 * 2
        self._windows[place] = (shape, (left, top, width, height))
        self._layer.open(place, Tile(left, top, width, height), name=name)

    def _close(self, place: int) -> None:
        self._windows[place] = None
        self._waiting.pop(place, None)

    def _is_here(self, image: DrawnLater) -> bool:
        surface = image.surface
        return surface is not None and surface.device == self._device.index

    @contextlib.contextmanager
    def _on_gpu(self) -> Iterator[None]:
        """Work on the GPU's stream that is our own, and say whose failure a failure is."""
        try:
            with TRAFFIC.alongside, self._torch.cuda.stream(self._stream):
                yield
        except RuntimeError as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise SinkError(f"mosaic: {self._device}: {reason}") from error


def gpu_canvases(
    topology: Topology, *, min_keypoint_score: float = 0.3, line_width: float | None = None
) -> GpuCanvases:
    """Return what makes a `GpuCanvas` on a GPU, by its number."""

    def make(tiles: Sequence[Tile], size: tuple[int, int], device: int | None) -> GpuCanvas:
        return GpuCanvas(
            tiles,
            size,
            import_torch().device("cuda", device or 0),
            topology=topology,
            min_keypoint_score=min_keypoint_score,
            line_width=line_width,
        )

    return make
