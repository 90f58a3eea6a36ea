"""What is said to kernels, and what they answer: the parts that need no GPU."""

from __future__ import annotations

import ctypes
import sys

import numpy as np
import pytest

from posestream.errors import MissingDependencyError
from posestream.kernels import Arguments, CudaKernels, Maps, Step
from posestream.transfers import Transfer

torch = pytest.importorskip("torch")


def test_arguments_point_to_values_of_the_kinds_that_kernels_take():
    tensor, maps = torch.zeros(3), Maps(7, 6, 5, 4, 3)
    arguments = Arguments(5, 2.5, tensor, maps)
    at = list(arguments.pointers)
    assert ctypes.c_int.from_address(at[0]).value == 5
    assert ctypes.c_float.from_address(at[1]).value == 2.5
    assert ctypes.c_void_p.from_address(at[2]).value == tensor.data_ptr()
    assert Maps.from_address(at[3]).column == 3


def test_maps_describe_where_numbers_lie_in_memory():
    tensor = torch.zeros(2, 3, 4, 5)
    maps = Maps()
    maps.show(tensor)
    assert (maps.data, maps.batch, maps.channel, maps.row, maps.column) == (
        tensor.data_ptr(),
        60,
        20,
        5,
        1,
    )
    maps.show(tensor.contiguous(memory_format=torch.channels_last))
    assert (maps.batch, maps.channel, maps.row, maps.column) == (60, 1, 15, 3)


def test_arrays_share_one_block_and_one_copy():
    arrays = {"a": ((2, 3), np.int32), "b": ((5,), np.float32)}
    transfer = Transfer(arrays, torch.device("cpu"))
    transfer.host["a"][:] = np.arange(6).reshape(2, 3)
    transfer.host["b"][:] = 0.5
    transfer.upload()
    assert transfer.on_device("a").view(torch.int32).tolist() == list(range(6))
    transfer.on_device("b").view(torch.float32)[:] = 2
    transfer.download()
    assert transfer.host["b"].tolist() == [2.0] * 5
    assert transfer.bytes >= 24 + 20


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_error_says_what_is_missing():
    with pytest.raises(MissingDependencyError, match="kernels on the GPU need"):
        CudaKernels([], 0)


def test_without_torch_the_error_says_what_to_install(monkeypatch):
    from posestream.kernels import _libraries

    _libraries.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'posestream\[gpu\]'"):
        CudaKernels([], 0)


@pytest.mark.gpu
def test_a_source_that_does_not_compile_says_why(tmp_path):
    from posestream.errors import InferenceError

    source = tmp_path / "broken.cu"
    source.write_text("nonsense")
    with pytest.raises(InferenceError, match=r"broken\.cu does not compile for sm_"):
        CudaKernels([source], 0)


@pytest.mark.gpu
def test_a_launch_that_the_driver_refuses_is_an_error(tmp_path):
    from posestream.errors import InferenceError

    source = tmp_path / "idle.cu"
    source.write_text('extern "C" __global__ void idle(int n) {}')
    kernels = CudaKernels([source], 0)
    kernels.launch(Step("idle", (1, 1, 1), 32, 0, Arguments(1)))
    with pytest.raises(InferenceError, match=r"GPU 0: .*idle needs 1073741824 bytes"):
        kernels.launch(Step("idle", (1, 1, 1), 32, 1 << 30, Arguments(1)))


def test_arrays_without_copies_are_fetched_by_rows():
    transfer = Transfer({"a": ((4, 2), np.int32)}, torch.device("cpu"), on_host=False)
    transfer.on_device("a").view(torch.int32)[:] = torch.arange(8, dtype=torch.int32)
    assert transfer.host == {}
    assert transfer.fetched("a", 2).tolist() == [[0, 1], [2, 3]]
