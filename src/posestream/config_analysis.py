"""Settings of what is made of poses."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AnalysisConfig(BaseModel):
    """Identities, steady motion, activities and falls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    track: bool = Field(
        default=False, description="Follow people, so that each keeps an identity and a colour."
    )
    smooth: bool = Field(
        default=False, description="Take the jitter out of people's motion; follows them, too."
    )
    activities: bool = Field(
        default=False, description="Name what people do: stand, sit, lie, walk, run, jump, ..."
    )
    falls: bool = Field(default=False, description="Tell when somebody falls, and lies, and rises.")
    long_lie: float = Field(
        default=10.0, gt=0, le=86_400, description="Lying for this long after a fall is an event."
    )
    camera_roll: float = Field(
        default=0.0, ge=-180, le=180, description="How far cameras are turned clockwise, degrees."
    )

    @property
    def follows(self) -> bool:
        """Whether people must be followed."""
        return self.track or self.smooth or self.activities or self.falls
