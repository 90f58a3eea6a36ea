"""What a PAF decoder, wherever it runs, knows of its network and holds its candidates to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from posestream.decoding.paf_bodies import body_shape
from posestream.errors import ConfigError, suggestion
from posestream.topology import Topology

Setting = Literal["robust", "compatible"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PafRules:
    """Checked settings, see `posestream.decoding.paf.PafDecoder`, as compiled code takes them.

    Raises:
        ConfigError: If the topology has no PAF channels or a number is out of its range.
    """

    topology: Topology
    """Keypoints, limbs and PAF channels."""
    stride: int
    """Input pixels per cell."""
    setting: Setting
    """``robust`` or ``compatible``."""
    max_peaks: int
    """Candidates kept of each keypoint."""
    threshold: float
    """Lowest confidence of a candidate."""
    noise_sigmas: float
    """Standard deviations of the maps' noise that candidates must exceed."""
    link_threshold: float
    """Score that a limb must exceed."""
    support: float
    """Alignment from which the field supports a limb at a point."""
    samples: int
    """Points looked at along a limb."""
    max_misfit: float
    """Mean squared distance up to which a fragment may join a person, standard deviations."""
    max_scale_ratio: float
    """Ratio of their sizes up to which a fragment may join a person."""
    min_keypoints: int
    """Keypoints that a person must have."""
    min_score: float
    """Score that a person must have."""

    def __post_init__(self) -> None:
        """Check everything."""
        if self.setting not in get_args(Setting):
            raise ConfigError(
                f"setting {self.setting!r} of the PAF decoder is not one of "
                f"{', '.join(get_args(Setting))}.{suggestion(self.setting, get_args(Setting))}"
            )
        if not self.topology.paf_channels:
            raise ConfigError(f"topology {self.topology.name!r} has no PAF channels to decode with")
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not least <= value < math.inf:
                raise ConfigError(
                    f"{name} of the PAF decoder is {value}, must be at least {least:g}"
                )

    @property
    def is_robust(self) -> bool:
        """Whether this is not the ``compatible`` setting."""
        return self.setting == "robust"

    @property
    def keypoints(self) -> int:
        """How many maps hold keypoints."""
        return len(self.topology.keypoints)

    @property
    def fields_needed(self) -> int:
        """How many channels of part affinity fields limbs use, those between counted."""
        return int(self.channels.max(initial=-1)) + 1

    @property
    def limbs(self) -> npt.NDArray[np.int64]:
        """``(L, 2)`` keypoints."""
        return np.array(self.topology.limbs, np.int64).reshape(-1, 2)

    @property
    def channels(self) -> npt.NDArray[np.int64]:
        """``(L, 2)`` x and y channel of each limb's field."""
        return np.array(self.topology.paf_channels, np.int64).reshape(-1, 2)

    @property
    def shape(self) -> npt.NDArray[np.float64]:
        """``(K, 3)`` see `body_shape`, or empty."""
        return body_shape(self.topology)

    @property
    def numbers(self) -> tuple[int, int, float, float, float, float, int, float, float, int, float]:
        """Keypoints, then every number from ``max_peaks`` on, for compiled code."""
        return (
            self.keypoints,
            int(self.max_peaks),
            float(self.threshold),
            float(self.noise_sigmas),
            float(self.link_threshold),
            float(self.support),
            int(self.samples),
            float(self.max_misfit),
            float(self.max_scale_ratio),
            int(self.min_keypoints),
            float(self.min_score),
        )


_LEAST = {
    "stride": 1,
    "max_peaks": 1,
    "threshold": 1e-6,
    "noise_sigmas": 0,
    "link_threshold": 0,
    "support": 0,
    "samples": 2,
    "max_misfit": 0,
    "max_scale_ratio": 1,
    "min_keypoints": 1,
    "min_score": 0,
}
"""Least value of each number."""
