"""Pictures in a GPU's memory, as its video decoder leaves them: NV12."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Matrix = Literal["bt601", "bt709", "bt2020"]
ALIGNMENT = 16
"""What addresses and pitches are multiples of, bytes: kernels read so many at once."""
_SHARES: dict[Matrix, tuple[float, float]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
}
_HD_HEIGHT = 720


@dataclass(frozen=True, slots=True)
class Colour:
    """How luma and chroma become red, green and blue."""

    matrix: Matrix
    """Which standard's weights of red and blue in luma."""
    full_range: bool = False
    """Whether black is 0 and white 255, rather than 16 and 235."""

    @classmethod
    def usual(cls, height: int) -> Colour:
        """Return what untagged video of a height, pixels, is taken for by players."""
        return cls("bt709" if height >= _HD_HEIGHT else "bt601")

    @property
    def coefficients(self) -> tuple[float, float, float, float, float, float]:
        """Black level and factor of luma; Cr to red, Cb and Cr to green, Cb to blue.

        Source:
            ITU-R BT.601, BT.709 and BT.2020, the inverse of their defining equations.
        """
        red, blue = _SHARES[self.matrix]
        green = 1 - red - blue
        black, factor, chroma = (0.0, 1.0, 1.0)
        if not self.full_range:
            black, factor, chroma = 16.0, 255 / 219, 255 / 224
        return (
            black,
            factor,
            chroma * 2 * (1 - red),
            -chroma * 2 * blue * (1 - blue) / green,
            -chroma * 2 * red * (1 - red) / green,
            chroma * 2 * (1 - blue),
        )


def _keep() -> None:
    """Release nothing."""


class Surface:
    """An NV12 picture in a GPU's memory, lent until it is released.

    The chroma plane has half the rows; Cb and Cr take turns in it. Whoever gets a surface releases
    it once nothing on the GPU reads it any more; a second release does nothing.
    """

    __slots__ = ("_lock", "_release", "chroma", "colour", "device", "luma", "pitch", "size")

    def __init__(
        self,
        luma: int,
        chroma: int,
        *,
        pitch: int,
        size: tuple[int, int],
        colour: Colour,
        device: int | None = 0,
        release: Callable[[], None] = _keep,
    ) -> None:
        """Describe a picture.

        Args:
            luma: Address of the luma plane.
            chroma: Address of the chroma plane.
            pitch: Bytes from row to row, in both planes.
            size: Width and height, pixels.
            colour: What the values mean.
            device: Index of the GPU; None for main memory, which only tests want.
            release: Gives the memory back to whoever lent it; any thread may call it.

        Raises:
            ValueError: If an address or the pitch is not aligned, or the pitch too short.
        """
        if luma % ALIGNMENT or chroma % ALIGNMENT or pitch % ALIGNMENT or pitch < size[0]:
            raise ValueError(
                f"a surface of {size[0]} x {size[1]} at {luma:#x} and {chroma:#x} with pitch "
                f"{pitch}; allowed: multiples of {ALIGNMENT}, pitch at least the width"
            )
        self.luma, self.chroma, self.pitch = luma, chroma, pitch
        self.size, self.colour, self.device = size, colour, device
        self._release: Callable[[], None] | None = release
        self._lock = threading.Lock()

    def release(self) -> None:
        """Give the memory back."""
        with self._lock:
            release, self._release = self._release, None
        if release is not None:
            release()

    def __del__(self) -> None:
        """Give back what everybody forgot."""
        if getattr(self, "_release", None) is not None:
            self.release()
