"""Import OpenVINO so that it neither reports, nor crashes, nor waits for ever."""

from __future__ import annotations

import functools
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from posestream.errors import MissingDependencyError

if TYPE_CHECKING:
    import openvino as ov

_CONVERTER = "openvino.tools.ovc"
_lock = threading.Lock()


def import_openvino() -> ModuleType:
    """Return the module ``openvino``, imported without its model converter.

    The converter doubles the time of the import and reports each import to a web service. It is
    hidden only while OpenVINO is first imported; ``import openvino.tools.ovc`` works afterwards.

    Raises:
        MissingDependencyError: If OpenVINO is not installed.
    """
    with _lock:
        hide = "openvino" not in sys.modules and _CONVERTER not in sys.modules
        if hide:
            sys.modules[_CONVERTER] = None  # pyright: ignore[reportArgumentType]
        try:
            import openvino
        except ImportError as error:
            raise MissingDependencyError(
                f"backend 'openvino' needs OpenVINO ({error}); install it with: "
                "pip install openvino"
            ) from error
        finally:
            if hide:
                del sys.modules[_CONVERTER]
        _meet_numpy(openvino)
    return openvino


@functools.cache
def openvino_core() -> ov.Core:
    """Return the one core of the process, made on the first call and kept.

    Each core gives the calling thread a stack for signal handlers and takes it away when it dies.
    With several cores the last to die puts back the stack of one that died before, and the next
    signal ends the process (OpenVINO 2026.4). One core also loads its CPU plugin only once.

    Raises:
        MissingDependencyError: If OpenVINO is not installed.
    """
    return import_openvino().Core()


def _meet_numpy(openvino: ModuleType) -> None:
    """Let OpenVINO look up numpy now, on one thread.

    It does so with its first array; two threads that both bring a first array wait for each other
    for ever, one for the GIL and one for the look-up (OpenVINO 2026.4).
    """
    openvino.Tensor(np.zeros(1, np.uint8))
