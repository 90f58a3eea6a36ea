"""What every session of ONNX Runtime needs: the import, its options, its errors, its ports."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from posestream.errors import InferenceError, MissingDependencyError, OutOfMemoryError
from posestream.inference.contract import Port

if TYPE_CHECKING:
    import onnxruntime

_OUT_OF_MEMORY = ("out of memory", "Failed to allocate memory", "bad allocation", "bad_alloc")


def import_onnxruntime() -> ModuleType:
    """Return the module ``onnxruntime``.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependencyError(
            f"backend 'onnxruntime' needs ONNX Runtime ({error}); install it with: "
            "pip install 'posestream[onnxruntime]'"
        ) from error
    return onnxruntime


def session_options(runtime: ModuleType, *, threads: int) -> onnxruntime.SessionOptions:
    """Return options for a session that runs on this many threads of the CPU."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A thread that spins while it waits takes its core from decoding and drawing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def failures(runtime: ModuleType) -> tuple[type[Exception], ...]:
    """Return everything ONNX Runtime raises; its own errors share no base class."""
    own = vars(runtime.capi.onnxruntime_pybind11_state).values()
    return (
        RuntimeError,
        ValueError,
        *(kind for kind in own if isinstance(kind, type) and issubclass(kind, Exception)),
    )


def failure_of(name: str, error: Exception) -> InferenceError:
    """Return what to raise where a model failed, told apart by whether memory ran out."""
    kind = InferenceError
    if any(sign in str(error) for sign in _OUT_OF_MEMORY):
        kind = OutOfMemoryError
    return kind(f"model {name!r} failed: {error}")


def port(node: onnxruntime.NodeArg) -> Port:
    """Return an input or output of a session as the contract takes it."""
    return Port(node.name, tuple(side if isinstance(side, int) else None for side in node.shape))
