"""Compile CUDA kernels on first use and launch them on torch's streams.

Kernels are C++ files beside the Python that launches them; they include no headers. NVIDIA's own
run-time compiler, which comes with torch's CUDA builds, compiles them for the GPU that is there in
about a second; no CUDA toolkit is needed.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from posestream.blob_cache import BlobCache, blob_key, cache_folder
from posestream.errors import InferenceError, MissingDependencyError

if TYPE_CHECKING:
    import torch

Size = tuple[int, int, int]

HALF_TO_FLOAT = (
    '#define HALF_TO_FLOAT(value, bits) asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits))\n'
)
"""How a kernel reads a 16-bit float without a header."""
FLOAT_TO_HALF = (
    '#define FLOAT_TO_HALF(bits, value) asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value))\n'
)
"""How it writes one."""
ELEMENTS = Path(__file__).with_name("kernels.cu")
"""The source that reads and writes numbers of tensors, for those that come after it."""
_WITHOUT_OPT_IN = 48 << 10
"""Bytes of shared memory that every kernel may use."""


class Maps(ctypes.Structure):
    """A ``(B, C, h, w)`` tensor as kernels take it: where it is and how it lies in memory."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("batch", ctypes.c_longlong),
        ("channel", ctypes.c_int),
        ("row", ctypes.c_int),
        ("column", ctypes.c_int),
    )

    @classmethod
    def of(cls, tensor: torch.Tensor) -> Maps:
        """Describe a tensor; it must live until the kernel has run."""
        return cls(tensor.data_ptr(), *tensor.stride())

    def show(self, tensor: torch.Tensor) -> None:
        """Describe another tensor in the same place."""
        self.data = tensor.data_ptr()
        self.batch, self.channel, self.row, self.column = tensor.stride()


class Arguments:
    """A kernel's arguments, as the driver wants them.

    Whole numbers become ``int``, Python floats ``float``, tensors pointers; ctypes values stay.
    """

    __slots__ = ("_tensors", "_values", "pointers")

    def __init__(self, *values: Any) -> None:
        self._tensors = [value for value in values if hasattr(value, "data_ptr")]
        self._values = [_c_value(value) for value in values]
        addresses = [ctypes.addressof(value) for value in self._values]
        self.pointers = (ctypes.c_void_p * len(addresses))(*addresses)
        """``void**``: where each argument is."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One launch of a kernel."""

    kernel: str
    """Its name."""
    grid: Size
    """How many blocks."""
    block: int
    """Threads of a block."""
    shared_bytes: int
    """Dynamic shared memory of a block."""
    arguments: Arguments
    """Must live until the launch returns; what they point to, until the kernel has run."""


class Kernels(Protocol):
    """Kernels of one source that can be launched."""

    def launch(self, step: Step) -> None:
        """Enqueue a kernel on the current stream and return at once."""
        ...


Loader = Callable[[Sequence[Path], int, Mapping[str, int]], Kernels]
"""Compiles sources for a GPU, by its number; last come macros."""


class CudaKernels:
    """Kernels compiled for one GPU.

    Args:
        sources: Files, compiled as one in this order.
        device: Number of the GPU.
        defines: Macros and their values.

    Raises:
        MissingDependencyError: If torch or NVIDIA's bindings are not installed.
        InferenceError: If the sources do not compile for this GPU.
    """

    def __init__(
        self, sources: Sequence[Path], device: int, *, defines: Mapping[str, int] | None = None
    ) -> None:
        self._device = device
        self._torch, self._driver, _ = _libraries()
        cubin = _compiled(tuple(sources), _architecture(device), tuple((defines or {}).items()))
        with self._torch.cuda.device(device):
            self._torch.cuda.current_stream().synchronize()  # makes the context, if none is there
            self._module = self._checked(self._driver.cuModuleLoadData(cubin))
        self._functions: dict[str, Any] = {}
        self._shared: dict[str, int] = {}

    def launch(self, step: Step) -> None:
        """Enqueue a kernel on torch's current stream of the GPU and return at once.

        Raises:
            InferenceError: If the driver refuses, for example for want of shared memory.
        """
        with self._torch.cuda.device(self._device):
            function = self._function(step.kernel, step.shared_bytes)
            stream = self._torch.cuda.current_stream().cuda_stream
            address = ctypes.addressof(step.arguments.pointers)
            sizes = (*step.grid, step.block, 1, 1, step.shared_bytes)
            self._checked(self._driver.cuLaunchKernel(function, *sizes, stream, address, 0))

    def _function(self, name: str, shared_bytes: int) -> Any:
        if name not in self._functions:
            found = self._checked(self._driver.cuModuleGetFunction(self._module, name.encode()))
            self._functions[name], self._shared[name] = found, _WITHOUT_OPT_IN
        if shared_bytes > self._shared[name]:
            limit = self._driver.CUfunction_attribute
            self._checked(
                self._driver.cuFuncSetAttribute(
                    self._functions[name],
                    limit.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                    shared_bytes,
                ),
                f" (kernel {name} needs {shared_bytes} bytes of shared memory)",
            )
            self._shared[name] = shared_bytes
        return self._functions[name]

    def _checked(self, answer: tuple[Any, ...], hint: str = "") -> Any:
        """Return what the driver gives, or raise what it says."""
        error, *values = answer
        if int(error) != 0:
            _, text = self._driver.cuGetErrorString(error)
            raise InferenceError(f"GPU {self._device}: {(text or b'').decode()}{hint}")
        return values[0] if values else None


