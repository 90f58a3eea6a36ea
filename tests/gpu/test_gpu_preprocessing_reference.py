"""What the kernel should compute."""

import av
import numpy as np
import pytest

from posestream.geometry import Letterbox
from posestream.gpu.preprocessing_reference import network_input, resized_rgb, triangle_weights
from posestream.gpu.surfaces import Colour
from posestream.images import HostImage
from posestream.models.card import InputSpec


def evenly(samples: int, outputs: int) -> np.ndarray:
    return (np.arange(outputs) + 0.5) * samples / outputs


def weights_of(samples: int, outputs: int) -> np.ndarray:
    spread = evenly(samples, outputs)
    return triangle_weights(samples, spread, samples_per_output=samples / outputs)


def resized(luma: np.ndarray, chroma: np.ndarray, size: tuple[int, int], matrix) -> np.ndarray:
    (height, width), (columns, rows) = luma.shape, size
    centers = (evenly(width, columns), evenly(height, rows))
    steps = (width / columns, height / rows)
    return resized_rgb(luma, chroma, centers, steps, Colour(matrix))


@pytest.mark.parametrize(("samples", "outputs"), [(1080, 126), (100, 100), (30, 64)])
def test_every_output_is_a_mean_of_samples(samples: int, outputs: int):
    weights = weights_of(samples, outputs)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    assert (weights >= 0).all()


def test_every_sample_counts_however_small_the_output_is():
    assert (weights_of(1080, 64).sum(0) > 0).all()


def test_a_picture_of_the_same_size_stays_as_it_is():
    np.testing.assert_allclose(weights_of(8, 8), np.eye(8))


def test_a_grey_picture_stays_grey():
    luma = np.full((36, 64), 126, np.uint8)
    chroma = np.full((18, 32, 2), 128, np.uint8)
    rgb = resized(luma, chroma, (16, 9), "bt709")
    np.testing.assert_allclose(rgb, (126 - 16) * 255 / 219, atol=1e-3)


def test_it_sees_what_the_scaler_of_the_cpu_sees():
    y, x = np.mgrid[:360, :640]
    rgb = np.stack([x * 255 / 640, y * 255 / 360, 128 + 100 * np.sin(x / 40)], 2)
    frame = av.VideoFrame.from_ndarray(rgb.astype(np.uint8), format="rgb24")
    frame = frame.reformat(format="nv12", dst_colorspace="ITU601")
    planes = [
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, :640]
        for plane in frame.planes
    ]
    ours = resized(planes[0], planes[1].reshape(180, 320, 2), (112, 63), "bt601")
    theirs = HostImage(frame).resized_rgb(112, 63)
    # The CPU's scaler is a level or two too dark throughout, and halves the width of its chroma.
    assert np.abs(ours - theirs).mean() < 3
    assert (ours - theirs).std() < 4


def test_the_input_is_letterboxed_ordered_and_normalised_as_the_card_says():
    spec = InputSpec(
        name="image",
        layout="NCHW",
        dtype="float32",
        colour="BGR",
        scale=1 / 255,
        mean=(0.1, 0.2, 0.3),
        std=(0.5, 0.25, 0.125),
        fixed_size=(32, 32),
        pad_value=51,
    )
    luma = np.full((18, 32), 235, np.uint8)
    chroma = np.full((9, 16, 2), 128, np.uint8)
    box = Letterbox((32, 18), (32, 18), (32, 32))
    made = network_input(luma, chroma, box=box, colour=Colour("bt601"), spec=spec)
    np.testing.assert_allclose(made[0, 0], [1.8, 3.2, 5.6], rtol=1e-5)
    np.testing.assert_allclose(made[31, 31], [0.2, 0, -0.8], atol=1e-6)


def test_a_crop_is_cut_out_where_it_is_and_black_beyond_the_frame():
    spec = InputSpec(name="image", layout="NHWC", dtype="uint8", colour="RGB", fixed_size=(16, 16))
    luma = np.full((36, 64), 16, np.uint8)
    luma[10:20, 40:] = 235
    chroma = np.full((18, 32, 2), 128, np.uint8)
    box = Letterbox((32, 32), (16, 16), (16, 16))
    made = network_input(luma, chroma, box=box, colour=Colour("bt601"), spec=spec, corner=(48, -8))[
        ..., 0
    ]
    assert (made[10:13, :7] == 255).all()
    assert not made[:, 8:].any()
    assert not made[:8].any()
    assert not made[15:].any()
