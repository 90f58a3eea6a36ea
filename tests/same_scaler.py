"""Takes the scaler out of comparisons between CPU and GPU."""

from __future__ import annotations

import numpy as np

from posestream.geometry import Letterbox
from posestream.gpu.host_decoding import packed_nv12
from posestream.gpu.preprocessing_reference import network_input
from posestream.gpu.uploading import on_gpu
from posestream.images import HostImage
from posestream.models.card import InputSpec


class SameScaler:
    """A picture that is scaled on the CPU as the GPU's kernel does it."""

    def __init__(self, image: HostImage) -> None:
        nv12, (width, height) = packed_nv12(image.frame.reformat(format="nv12")), image.size
        self._luma = nv12[:height, :width]
        self._chroma = nv12[height:, :width].reshape(height // 2, width // 2, 2)
        self.size, self._colour = image.size, on_gpu(image, device=None).surface.colour

    def resized_rgb(self, width: int, height: int) -> np.ndarray:
        return self.crop_rgb((0, 0, *self.size), width, height)

    def crop_rgb(self, region: tuple[int, int, int, int], width: int, height: int) -> np.ndarray:
        left, top, right, bottom = region
        size = (width, height)
        spec = InputSpec(name="", layout="NHWC", dtype="uint8", colour="RGB", fixed_size=size)
        made = network_input(
            self._luma,
            self._chroma,
            box=Letterbox((right - left, bottom - top), size, size),
            colour=self._colour,
            spec=spec,
            corner=(left, top),
        )
        return made.astype(np.uint8)
