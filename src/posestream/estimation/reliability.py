"""How far to trust a person found at a size.

A center network is best at people of about 60 cells (240 input pixels). It places the keypoints of
smaller people less exactly, loses those under 10 cells, and breaks larger people apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled

SMALL = 15.0
"""Side in cells at which a small person is found half as well as possible."""
LARGE = 250.0
"""Side in cells at which a large person is found half as well as possible."""


@compiled
def reliability(cells: float) -> float:
    """Return how well a person of this longer side is found, in [0, 1).

    Fitted to the object keypoint similarity of people found at seven scales in 117 pictures.
    """
    return 1 / ((1 + (SMALL / max(cells, 1e-3)) ** 2) * (1 + (cells / LARGE) ** 2))


def reliabilities(cells: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return `reliability` of each side."""
    small = 1 + (SMALL / np.maximum(cells, 1e-3)) ** 2
    return (1 / (small * (1 + (cells / LARGE) ** 2))).astype(np.float32)
