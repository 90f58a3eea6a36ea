"""Say what this machine's GPUs can do for a run, or what is missing for that."""
# pyright: reportMissingImports=false

from __future__ import annotations

from posestream.errors import MissingDependencyError
from posestream.gpu.libraries import gpu_count, import_torch
from posestream.gpu.nvdec import decodable
from posestream.kernels import compiler_version


def gpu_abilities() -> str:
    """Return the GPUs, what runs networks there, and which videos their decoder takes.

    Raises:
        ConfigError: If PyTorch sees no GPU.
        MissingDependencyError: If PyTorch, NVIDIA's bindings or its run-time compiler is missing.
    """
    torch, count = import_torch(), gpu_count()
    names = sorted({torch.cuda.get_device_name(device) for device in range(count)})
    numbers = "cuda:0" if count == 1 else f"cuda:0 to cuda:{count - 1}"
    compiler = ".".join(str(part) for part in compiler_version())
    try:
        codecs = decodable(0)
    except MissingDependencyError as error:
        videos = f"videos are decoded on the CPU: {error}"
    else:
        videos = f"decodes {', '.join(codecs)}"
    return f"{numbers}, {', '.join(names)}; torch {torch.__version__}, NVRTC {compiler}; {videos}"
