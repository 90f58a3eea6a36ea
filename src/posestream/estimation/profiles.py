"""The profiles: recipes of passes over a picture, from fast to accurate.

========== ======================================================================================
fast       a small overview, and up to two closer looks
balanced   a larger overview, and up to three closer looks
accurate   more and larger looks, then each person once more by a single-person network
========== ======================================================================================

Closer looks are taken only where they pay, so a picture of one large person costs one small pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from posestream.errors import ConfigError, suggestion
from posestream.estimation import Estimator
from posestream.estimation.closer_look import CloserLookEstimator
from posestream.estimation.confident import ConfidentEstimator
from posestream.estimation.looks import LookSettings
from posestream.estimation.passes import Pass
from posestream.estimation.refined import RefinedEstimator
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.geometry import InputRule
from posestream.topology import Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A trade of speed against accuracy for a center network."""

    long_side: int
    """Long side of a frame in the overview, pixels."""
    looks: LookSettings
    """Closer looks after the overview."""
    refined: bool = False
    """Whether a single-person network places the keypoints at last."""


PROFILES: Mapping[str, Profile] = {
    "fast": Profile(
        long_side=192,
        looks=LookSettings(input_size=(192, 192), limit=2, min_gain=0.06),
    ),
    "balanced": Profile(
        long_side=256,
        looks=LookSettings(input_size=(288, 288), limit=3, min_gain=0.04),
    ),
    "accurate": Profile(
        long_side=256,
        looks=LookSettings(input_size=(384, 384), limit=4, min_gain=0.02, margin=0.15),
        refined=True,
    ),
}
"""The profiles by name."""

_MAX_STRETCH = 0.2

DEFAULT_MIN_SCORE = 0.25
"""Score from which somebody is worth reporting: where precision and recall are best together.

Of those above it, 5 in 6 are people found well, in every profile; average precision wants 0.
"""


def find_profile(name: str) -> Profile:
    """Return a profile by its name.

    Raises:
        ConfigError: If nothing is called that.
    """
    if name not in PROFILES:
        raise ConfigError(
            f"profile: {name!r} is not allowed; allowed: {', '.join(PROFILES)}."
            f"{suggestion(name, PROFILES)}"
        )
    return PROFILES[name]


def build_estimator(
    profile: Profile,
    network: Pass,
    single_person: Pass | None,
    topology: Topology,
    *,
    long_side: int | None = None,
    min_score: float = DEFAULT_MIN_SCORE,
    stride: int = 4,
    multiple: int = 32,
) -> Estimator:
    """Put together what finds people with a center network.

    Args:
        profile: Which passes.
        network: A center network, for whole frames and parts of them.
        single_person: A network for one person's crop; needed if the profile is refined.
        topology: What the keypoints of both networks mean.
        long_side: Long side of the overview in pixels instead of the profile's.
        min_score: Least score of a person.
        stride: Input pixels per heatmap cell of the center network.
        multiple: What the sides of the center network's input must be divisible by.

    Raises:
        ValueError: If the profile is refined and there is no single-person network.
    """
    side = long_side or profile.long_side
    rule = InputRule(long_side=side, multiple=multiple, max_stretch=_MAX_STRETCH)
    overview = SinglePassEstimator(network, topology, rule=rule)
    people: Estimator = CloserLookEstimator(
        overview, network, long_side=side, looks=profile.looks, stride=stride
    )
    if profile.refined:
        if single_person is None:
            raise ValueError("this profile needs a single-person network")
        people = RefinedEstimator(people, single_person)
    return ConfidentEstimator(people, min_score=min_score)
