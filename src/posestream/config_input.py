"""Settings that replace what a model card says of a network's input."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from posestream.models.card import ModelCard


def split_numbers(value: Any) -> Any:
    """Turn ``656x368`` and ``0.5,0.5,0.5`` into their numbers."""
    return re.split(r"[x,;\s]+", value.strip().lower()) if isinstance(value, str) else value


Side = Annotated[int, Field(ge=8, le=8192)]
InputSize = Annotated[tuple[Side, Side], BeforeValidator(split_numbers)]
Channels = Annotated[tuple[float, float, float], BeforeValidator(split_numbers)]


class InputConfig(BaseModel):
    """What a network takes, where its card says something else."""

    input_size: InputSize | None = Field(
        default=None, description="Size of the network input, such as 656x368, pixels."
    )
    input_resize: Literal["letterbox", "stretch"] | None = Field(
        default=None, description="Whether pictures keep their proportions or fill the input."
    )
    input_colour: Literal["RGB", "BGR"] | None = Field(
        default=None, description="Order of the colours that the network takes."
    )
    input_scale: float | None = Field(
        default=None, description="Factor on pixels of 0 to 255, before mean and std."
    )
    input_mean: Channels | None = Field(
        default=None, description="Subtracted from each colour, by commas."
    )
    input_std: Channels | None = Field(
        default=None, description="Divides each colour at last, by commas."
    )

    def applied_to(self, card: ModelCard) -> ModelCard:
        """Return a card with these settings in place of its own.

        Raises:
            ModelError: If they do not fit the rest of the card.
        """
        given = {
            "fixed_size": self.input_size,
            "resize": self.input_resize,
            "colour": self.input_colour,
            "scale": self.input_scale,
            "mean": self.input_mean,
            "std": self.input_std,
        }
        changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if self.input_size is not None:
            changes["long_side"] = None
        return replace(card, input=replace(card.input, **changes)) if changes else card
