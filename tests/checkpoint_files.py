"""Make checkpoints in the layouts of published ones, for tests that have PyTorch."""

from pathlib import Path
from typing import Any

import pytest

from posestream.models.architectures.catalogue import ARCHITECTURES

MAX_THREADS = 1


def random_state(
    name: str, *, maps: int | None = None, fields: int | None = None
) -> dict[str, Any]:
    """Tensors of a variance that keeps values of one size from layer to layer."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(MAX_THREADS)
    architecture = ARCHITECTURES[name]
    counts = architecture.channels(architecture.topology)
    with torch.device("meta"):
        layout = architecture.build(maps or counts[0], fields or counts[1]).state_dict()
    generator = torch.Generator().manual_seed(0)
    return {key: _random(torch, generator, key, one.shape) for key, one in layout.items()}


def _random(torch: Any, generator: Any, key: str, shape: tuple[int, ...]) -> Any:
    noise = torch.randn(shape, generator=generator)
    if key.endswith("num_batches_tracked"):
        return torch.tensor(7)
    if key.endswith("running_var"):
        return 0.5 + noise.abs()
    if len(shape) == 4:
        is_transposed = shape[2:] == (4, 4)  # its rows are inputs, and strides use a quarter
        fan_in = 4 * shape[0] if is_transposed else shape[1] * shape[2] * shape[3]
        return noise * (2 / fan_in) ** 0.5
    if len(shape) == 1 and key.endswith("weight"):
        return 1 + 0.1 * noise
    return 0.1 * noise


def save(path: Path, content: object, *, old: bool = False) -> Path:
    """Write a checkpoint, in the format before PyTorch 1.6 if it is to be old."""
    torch = pytest.importorskip("torch")
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    return path
