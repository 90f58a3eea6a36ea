"""Secondary models: classifiers and detectors that look at frames, or at people who were found.

Like `posestream.estimation`, batching + inference + decoding put together; arrays in, findings out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox

Maps = Mapping[str, npt.NDArray[np.float32]]
Objects = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int64]]
"""``(N, 4)`` boxes, ``(N,)`` scores best first, ``(N,)`` classes."""


class ObjectDecoder(Protocol):
    """Understands a detector."""

    def decode(self, maps: Maps, letterboxes: Sequence[Letterbox]) -> list[Objects]:
        """Return the objects of each picture, boxes in its own pixels.

        Raises:
            InferenceError: If the numbers cannot be what the card says.
        """
        ...
