"""Run networks: RGB pictures in, named maps out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Backend(Protocol):
    """A loaded network.

    Several threads may call `infer` at once.
    """

    @property
    def description(self) -> str:
        """What really runs, for people: library, device, precision, threads."""
        ...

    def infer(self, pixels: npt.NDArray[np.uint8]) -> Mapping[str, npt.NDArray[np.float32]]:
        """Run the network on a batch.

        Args:
            pixels: ``(B, H, W, 3)`` RGB.

        Returns:
            ``(B, C, h, w)`` maps by their meaning on the model card; the caller owns them.

        Raises:
            InferenceError: If the network fails.
        """
        ...
