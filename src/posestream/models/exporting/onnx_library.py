"""Import ONNX, which only those need who convert networks."""

from __future__ import annotations

from types import ModuleType

from posestream.errors import MissingDependencyError


def import_onnx() -> ModuleType:
    """Return the package.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise MissingDependencyError(
            f"writing a network needs ONNX ({error}); install it with: "
            "pip install 'posestream[onnx]'"
        ) from error
    return onnx
