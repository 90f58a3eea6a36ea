"""Convolutions without cuDNN say what torch's own say."""

import numpy as np
import pytest

import emulated_gpu
from posestream.kernels import on_cuda

torch = pytest.importorskip("torch")

from posestream.inference import torch_convolutions as ours  # noqa: E402


@pytest.fixture(params=["emulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request):
    emulated = request.param == "emulated"
    return ("cpu", emulated_gpu.on_cpu) if emulated else ("cuda", on_cuda)


def numbers(*shape: int, seed: int, dtype, device: str):
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    tensor = torch.from_numpy(values).to(device, dtype)
    return tensor.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else tensor


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
@pytest.mark.parametrize(
    ("size", "kernel", "strides", "pads"),
    [
        ((7, 9), (3, 3), (1, 1), (1, 1, 1, 1)),
        ((8, 6), (3, 3), (2, 2), (0, 0, 1, 1)),
        ((8, 6), (3, 3), (2, 2), (1, 0, 0, 1)),
        ((5, 4), (5, 3), (1, 2), (2, 1, 2, 1)),
        ((3, 3), (3, 3), (1, 1), (0, 0, 0, 0)),
    ],
)
@pytest.mark.parametrize("biased", [True, False])
def test_channels_by_themselves(gpu, size, kernel, strides, pads, biased, dtype):
    device, load = gpu
    x = numbers(2, 40, *size, seed=0, dtype=dtype, device=device)
    weight = numbers(40, 1, *kernel, seed=1, dtype=dtype, device=device)
    bias = numbers(40, seed=2, dtype=dtype, device=device) if biased else None
    assert ours.is_depthwise(x, weight, groups=40, dilations=(1, 1))
    made = ours.depthwise(x, weight, bias, strides=strides, pads=pads, load=load)
    above, before, below, behind = pads
    wider = torch.nn.functional.pad(x.float().cpu(), (before, behind, above, below))
    exact = torch.nn.functional.conv2d(
        wider,
        weight.float().cpu(),
        None if bias is None else bias.float().cpu(),
        stride=strides,
        groups=40,
    )
    assert made.shape == exact.shape
    assert made.is_contiguous(memory_format=torch.channels_last)
    exactness = 1e-5 if dtype == torch.float32 else 4e-3
    torch.testing.assert_close(made.float().cpu(), exact, atol=exactness, rtol=exactness)


@pytest.mark.parametrize("biased", [True, False])
def test_pixel_by_pixel(biased):
    x = numbers(2, 24, 5, 7, seed=0, dtype=torch.float32, device="cpu")
    weight = numbers(10, 24, 1, 1, seed=1, dtype=torch.float32, device="cpu")
    bias = numbers(10, seed=2, dtype=torch.float32, device="cpu") if biased else None
    assert ours.is_product(x, weight, strides=(1, 1), pads=(0, 0, 0, 0))
    made = ours.product(x, weight, bias)
    assert made.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(made, torch.nn.functional.conv2d(x, weight, bias))


def test_others_are_left_to_torch():
    x = numbers(1, 8, 5, 5, seed=0, dtype=torch.float32, device="cpu")
    wide = numbers(8, 8, 3, 3, seed=1, dtype=torch.float32, device="cpu")
    narrow = numbers(8, 8, 1, 1, seed=1, dtype=torch.float32, device="cpu")
    apart = numbers(8, 1, 3, 3, seed=1, dtype=torch.float32, device="cpu")
    none = (0, 0, 0, 0)
    assert not ours.is_product(x, wide, strides=(1, 1), pads=none)
    assert not ours.is_product(x, narrow, strides=(2, 2), pads=none)
    assert not ours.is_product(x, narrow, strides=(1, 1), pads=(0, 0, 1, 1))
    assert not ours.is_product(x.contiguous(), narrow, strides=(1, 1), pads=none)
    assert not ours.is_depthwise(x, wide, groups=1, dilations=(1, 1))
    assert not ours.is_depthwise(x, apart, groups=8, dilations=(2, 2))
    assert not ours.is_depthwise(x.contiguous(), apart, groups=8, dilations=(1, 1))
