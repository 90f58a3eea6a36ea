"""What counts as a fall."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FallSettings:
    """Bounds in the units of a body: statures (heights of the whole person) and seconds.

    Raises:
        ValueError: If a bound is out of range.
    """

    min_drop: float = 0.32
    """Head and shoulders must sink at least this far, statures; sitting down is 0.25."""
    min_hips_drop: float = 0.1
    """The hips must sink at least this far, statures; stooping leaves them where they are."""
    min_speed: float = 0.45
    """Head and shoulders must sink at least this fast over a quarter second, statures / second."""
    within_s: float = 1.5
    """They must sink that far within this time, seconds; who lies down on purpose takes longer."""
    low: float = 0.3
    """On the ground: head and shoulders at most this high above it, statures; sitting is 0.5."""
    hold_s: float = 0.3
    """They must stay low for this long, seconds."""
    up: float = 0.45
    """Up again: head and shoulders at least this high, statures."""
    up_s: float = 1.0
    """They must stay up for this long, seconds."""
    long_lie_s: float = 10.0
    """Somebody down for this long needs help, seconds."""
    cooldown_s: float = 10.0
    """No second fall of the same person, or at the same place, within this time, seconds."""
    enabled: bool = True
    """Whether falls count at all; for zones where people lie, such as a bed."""

    def __post_init__(self) -> None:
        """Check the bounds."""
        for name in ("min_drop", "min_speed", "within_s", "low", "up", "long_lie_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("min_hips_drop", "hold_s", "up_s", "cooldown_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, not {getattr(self, name)}")
        if self.low >= self.up:
            raise ValueError(f"low {self.low} must be less than up {self.up}")
