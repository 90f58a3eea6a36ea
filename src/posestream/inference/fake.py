"""A backend without a network, for tests of everything around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Maps = Mapping[str, npt.NDArray[np.float32]]


class FakeBackend:
    """Gives maps that somebody made up."""

    def __init__(self, answer: Callable[[npt.NDArray[np.uint8]], Maps]) -> None:
        """Answer every batch with what a function makes of it.

        Args:
            answer: Takes ``(B, H, W, 3)`` RGB, returns ``(B, C, h, w)`` maps by meaning; it may
                raise `InferenceError`.
        """
        self._answer = answer

    @classmethod
    def constant(cls, maps: Maps) -> FakeBackend:
        """Answer every picture with the same ``(C, h, w)`` maps."""

        def answer(pixels: npt.NDArray[np.uint8]) -> Maps:
            return {name: np.stack([one] * len(pixels)) for name, one in maps.items()}

        return cls(answer)

    @property
    def description(self) -> str:
        """What runs, for people."""
        return "fake"

    def infer(self, pixels: npt.NDArray[np.uint8]) -> Maps:
        """Return the made-up maps of a batch of ``(B, H, W, 3)`` RGB pictures."""
        return self._answer(pixels)
