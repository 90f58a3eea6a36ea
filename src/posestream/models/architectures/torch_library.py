"""Import PyTorch, which only those need who convert its checkpoints."""

from __future__ import annotations

from types import ModuleType

from posestream.errors import MissingDependencyError


def import_torch() -> ModuleType:
    """Return the package.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise MissingDependencyError(
            f"a checkpoint needs PyTorch ({error}); install it with: "
            "pip install 'posestream[torch]'"
        ) from error
    return torch
