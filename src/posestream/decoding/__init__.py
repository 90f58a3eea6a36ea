"""Turn a network's maps into people."""

from __future__ import annotations

from typing import Protocol

from posestream.types import Fields, Poses


class Decoder(Protocol):
    """An algorithm that finds people in maps; several threads may call it at once."""

    def decode(self, fields: Fields) -> list[Poses]:
        """Return everyone in each frame of the batch, in frame pixels, best first.

        Non-finite values in the maps count as 0 and never raise.
        """
        ...
