"""Skeletons and mosaics drawn on a GPU look like those drawn on the CPU.

The kernels run here on a CPU, or on a GPU where there is one.
"""

from __future__ import annotations

import av
import numpy as np
import pytest

import emulated_gpu
from posestream.errors import ConfigError
from posestream.kernels import on_cuda
from posestream.overlay.colours import OUTLINE
from posestream.overlay.gpu_mosaic import GpuMosaic
from posestream.overlay.gpu_skeletons import GpuSkeletons
from posestream.overlay.gpu_surfaces import Part, Yuv, colour_table, recolour
from posestream.overlay.skeletons import SkeletonStyle, limb_widths
from posestream.overlay.strokes import draw_strokes
from posestream.topology import COCO_17, TRTPOSE_HUMAN
from posestream.types import Poses

torch = pytest.importorskip("torch")


@pytest.fixture(params=["emulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request):
    """Where kernels run: the device, and how kernels are compiled for it."""
    emulated = request.param == "emulated"
    device = torch.device("cpu") if emulated else torch.device("cuda", 0)
    return device, emulated_gpu.on_cpu if emulated else on_cuda


class Nv12:
    """A picture with memory of its own."""

    def __init__(self, luma, chroma, device, colour=None):
        height, width = luma.shape
        rows = np.concatenate([luma, chroma.reshape(len(chroma), -1)])
        self.memory = torch.from_numpy(np.ascontiguousarray(rows)).to(device)
        start = self.memory.data_ptr()
        self.part = Part(start, start + height * width, width, (width, height), colour or Yuv())

    def planes(self):
        height = self.part.size[1]
        memory = self.memory.cpu().numpy()
        return memory[:height], memory[height:].reshape(height // 2, -1, 2)


def picture(rng, width, height, device, colour=None):
    """A smooth random picture."""
    y, x = np.mgrid[:height, :width] / max(width, height)
    a, b, c, d = rng.uniform(-9, 9, 4)
    luma = 126 + 90 * np.sin(a * x + b * y) * np.cos(c * y)
    chroma = np.stack([128 + 70 * np.sin(c * x + d), 128 + 70 * np.cos(d * y + a * x)], axis=2)
    whole = (luma.astype(np.uint8), chroma[::2, ::2].astype(np.uint8))
    return Nv12(*whole, device, colour)


def crowd(rng, topology, size, people):
    """People scattered over a picture and beyond, with keypoints missing, unsure and absurd."""
    count = len(topology.keypoints)
    middles = rng.uniform(-0.1, 1.1, (people, 1, 2)) * size
    keypoints = (middles + rng.normal(0, 0.15, (people, count, 2)) * min(size)).astype(np.float32)
    scores = rng.random((people, count), dtype=np.float32)
    keypoints[0, 0], keypoints[-1, 1], keypoints[-1, 2] = np.nan, np.inf, -1e30
    lows, highs = np.nanmin(keypoints, axis=1), np.nanmax(keypoints, axis=1)
    boxes = np.concatenate([lows, highs], axis=1)
    return Poses(keypoints, scores, np.sort(rng.random(people, dtype=np.float32))[::-1], boxes)


def drawn_on_cpu(planes, poses, topology, colour, *, width=None, ids=None):
    """Draw with the CPU's own code on copies of the planes."""
    luma, chroma = planes
    style, size = SkeletonStyle.of(topology), luma.shape[::-1]
    widths = limb_widths(poses.boxes, size, width)
    strokes, rgb = style.strokes(poses, size, threshold=0.3, widths=widths, ids=ids)
    yuv = colour_table(np.concatenate([rgb, np.array([OUTLINE], np.uint8)]), colour)
    y, u, v = luma.copy(), chroma[..., 0].copy(), chroma[..., 1].copy()
    draw_strokes(y, u, v, size[0], strokes, yuv[:-1], yuv[-1])
    return y, np.stack([u, v], axis=2)


@pytest.mark.parametrize("width", [None, 3.5])
@pytest.mark.parametrize("topology", [COCO_17, TRTPOSE_HUMAN])
def test_skeletons_are_those_of_the_cpu(gpu, topology, width):
    device, load = gpu
    rng = np.random.default_rng(0)
    colours = (Yuv(), Yuv("bt601", full_range=True))
    pictures = [
        picture(rng, *size, device, colour)
        for size, colour in zip(((160, 96), (96, 128)), colours, strict=True)
    ]
    people = [crowd(rng, topology, (160, 96), 5), crowd(rng, topology, (96, 128), 2)]
    before = [tuple(plane.copy() for plane in image.planes()) for image in pictures]
    draws = GpuSkeletons(topology, device, line_width=width, load=load)
    draws.draw([image.part for image in pictures], people)
    for image, planes, own in zip(pictures, before, people, strict=True):
        expected = drawn_on_cpu(planes, own, topology, image.part.colour, width=width)
        for ours, theirs, old in zip(image.planes(), expected, planes, strict=True):
            off = np.abs(ours.astype(int) - theirs)
            assert (theirs != old).mean() > 0.05
            assert off.max() <= 2
            assert (off > 0).mean() < 0.01


def test_many_people_are_all_drawn_and_nobody_changes_nothing(gpu):
    device, load = gpu
    rng = np.random.default_rng(1)
    image = picture(rng, 96, 64, device)
    luma, chroma = (plane.copy() for plane in image.planes())
    draws = GpuSkeletons(COCO_17, device, load=load)
    draws.draw([image.part], [Poses.empty(17)])
    assert np.array_equal(image.planes()[0], luma)
    everyone = crowd(rng, COCO_17, (96, 64), 300)
    draws.draw([image.part], [everyone])
    expected, _ = drawn_on_cpu((luma, chroma), everyone, COCO_17, Yuv())
    assert np.abs(image.planes()[0].astype(int) - expected).max() <= 2


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("full", [False, True])
def test_colours_are_those_of_the_overlay(matrix, full):
    from posestream.overlay.colours import yuv_from_rgb

    frame = av.VideoFrame(64, 64, "yuv420p")
    frame.colorspace = {"bt601": 6, "bt709": 1, "bt2020": 9}[matrix]
    frame.color_range = 2 if full else 1
    rgb = np.random.default_rng(2).integers(0, 256, (50, 3), dtype=np.uint8)
    assert np.array_equal(colour_table(rgb, Yuv(matrix, full)), yuv_from_rgb(rgb, frame))


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("full", [False, True])
def test_a_recoloured_picture_shows_the_same_colours(matrix, full):
    rgb = np.random.default_rng(3).integers(0, 256, (200, 3), dtype=np.uint8)
    source = Yuv(matrix, full)
    y, u, v = colour_table(rgb, source).astype(float).T
    n = recolour(source, Yuv())
    blue, red = u - 128, v - 128
    ours = (
        (y - n[0]) * n[1] + n[2] + n[3] * blue + n[4] * red,
        128 + n[5] * blue + n[6] * red,
        128 + n[7] * blue + n[8] * red,
    )
    off = np.abs(np.stack(ours, axis=1) - colour_table(rgb, Yuv()))
    assert off.max() < 2.1  # both round


def shrunk(plane, width, height):
    """Scale one plane in the obvious way."""
    for axis, cells in ((0, height), (1, width)):
        scale = plane.shape[axis] / cells
        middles, places = (np.arange(cells) + 0.5) * scale, np.arange(plane.shape[axis]) + 0.5
        far = np.abs(places[None] - middles[:, None]) / max(scale, 1)
        weights = np.maximum(1 - far, 0)
        weights /= weights.sum(axis=1, keepdims=True)
        plane = np.moveaxis(np.tensordot(weights, np.moveaxis(plane, axis, 0), 1), 0, axis)
    return plane


def test_pictures_fill_their_places_and_no_more(gpu):
    device, load = gpu
    rng = np.random.default_rng(4)
    pictures = [picture(rng, 160, 96, device), picture(rng, 32, 48, device)]
    places = ((0, 4, 64, 38), (70, 0, 52, 80))
    mosaic = GpuMosaic((128, 80), device, load=load)
    nobody = Poses.empty(17)
    mosaic.show([image.part for image in pictures], places, [nobody] * 2)
    canvas = mosaic.download()
    if device.type == "cuda":
        torch.cuda.synchronize()
    luma, chroma = canvas[:80], canvas[80:].reshape(40, 64, 2)
    for image, (left, top, width, height) in zip(pictures, places, strict=True):
        source_luma, source_chroma = image.planes()
        expected = shrunk(source_luma.astype(float), width, height)
        ours = luma[top : top + height, left : left + width]
        assert np.abs(ours - expected).max() < 1
        expected = shrunk(source_chroma.astype(float), width // 2, height // 2)
        ours = chroma[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
        assert np.abs(ours - expected).max() < 1
    assert (luma[48:, :64] == 16).all()
    assert (luma[:, 122:] == 16).all()
    assert (chroma[24:, :32] == 128).all()


def test_people_of_a_mosaic_are_drawn_in_the_size_of_their_tile(gpu):
    device, load = gpu
    rng = np.random.default_rng(5)
    image = picture(rng, 192, 128, device)
    people = crowd(rng, COCO_17, (192, 128), 3)
    skeletons = GpuSkeletons(COCO_17, device, load=load)
    ids = np.array([12, -1, 3])
    plain, drawn = (
        GpuMosaic((160, 96), device, skeletons=draws, load=load) for draws in (None, skeletons)
    )
    for mosaic in (plain, drawn):
        mosaic.show([image.part], [(32, 16, 96, 64)], [people], ids=[ids])
    planes = [mosaic.download().copy() for mosaic in (plain, drawn)]
    if device.type == "cuda":
        torch.cuda.synchronize()
        planes = [mosaic.download() for mosaic in (plain, drawn)]
        torch.cuda.synchronize()
    small = Poses(people.keypoints / 2, people.keypoint_scores, people.scores, people.boxes / 2)
    before, after = (
        (canvas[16:80, 32:128], canvas[96 + 8 : 96 + 40, 32:128].reshape(32, 48, 2))
        for canvas in planes
    )
    planes = (np.ascontiguousarray(before[0]), np.ascontiguousarray(before[1]))
    expected = drawn_on_cpu(planes, small, COCO_17, Yuv(), ids=ids)
    assert np.abs(after[0].astype(int) - expected[0]).max() <= 2
    assert np.abs(after[1].astype(int) - expected[1]).max() <= 2


def test_limbs_have_the_colour_of_an_identity_and_dots_that_of_their_side(gpu):
    device, load = gpu
    rng = np.random.default_rng(6)
    image = picture(rng, 160, 96, device)
    people, ids = crowd(rng, COCO_17, (160, 96), 4), np.array([0, 1, -1, 25])
    planes = tuple(plane.copy() for plane in image.planes())
    GpuSkeletons(COCO_17, device, load=load).draw([image.part], [people], ids=[ids])
    sides = drawn_on_cpu(planes, people, COCO_17, Yuv())
    expected = drawn_on_cpu(planes, people, COCO_17, Yuv(), ids=ids)
    assert (np.abs(sides[1].astype(int) - expected[1]) > 10).mean() > 0.02
    for ours, theirs in zip(image.planes(), expected, strict=True):
        assert np.abs(ours.astype(int) - theirs).max() <= 2


def test_a_line_width_shrinks_with_the_frame(gpu):
    device, load = gpu
    rng = np.random.default_rng(7)
    image = picture(rng, 96, 64, device)
    people = crowd(rng, COCO_17, (192, 128), 3)
    planes = tuple(plane.copy() for plane in image.planes())
    skeletons = GpuSkeletons(COCO_17, device, line_width=6.0, load=load)
    skeletons.draw([image.part], [people], frame_sizes=[(192, 128)])
    small = Poses(people.keypoints / 2, people.keypoint_scores, people.scores, people.boxes / 2)
    expected = drawn_on_cpu(planes, small, COCO_17, Yuv(), width=3.0)
    assert np.abs(image.planes()[0].astype(int) - expected[0]).max() <= 2


@pytest.mark.parametrize("place", [(1, 0, 16, 16), (20, 0, 16, 16), (0, -2, 16, 16), (0, 0, 0, 2)])
def test_places_that_cannot_be_are_refused(place):
    nobody = [Poses.empty(17)]
    image = picture(np.random.default_rng(8), 32, 32, torch.device("cpu"))
    mosaic = GpuMosaic((32, 32), torch.device("cpu"), load=emulated_gpu.on_cpu)
    with pytest.raises(ConfigError, match=r"place \(.*\) of a mosaic: .*32 x 32"):
        mosaic.show([image.part], [place], nobody)


def test_a_mosaic_of_odd_sides_is_refused():
    with pytest.raises(ConfigError, match="sides must be even"):
        GpuMosaic((31, 32), torch.device("cpu"), load=emulated_gpu.on_cpu)