def on_cuda(sources: Sequence[Path], device: int, defines: Mapping[str, int]) -> Kernels:
    """Compile sources for a GPU with its vendor's compiler, once per process."""
    return _kernels(tuple(sources), device, tuple(defines.items()))


@functools.cache
def _kernels(
    sources: tuple[Path, ...], device: int, defines: tuple[tuple[str, int], ...]
) -> CudaKernels:
    return CudaKernels(sources, device, defines=dict(defines))


def most_shared_bytes(device: int) -> int:
    """Return the shared memory that one block may use on a GPU, bytes."""
    torch, _, _ = _libraries()
    return torch.cuda.get_device_properties(device).shared_memory_per_block_optin


@functools.cache
def _compiled(
    sources: tuple[Path, ...], architecture: str, defines: tuple[tuple[str, int], ...]
) -> bytes:
    """Return machine code, from the disk where the same was compiled before."""
    text = "".join(f"#define {name} {value}\n" for name, value in defines)
    text += HALF_TO_FLOAT + FLOAT_TO_HALF
    text += "".join(path.read_text(encoding="utf-8") for path in sources)
    cache = BlobCache(cache_folder())
    key = blob_key({"kernels": text, "for": architecture, "compiler": compiler_version()})
    code = cache.load(key)
    if code is None:
        code = _machine_code(text, sources[-1].name, architecture)
        cache.store(key, code)
    return code


def compiler_version() -> tuple[int, ...]:
    """Return the version of NVIDIA's run-time compiler.

    Raises:
        MissingDependencyError: If it, or what finds it, is not installed.
    """
    _, _, nvrtc = _libraries()
    try:
        _, *version = nvrtc.nvrtcVersion()
    except RuntimeError as error:  # NVIDIA's loader of libraries found none
        raise MissingDependencyError(
            f"kernels on the GPU need NVIDIA's run-time compiler, libnvrtc ({error}); install it "
            "with: pip install nvidia-cuda-nvrtc"
        ) from error
    return tuple(version)


def _machine_code(text: str, name: str, architecture: str) -> bytes:
    _, _, nvrtc = _libraries()
    _, program = nvrtc.nvrtcCreateProgram(text.encode(), name.encode(), 0, [], [])
    # Without fused multiply-add every operation rounds as on a CPU.
    options = [f"--gpu-architecture={architecture}".encode(), b"--fmad=false"]
    (error,) = nvrtc.nvrtcCompileProgram(program, len(options), options)
    if int(error) != 0:
        _, size = nvrtc.nvrtcGetProgramLogSize(program)
        log = bytearray(size)
        nvrtc.nvrtcGetProgramLog(program, log)
        raise InferenceError(f"{name} does not compile for {architecture}: {log.decode().strip()}")
    _, size = nvrtc.nvrtcGetCUBINSize(program)
    cubin = bytearray(size)
    nvrtc.nvrtcGetCUBIN(program, cubin)
    nvrtc.nvrtcDestroyProgram(program)
    return bytes(cubin)


def _architecture(device: int) -> str:
    torch, _, _ = _libraries()
    major, minor = torch.cuda.get_device_capability(device)
    return f"sm_{major}{minor}"


@functools.cache
def _libraries() -> tuple[Any, Any, Any]:
    """Return torch and the bindings of driver and run-time compiler."""
    try:
        import torch
        from cuda.bindings import driver, nvrtc
    except ImportError as error:
        raise MissingDependencyError(
            f"kernels on the GPU need torch and cuda-bindings ({error}); install them with: "
            "pip install 'posestream[gpu]'"
        ) from error
    if not torch.cuda.is_available():
        raise MissingDependencyError(
            "kernels on the GPU need an NVIDIA GPU and a torch with CUDA; "
            f"torch {torch.__version__} sees none"
        )
    return torch, driver, nvrtc


def _c_value(value: Any) -> Any:
    if hasattr(value, "data_ptr"):
        return ctypes.c_void_p(value.data_ptr())
    if isinstance(value, int):
        return ctypes.c_int(value)
    return ctypes.c_float(value) if isinstance(value, float) else value
