"""Make the demo's clip: cut-out photographs that move in front of plain backgrounds.

Everything is put together on the Y, U and V planes that the encoder takes, which halves the work.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Colorspace

from posestream.demo.photographs import load_photograph
from posestream.demo.scenes import SHOTS, Actor, Shot
from posestream.errors import OutputExistsError, SinkError
from posestream.images import plane_arrays

SIZE = (1280, 720)
FRAME_RATE = 30
Plane = npt.NDArray[np.uint8]


def make_demo_clip(
    path: Path,
    *,
    seconds: float = 10.0,
    size: tuple[int, int] = SIZE,
    overwrite: bool = False,
) -> Path:
    """Write the clip as an MP4, H.264, 30 frames per second.

    Args:
        path: File to make.
        seconds: Length of the clip.
        size: Width and height, pixels; both even.
        overwrite: Whether an existing file may be replaced.

    Returns:
        ``path``.

    Raises:
        OutputExistsError: If the file exists and may not be replaced.
        SinkError: If it cannot be written.
    """
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path}: exists; pass --overwrite (overwrite=True) to replace it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", FRAME_RATE)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.time_base = Fraction(1, FRAME_RATE)
            stream.codec_context.colorspace = Colorspace.ITU709
            stream.options = {"preset": "superfast", "crf": "20"}
            for frame in demo_frames(seconds=seconds, size=size):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def demo_frames(*, seconds: float = 10.0, size: tuple[int, int] = SIZE) -> Iterator[av.VideoFrame]:
    """Yield the clip's frames, YUV 4:2:0, BT.709."""
    begun = 0.0
    for shot in SHOTS:
        first, last = (round(at * seconds * FRAME_RATE) for at in (begun, begun + shot.share))
        background = _background(shot, size)
        for index in range(first, last):
            frame = av.VideoFrame(*size, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE)
            frame.colorspace = Colorspace.ITU709
            planes = plane_arrays(frame)
            for plane, behind in zip(planes, background, strict=True):
                np.copyto(plane, behind)
            for actor in shot.actors:
                _put(planes, actor, (index - first) / max(1, last - first - 1))
            yield frame
        begun += shot.share


def _background(shot: Shot, size: tuple[int, int]) -> list[Plane]:
    """Fade from the colour of the sky to that of the ground, darker towards the corners."""
    width, height = size
    down = np.linspace(0, 1, height)[:, None, None] ** 1.4
    colour = np.array(shot.sky) + (np.array(shot.ground) - np.array(shot.sky)) * down
    x, y = np.linspace(-1, 1, width)[None, :, None], np.linspace(-1, 1, height)[:, None, None]
    # Noise under a grey level keeps the encoder from showing the fade as bands.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (height, width, 1))
    pixels = np.round(colour * (1 - 0.13 * (x * x + y * y)) + noise).astype(np.uint8)
    return _yuv_planes(pixels)


def _yuv_planes(pixels: npt.NDArray[np.uint8]) -> list[Plane]:
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    converted = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
    return [plane.copy() for plane in plane_arrays(converted)]


def _put(planes: list[Plane], actor: Actor, share: float) -> None:
    """Lay an actor over a picture, scaled, leaning and where the shot wants it."""
    height, width = planes[0].shape
    layers = _cut_out(actor.photograph)
    own_height, own_width = layers[0].cover.shape
    place = actor.place_at(share)
    scale = place.height * height / own_height
    matrix = cv2.getRotationMatrix2D((own_width / 2, own_height), actor.lean_at(share), scale)
    if actor.mirrored:
        matrix = matrix @ np.array([[-1, 0, own_width], [0, 1, 0], [0, 0, 1.0]])
    matrix[:, 2] += (width / 2 + place.x * height, place.bottom * height)
    matrix[:, 2] -= (own_width / 2, own_height)
    half = matrix.copy()
    half[:, 2] = (matrix[:, :2].sum(axis=1) / 2 + matrix[:, 2] - 0.5) / 2
    for plane, layer, moved in zip(planes, layers, (matrix, half, half), strict=True):
        _lay_over(plane, layer, np.asarray(moved, np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    values: Plane
    """``(h, w)`` one plane of a photograph."""
    cover: npt.NDArray[np.float32]
    """``(h, w)`` 1 where the person is, 0 elsewhere."""


@functools.cache
def _cut_out(name: str) -> list[_Layer]:
    """Return the three planes of a photograph with the person's cover at their sizes."""
    photograph = load_photograph(name)
    planes = _yuv_planes(photograph.pixels)
    coarse = cv2.resize(photograph.cover, planes[1].shape[::-1], interpolation=cv2.INTER_AREA)
    covers = (photograph.cover, *(2 * [np.asarray(coarse, np.float32)]))
    return [_Layer(plane, cover) for plane, cover in zip(planes, covers, strict=True)]


def _lay_over(plane: Plane, layer: _Layer, matrix: npt.NDArray[np.float64]) -> None:
    """Mix a layer into a plane, moved by a ``(2, 3)`` matrix."""
    height, width = layer.cover.shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]) @ matrix.T
    limits = plane.shape[::-1]
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, limits).astype(int).tolist()
    right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, limits).astype(int).tolist()
    if left >= right or top >= bottom:
        return
    shifted = matrix - np.array([[0, 0, left], [0, 0, top]])
    area = (right - left, bottom - top)
    values = cv2.warpAffine(layer.values, shifted, area, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpAffine(layer.cover, shifted, area)
    part = plane[top:bottom, left:right]
    part[:] = cv2.blendLinear(values, part, cover, np.subtract(1, cover, dtype=np.float32))
