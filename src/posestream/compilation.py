"""Compile Python loops to machine code, once per machine.

Every compiled function of the package goes through `compiled`: it releases the GIL, is compiled on
its first call and kept on disk for the next process. Where the disk cannot be written, or what it
holds is damaged, the function is compiled anew in every process; nothing fails for want of a cache.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, overload

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_CALLED_EVERYWHERE = Path(__file__).with_name("assignment.py")
"""Compiled code that may be part of machine code of any folder."""
_UNREADABLE = (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, IndexError)
"""What reading a cut off or foreign cache file raises."""


@overload
def compiled(function: Function, /) -> Function: ...


@overload
def compiled(
    *,
    cached: bool = ...,
    fastmath: bool | frozenset[str] = ...,
    inline: bool = ...,
    allocates: bool = ...,
) -> Callable[[Function], Function]: ...


def compiled(
    function: Function | None = None,
    /,
    *,
    cached: bool = True,
    fastmath: bool | frozenset[str] = False,
    inline: bool = False,
    allocates: bool = True,
) -> Function | Callable[[Function], Function]:
    """Compile a function on its first call, without the GIL, cached on disk.

    Division by zero gives infinity or NaN, as in numpy, and never raises.

    Args:
        function: What to compile; it may call other compiled functions of its own folder, and
            `posestream.assignment`.
        cached: Whether to keep the machine code on disk. Small functions that only compiled code
            calls need not be kept: their code is part of their callers'.
        fastmath: Liberties LLVM may take with floats, all or by name; none where bits must be
            reproduced.
        inline: Whether callers take in the function's source instead of calling it.
        allocates: Whether the function may make or return arrays. One that only works on arrays
            it is given counts no references to them, which costs more than a short function's work.
    """
    choices = {"cached": cached, "fastmath": fastmath, "inline": inline, "allocates": allocates}
    if function is None:
        return functools.partial(_compile, **choices)  # pyright: ignore[reportReturnType, reportArgumentType]
    return _compile(function, **choices)  # pyright: ignore[reportArgumentType]


def _compile(
    function: Function,
    *,
    cached: bool,
    fastmath: bool | frozenset[str],
    inline: bool,
    allocates: bool,
) -> Function:
    _name_after_sources(function)
    options: dict[str, Any] = {
        "fastmath": set(fastmath) if isinstance(fastmath, frozenset) else fastmath,
        "inline": "always" if inline else "never",
        "error_model": "numpy",
        "_nrt": allocates,
    }
    dispatcher: Any = numba.njit(nogil=True, **options)(function)
    if cached:
        _keep_on_disk(dispatcher)
    return dispatcher


def _keep_on_disk(dispatcher: Any) -> None:
    """Switch a function's disk cache on, and make every failure of the disk a cache miss."""
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # numba found no folder that can be written
        return
    cache = dispatcher._cache
    load, save = cache.load_overload, cache.save_overload

    def load_if_readable(signature: Any, target: Any) -> Any:
        try:
            return load(signature, target)
        except _UNREADABLE:
            with contextlib.suppress(OSError):
                cache.flush()
            return None

    def save_if_writable(signature: Any, code: Any) -> None:
        try:
            save(signature, code)
        except (*_UNREADABLE, ValueError):
            cache.disable()

    cache.load_overload, cache.save_overload = load_if_readable, save_if_writable


def _name_after_sources(function: Callable[..., Any]) -> None:
    """Put a digest of the folder's sources into the name that the disk cache goes by.

    Numba renews a cached function when its own file changes, but machine code also holds what the
    function calls; without this an edit or an upgrade of a called file would go unnoticed.
    """
    digest = _sources_digest(Path(function.__code__.co_filename).parent)
    function.__qualname__ = f"{function.__qualname__}-{digest}"


@functools.cache
def _sources_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for source in [*sorted(folder.glob("*.py")), _CALLED_EVERYWHERE]:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:12]
