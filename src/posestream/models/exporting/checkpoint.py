"""Read a PyTorch checkpoint without running anything in it.

A ``.pth`` file is a pickle, which may order Python to do anything. PyTorch's own restricted reader
makes tensors and plain containers only; what wants more is refused here in words people understand.
"""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posestream.errors import ModelError, SourceNotFoundError
from posestream.models.architectures.torch_library import import_torch

if TYPE_CHECKING:
    import torch  # pyright: ignore[reportMissingImports]

MAX_BYTES = 2**30
"""No larger checkpoint is read, nor one that unpacks to more; published ones are under 210 MB."""
_WRAPPINGS = ("state_dict", "model_state_dict", "model")
_FAILURES = (
    *(RuntimeError, ValueError, TypeError, AttributeError, LookupError, OSError, EOFError),
    *(ArithmeticError, AssertionError, MemoryError, ImportError),
    *(pickle.UnpicklingError, struct.error, zipfile.BadZipFile),
)
"""What PyTorch raises on files that are damaged or something else."""
_UNWANTED = re.compile(r"GLOBAL ([\w.]+)|(?:class|function|global) ([\w.]+\.[\w.]+)")


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a state dict, by key, on the CPU.

    Dictionaries that hold the state dict under a usual name, and the ``module.`` that
    DataParallel puts before every key, are seen through.

    Raises:
        SourceNotFoundError: If there is no such file.
        MissingDependencyError: If PyTorch is not installed.
        ModelError: If the file cannot be read, is too large, wants to run code, or holds something
            else than tensors; the message names it.
    """
    _check_size(path)
    return _state_dict(path, _load(path))


def _check_size(path: Path) -> None:
    if not path.is_file():
        raise SourceNotFoundError(f"{path}: no such file")
    try:
        size = path.stat().st_size
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(entry.file_size for entry in archive.infolist()))
    except (OSError, ValueError, LookupError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    if size > MAX_BYTES:
        raise ModelError(f"{path}: {size} bytes unpacked are not allowed; allowed: {MAX_BYTES}")


def _load(path: Path) -> Any:
    torch = import_torch()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd versions; such files are refused or fit
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if match := _UNWANTED.search(str(error)):
            wanted = match.group(1) or match.group(2)
            raise ModelError(
                f"{path}: refused: it is a pickle that wants to use {wanted}, and could do "
                "anything if allowed; only tensors are loaded. Save a state_dict() alone"
            ) from error
        raise _damaged(path, error) from error
    except _FAILURES as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> ModelError:
    lines = str(error).strip().splitlines() or [""]
    said = f"{type(error).__name__}: {lines[0][:160]}"
    return ModelError(f"{path}: no PyTorch checkpoint, or a damaged one ({said})")


def _state_dict(path: Path, content: Any) -> dict[str, torch.Tensor]:
    torch = import_torch()
    for key in _WRAPPINGS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content:
        raise ModelError(f"{path}: holds {_described(content)}; allowed: a state dict of tensors")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise ModelError(
                f"{path}: {str(key)[:80]!r} holds {_described(value)}; allowed: a tensor"
            )
    prefix = "module." if all(key.startswith("module.") for key in content) else ""
    return {key.removeprefix(prefix): value for key, value in content.items()}


def _described(value: object) -> str:
    return "nothing" if isinstance(value, Mapping) and not value else f"a {type(value).__name__}"
