"""Compare what a written network says with what it was made from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from posestream.errors import ModelError

TOLERANCE = 1e-4
"""Largest difference allowed, relative to the largest value of an output."""
Maps = Mapping[str, npt.NDArray[np.float32]]


def largest_difference(found: Maps, expected: Maps) -> float:
    """Return the largest difference of any output, relative to its largest value.

    Raises:
        ModelError: If an output is missing or differs in shape, or is not of finite numbers.
    """
    differences = [0.0]
    for name, right in expected.items():
        ours = found.get(name)
        if ours is None or ours.shape != right.shape:
            shape = "missing" if ours is None else f"of shape {ours.shape}"
            raise ModelError(f"output {name!r} of the written network is {shape}")
        if not (np.isfinite(right).all() and np.isfinite(ours).all()):
            raise ModelError(f"output {name!r} holds NaN or infinity on a random picture")
        scale = float(np.abs(right).max()) or 1.0
        differences.append(float(np.abs(ours - right).max()) / scale)
    return max(differences)


def check_parity(difference: float) -> None:
    """Refuse a difference above `TOLERANCE`.

    Raises:
        ModelError: If it is larger.
    """
    if not difference <= TOLERANCE:
        raise ModelError(
            f"the written network differs from its original by {difference:.1e}, relative to the "
            f"largest value; allowed: {TOLERANCE:.0e}. Nothing was written"
        )
