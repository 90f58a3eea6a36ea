"""Name what people do from how they hold themselves and move, by rules that can be read.

On clips of other people and from other sides than the bounds were looked up on, these rules do
better than small networks trained on the same measurements; ``docs/how-to/activities.md`` has the
figures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.analytics.bodies import Floats
from posestream.analytics.motions import FEATURES

ACTIVITIES = (
    "standing",
    "sitting",
    "lying",
    "walking",
    "running",
    "jumping",
    "bending",
    "raised_hands",
    "waving",
    "lively",
)
"""What people may be doing; ``lively`` is much motion in one place, such as dancing."""

Mask = npt.NDArray[np.bool_]


def name_activities(features: Floats) -> npt.NDArray[np.intp]:
    """Name what each person does: the first rule that holds.

    Args:
        features: ``(P, F)`` in the order of `posestream.analytics.motions.FEATURES`.

    Returns:
        ``(P,)`` indices into `ACTIVITIES`; -1 where too little is seen of somebody.
    """
    of = {name: features[:, number] for number, name in enumerate(FEATURES)}
    with np.errstate(invalid="ignore"):
        rules = _rules(of)
        named = np.full(len(features), -1, np.intp)
        for activity, holds in rules:
            named[(named < 0) & holds] = ACTIVITIES.index(activity)
    named[np.isnan(of["torso_up"])] = -1
    return named


def _rules(of: dict[str, Floats]) -> list[tuple[str, Mask]]:
    """Return which rules hold for whom, what goes before comes first."""
    upright = of["torso_up"] > 0.15
    pace = np.hypot(of["travel"], 0.6 * of["approach"])
    moving = upright & ((of["travel"] > 0.15) | (pace > 0.12) & (of["stride"] > 0.03))
    seated = (
        (of["thigh_down"] < 0.78 * of["shin_down"])  # thighs point at the camera or lie level
        | (of["thigh_down"] < 0.1)
        | (of["hips_height"] < 0.33)
    )
    stepping = upright & (of["stride_turns"] > 0.7)
    flat = of["torso_up"] < 0.1
    hand = of["wrist_height"]
    return [
        ("lying", (of["elevation"] < 0.3) & (of["torso_up"] < 0.2)),
        ("lying", flat & (of["hips_height"] < 0.2)),
        ("running", upright & (of["travel"] > 1.1)),
        ("running", upright & (of["stride_turns"] > 3.8) & (of["stride"] > 0.1) & ~seated),
        ("walking", moving),
        ("jumping", upright & _hops(of)),
        (
            "bending",
            (of["torso_up"] < 0.17) & (of["thigh_down"] > 0.1) & (of["hips_height"] > 0.22),
        ),
        ("walking", stepping & (of["stride"] > 0.12) & ~seated),
        ("lively", upright & ~seated & (of["energy"] > 0.3) & (of["wrist_motion"] > 0.08)),
        ("waving", (hand > -0.02) & (of["wrist_motion"] > 0.04) & (of["wrist_turns"] > 2.4)),
        ("raised_hands", hand > 0.2),
        ("sitting", seated),
        ("walking", stepping & (of["stride"] > 0.045)),
        ("standing", ~np.isnan(of["elevation"])),
    ]


def _hops(of: dict[str, Floats]) -> Mask:
    """Tell whose hips and feet go up and down together, with straight legs."""
    return (
        (of["hips_bounce"] > 0.022)
        & (of["ankles_bounce"] > 0.005)
        & (of["stride"] < 0.08)
        & (of["thigh_down"] > 0.12)
    )
