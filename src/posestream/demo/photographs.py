"""The embedded photographs; their sources and rights are told in ``PHOTOGRAPHS.md``."""

from __future__ import annotations

import functools
import hashlib
import sys
from dataclasses import dataclass
from importlib import resources
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from posestream.errors import SourceError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FOLDER = resources.files("posestream.demo") / "photographs"


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """Somebody, and where in the picture."""

    pixels: npt.NDArray[np.uint8]
    """``(H, W, 3)`` RGB."""
    cover: npt.NDArray[np.float32]
    """``(H, W)`` 1 where the person is, 0 elsewhere, between at the edge."""


@functools.cache
def photograph_names() -> tuple[str, ...]:
    """Return the names of the embedded photographs."""
    return tuple(_index())


@functools.cache
def load_photograph(name: str) -> Photograph:
    """Read a photograph and its outline.

    Raises:
        SourceError: If a file differs from the sum that was recorded for it.
    """
    entry = _index()[name]
    pixels = _decoded(entry, "photograph", cv2.IMREAD_COLOR)
    outline = _decoded(entry, "outline", cv2.IMREAD_GRAYSCALE)
    return Photograph(
        np.ascontiguousarray(pixels[..., ::-1]), np.divide(outline, 255, dtype=np.float32)
    )


def _index() -> dict[str, Any]:
    return tomllib.loads((_FOLDER / "photographs.toml").read_text(encoding="utf-8"))


def _decoded(entry: dict[str, str], what: str, flags: int) -> npt.NDArray[np.uint8]:
    data = (_FOLDER / entry[what]).read_bytes()
    if hashlib.sha256(data).hexdigest() != entry[f"{what}_sha256"]:
        raise SourceError(f"{entry[what]}: damaged; reinstall posestream")
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), flags), np.uint8)
