"""Runs the package's CUDA kernels on a CPU, so that tests need no GPU.

The kernels' own sources are compiled by g++ behind a header that gives every CUDA thread a fiber.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from posestream.kernels import Step

_HEADER = Path(__file__).with_name("cuda_on_cpu.h")
_SHARED = re.compile(r"extern __shared__ (\w+) (\w+)\[\];")
_KERNEL = re.compile(r'extern "C" __global__ void (\w+)\(')
_LAUNCHER = """
extern "C" void launch_%(name)s(const int* grid, int block, int shared, void** all) {
    run_grid([](void** own) { call(%(name)s, own); }, grid, block, shared, all);
}
"""
_OPTIONS = ("-O1", "-std=c++17", "-ffp-contract=off", "-fno-strict-aliasing", "-fPIC", "-shared")

_one_at_a_time = threading.Lock()


class EmulatedKernels:
    """Kernels compiled for this CPU; launches return when they are done."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))

    def launch(self, step: Step) -> None:
        """Run a kernel to its end."""
        grid = (ctypes.c_int * 3)(*step.grid)
        run = getattr(self._library, f"launch_{step.kernel}")
        with _one_at_a_time:  # the fibers of a kernel share their memory with all others
            run(grid, step.block, step.shared_bytes, step.arguments.pointers)


def on_cpu(sources: Sequence[Path], device: int, defines: Mapping[str, int]) -> EmulatedKernels:
    """Compile sources for the CPU; skips the test where there is no compiler."""
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    return _built(tuple(sources), tuple(defines.items()))


@functools.cache
def _built(sources: tuple[Path, ...], defines: tuple[tuple[str, int], ...]) -> EmulatedKernels:
    code = "".join(f"#define {name} {value}\n" for name, value in defines)
    code += _HEADER.read_text() + "".join(path.read_text() for path in sources)
    code = _SHARED.sub(r"\1* \2 = (\1*)shared_memory;", code)
    code += "".join(_LAUNCHER % {"name": name} for name in _KERNEL.findall(code))
    folder = Path(tempfile.gettempdir()) / "posestream-emulated-gpu"
    folder.mkdir(exist_ok=True)
    library = folder / f"{hashlib.sha256(code.encode()).hexdigest()[:16]}.so"
    if not library.exists():
        source, unfinished = library.with_suffix(".cpp"), library.with_suffix(".tmp")
        source.write_text(code)
        subprocess.run(["g++", *_OPTIONS, "-o", str(unfinished), str(source)], check=True)
        unfinished.replace(library)
    return EmulatedKernels(library)
