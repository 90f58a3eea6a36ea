"""The kernel makes of pictures what the reference makes: here on a CPU, or on a GPU."""

from __future__ import annotations

import numpy as np
import pytest

import emulated_gpu
from posestream.batching.crops import Crop
from posestream.batching.regions import Region
from posestream.errors import InferenceError
from posestream.geometry import Letterbox
from posestream.gpu.preprocessing import Preprocessor
from posestream.gpu.preprocessing_reference import network_input
from posestream.gpu.surfaces import Colour, Surface
from posestream.kernels import on_cuda
from posestream.models.card import InputSpec

torch = pytest.importorskip("torch")

COLOUR = Colour("bt709")


@pytest.fixture(params=["emulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request):
    """Which device, and how kernels are compiled for it."""
    emulated = {"device": None, "load": emulated_gpu.on_cpu}
    return emulated if request.param == "emulated" else {"device": 0, "load": on_cuda}


def picture(size, gpu, *, seed=0):
    """Noise as planes and as a surface that keeps them."""
    (width, height), pitch = size, (size[0] + 15) // 16 * 16 + 32
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (height + (height + 1) // 2, pitch), dtype=np.uint8)
    there = torch.from_numpy(rows).to("cpu" if gpu["device"] is None else "cuda")
    start = there.data_ptr()
    surface = Surface(
        start,
        start + pitch * height,
        pitch=pitch,
        size=size,
        colour=COLOUR,
        release=[there].clear,
    )
    chroma = rows[height:, : (width + 1) // 2 * 2].reshape(-1, (width + 1) // 2, 2)
    return rows[:height, :width], chroma, surface


def card(layout="NCHW", dtype="float32", size=(48, 32)):
    return InputSpec(
        name="image",
        layout=layout,
        dtype=dtype,
        colour="BGR",
        scale=1 / 255 if dtype == "float32" else 1,
        mean=(0.4, 0.45, 0.5) if dtype == "float32" else (0, 0, 0),
        std=(0.22, 0.23, 0.24) if dtype == "float32" else (1, 1, 1),
        fixed_size=size,
        pad_value=114,
    )


def whole(surfaces, spec):
    """All of each picture, as the network takes it."""
    return [Crop.whole(i, surface.size, spec.rule()) for i, surface in enumerate(surfaces)]


SIZES = [(640, 360), (62, 34), (36, 64), (30, 20), (2560, 200)]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_one_launch_makes_the_inputs_of_pictures_of_any_sizes(gpu, layout, dtype):
    spec, places = card(layout), len(SIZES) + 1
    maker = Preprocessor(spec, size=(48, 32), batch=places, dtype=dtype, **gpu)
    maker.input.fill_(np.nan)
    pictures = [picture(size, gpu) for size in SIZES]
    surfaces = [surface for _, _, surface in pictures]
    boxes = maker.describe(surfaces, whole(surfaces, spec), places)
    maker.launch(places)
    made = maker.input.float().cpu().numpy()
    made = made.transpose(0, 2, 3, 1) if layout == "NCHW" else made
    for place, ((luma, chroma, _), box) in enumerate(zip(pictures, boxes, strict=True)):
        wanted = network_input(luma, chroma, box=box, colour=COLOUR, spec=spec)
        atol = 1e-4 if dtype == "float32" else 2e-3
        np.testing.assert_allclose(made[place], wanted, atol=atol)
    np.testing.assert_allclose(made[-1], made[-1, :1, :1] * np.ones((32, 48, 1)))


def test_pixels_are_rounded_for_networks_that_take_bytes(gpu):
    spec = card("NHWC", "uint8")
    maker = Preprocessor(spec, size=(48, 32), batch=1, dtype="uint8", **gpu)
    luma, chroma, surface = picture((96, 70), gpu)
    (box,) = maker.describe([surface], whole([surface], spec), 1)
    maker.launch(1)
    wanted = network_input(luma, chroma, box=box, colour=COLOUR, spec=spec)
    off = np.abs(maker.input[0].cpu().numpy().astype(int) - wanted)
    assert off.max() <= 1
    assert (off > 0).mean() < 0.01


def test_pictures_may_change_places_from_batch_to_batch(gpu):
    spec = card()
    maker = Preprocessor(spec, size=(48, 32), batch=2, dtype="float32", **gpu)
    first, second = picture((96, 64), gpu, seed=1), picture((64, 96), gpu, seed=2)
    for pair in ((first, second), (second, first), (second, second)):
        surfaces = [surface for _, _, surface in pair]
        boxes = maker.describe(surfaces, whole(surfaces, spec), 2)
        maker.launch(2)
        made = maker.input.cpu().numpy().transpose(0, 2, 3, 1)
        for place, (luma, chroma, _) in enumerate(pair):
            wanted = network_input(luma, chroma, box=boxes[place], colour=COLOUR, spec=spec)
            np.testing.assert_allclose(made[place], wanted, atol=1e-4)


@pytest.mark.parametrize("across", [0.25, 2.5])
def test_a_part_of_a_picture_may_fill_the_input(gpu, across):
    spec = InputSpec(name="pixels", layout="NHWC", dtype="uint8", colour="RGB", fixed_size=(40, 24))
    maker = Preprocessor(spec, size=(40, 24), batch=1, dtype="uint8", **gpu)
    luma, chroma, surface = picture((320, 200), gpu)
    size = (round(320 * across), round(200 * across))
    box = Letterbox((320, 200), size, (40, 24), (-8, -4))
    maker.describe_one(surface, box)
    maker.launch(1)
    wanted = network_input(luma, chroma, box=box, colour=COLOUR, spec=spec)
    off = np.abs(maker.input[0].cpu().numpy().astype(int) - wanted)
    assert off.max() <= 1
    assert (off > 0).mean() < 0.01


def test_a_picture_that_is_too_wide_is_refused(gpu):
    spec = card()
    maker = Preprocessor(spec, size=(48, 32), batch=1, dtype="float32", **gpu)
    wide = Surface(16, 16, pitch=16384, size=(16384, 9), colour=COLOUR)
    with pytest.raises(InferenceError, match="16384 pixels wide; allowed on the GPU: 8192"):
        maker.describe([wide], whole([wide], spec), 1)


def test_a_picture_that_shrinks_to_nothing_is_refused(gpu):
    spec = card(size=(8, 32))
    maker = Preprocessor(spec, size=(8, 32), batch=1, dtype="float32", **gpu)
    wide = Surface(16, 16, pitch=8192, size=(8192, 4096), colour=COLOUR)
    with pytest.raises(InferenceError, match="shrinks 1024 times; allowed on the GPU: 900"):
        maker.describe([wide], whole([wide], spec), 1)


def test_crops_of_pictures_are_seen_as_the_reference_sees_them(gpu):
    """Inside, over each corner, enlarged and shrunk, beside the picture, and all of it."""
    spec = card(layout="NHWC")
    width, height = 200, 120
    luma, chroma, surface = picture((width, height), gpu)
    regions = [(50, 30, 80, 50), (-30, -20, 66, 44), (150, 100, 270, 180), (-40, 10, 320, 100)]
    crops = [Region(0, *corners).filling((48, 32)) for corners in [*regions, (300, 0, 340, 20)]]
    crops += whole([surface], spec)
    crops += [Crop(0, (0, 20, 30, 50), Letterbox((30, 30), (20, 32), (48, 32), (28, 0)))]
    places = len(crops) + 1
    maker = Preprocessor(spec, size=(48, 32), batch=places, dtype="float32", **gpu)
    boxes = maker.describe([surface] * len(crops), crops, places)
    maker.launch(places)
    made = maker.input.cpu().numpy()
    for place, (crop, box) in enumerate(zip(crops, boxes, strict=True)):
        wanted = network_input(
            luma, chroma, box=box, colour=COLOUR, spec=spec, corner=crop.region[:2]
        )
        np.testing.assert_allclose(made[place], wanted, atol=1e-4, err_msg=str(crop))
    np.testing.assert_allclose(made[-1], made[4])  # nothing of a picture: all padding
    assert (made[2] == made[4]).mean() > 0.5
