"""What a network's keypoints mean: names, limbs, and where their part affinity fields lie.

A topology is data: any other may be written on a model card. Limbs are ordered pairs of 0-based
keypoint indices; foreign numberings are converted where they are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Topology:
    """Names and structure of a set of keypoints.

    Raises:
        ValueError: If a limb, flip pair, sigma, channel or colour does not fit the keypoints.
    """

    name: str
    """What the topology is called on a model card."""
    keypoints: tuple[str, ...]
    """``K`` names, in the order of the network's maps; ``left_`` and ``right_`` mark sides."""
    limbs: tuple[tuple[int, int], ...]
    """``L`` ordered keypoint pairs, drawn as a skeleton and followed by PAF decoding."""
    paf_channels: tuple[tuple[int, int], ...] = ()
    """``L`` pairs (x channel, y channel) of the part affinity fields; empty without such fields."""
    sigmas: tuple[float, ...] = ()
    """``K`` standard deviations of human annotation, relative to a person's size, for OKS."""
    hidden: tuple[str, ...] = field(default=())
    """Keypoints that help decoding but are not somebody's measured body part, such as a neck."""
    flip_pairs: tuple[tuple[int, int], ...] = ()
    """Pairs of keypoints that change places in a mirrored picture; where none is given, every
    ``left_`` with its ``right_``."""
    colours: tuple[tuple[str, RGB], ...] = ()
    """RGB colour of all keypoints with a text in their names; the last that fits counts. Limbs
    take the colour of their second keypoint. The rest is coloured by side."""

    def __post_init__(self) -> None:
        """Check that everything refers to keypoints that exist."""
        count = len(self.keypoints)
        if len(set(self.keypoints)) != count:
            raise ValueError(f"topology {self.name!r}: keypoint names repeat")
        for limb in self.limbs:
            if not all(0 <= k < count for k in limb) or limb[0] == limb[1]:
                raise ValueError(f"topology {self.name!r}: limb {limb} of {count} keypoints")
        if self.paf_channels and len(self.paf_channels) != len(self.limbs):
            raise ValueError(
                f"topology {self.name!r}: {len(self.paf_channels)} channel pairs "
                f"for {len(self.limbs)} limbs"
            )
        if self.sigmas and len(self.sigmas) != count:
            raise ValueError(
                f"topology {self.name!r}: {len(self.sigmas)} sigmas, {count} keypoints"
            )
        if unknown := set(self.hidden) - set(self.keypoints):
            raise ValueError(f"topology {self.name!r}: hidden keypoints {sorted(unknown)} unknown")
        if not self.flip_pairs:
            object.__setattr__(self, "flip_pairs", _named_sides(self.keypoints))
        self._check_flips()
        self._check_colours()

    def colour_of(self, keypoint: str) -> RGB | None:
        """Return the colour that `colours` gives to a keypoint; None for the usual one."""
        return next((rgb for part, rgb in reversed(self.colours) if part in keypoint), None)

    def without(self, names: tuple[str, ...]) -> Topology:
        """Return the topology without some keypoints and the limbs and fields that touch them."""
        kept = [k for k, name in enumerate(self.keypoints) if name not in names]
        new = {old: k for k, old in enumerate(kept)}
        limbs = [i for i, (a, b) in enumerate(self.limbs) if a in new and b in new]
        return Topology(
            name=self.name,
            keypoints=tuple(self.keypoints[k] for k in kept),
            limbs=tuple((new[self.limbs[i][0]], new[self.limbs[i][1]]) for i in limbs),
            paf_channels=tuple(self.paf_channels[i] for i in limbs) if self.paf_channels else (),
            sigmas=tuple(self.sigmas[k] for k in kept) if self.sigmas else (),
            hidden=tuple(name for name in self.hidden if name not in names),
            flip_pairs=tuple((new[a], new[b]) for a, b in self.flip_pairs if a in new and b in new),
            colours=tuple(
                (part, rgb)
                for part, rgb in self.colours
                if any(part in self.keypoints[k] for k in kept)
            ),
        )

    def _check_flips(self) -> None:
        flipped = [k for pair in self.flip_pairs for k in pair]
        if len(set(flipped)) != len(flipped) or not set(flipped) <= set(range(len(self.keypoints))):
            raise ValueError(
                f"topology {self.name!r}: flip_pairs {self.flip_pairs} "
                f"of {len(self.keypoints)} keypoints, each at most once"
            )

    def _check_colours(self) -> None:
        for part, rgb in self.colours:
            if not any(part in name for name in self.keypoints):
                raise ValueError(f"topology {self.name!r}: colours: no keypoint has {part!r} in it")
            if len(rgb) != 3 or not all(0 <= value <= 255 for value in rgb):
                raise ValueError(
                    f"topology {self.name!r}: colours: {part!r} is {list(rgb)}; "
                    "allowed: red, green, blue of 0 to 255"
                )


def _named_sides(keypoints: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Pair every ``left_`` keypoint with the ``right_`` one of the same name."""
    index = {name: k for k, name in enumerate(keypoints)}
    return tuple(
        (k, index["right_" + name[5:]])
        for name, k in index.items()
        if name.startswith("left_") and "right_" + name[5:] in index
    )


COCO_KEYPOINTS = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
_BODY = {
    "nose": 0.026,
    "neck": 0.079,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "toe": 0.068,
    "heel": 0.066,
}


def _sigmas(names: tuple[str, ...]) -> tuple[float, ...]:
    """COCO's standard deviations by body part; the neck borrows the shoulder's.

    Source:
        COCO-WholeBody for toes and heels.
    """
    return tuple(_BODY[name.split("_")[-1]] for name in names)


COCO_17 = Topology(
    name="coco-17",
    keypoints=COCO_KEYPOINTS,
    limbs=(
        (15, 13),
        (13, 11),
        (16, 14),
        (14, 12),
        (11, 12),
        (5, 11),
        (6, 12),
        (5, 6),
        (5, 7),
        (6, 8),
        (7, 9),
        (8, 10),
        (1, 2),
        (0, 1),
        (0, 2),
        (1, 3),
        (2, 4),
        (3, 5),
        (4, 6),
    ),
    sigmas=_sigmas(COCO_KEYPOINTS),
)
"""COCO's 17 keypoints and its skeleton."""

TRTPOSE_HUMAN = Topology(
    name="trtpose-human",
    keypoints=(*COCO_KEYPOINTS, "neck"),
    limbs=(
        (15, 13),
        (13, 11),
        (16, 14),
        (14, 12),
        (11, 12),
        (5, 7),
        (6, 8),
        (7, 9),
        (8, 10),
        (1, 2),
        (0, 1),
        (0, 2),
        (1, 3),
        (2, 4),
        (3, 5),
        (4, 6),
        (17, 0),
        (17, 5),
        (17, 6),
        (17, 11),
        (17, 12),
    ),
    paf_channels=tuple((2 * i + 1, 2 * i) for i in range(21)),
    sigmas=_sigmas((*COCO_KEYPOINTS, "neck")),
    hidden=("neck",),
)
"""TRTPose's human topology: COCO's 17 keypoints and a neck, 21 limbs; fields come (y, x)."""

_OPENPOSE_KEYPOINTS = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
)

OPENPOSE_COCO = Topology(
    name="openpose-coco",
    keypoints=_OPENPOSE_KEYPOINTS,
    limbs=(
        (1, 2),
        (1, 5),
        (2, 3),
        (3, 4),
        (5, 6),
        (6, 7),
        (1, 8),
        (8, 9),
        (9, 10),
        (1, 11),
        (11, 12),
        (12, 13),
        (1, 0),
        (0, 14),
        (14, 16),
        (0, 15),
        (15, 17),
        (2, 16),
        (5, 17),
    ),
    paf_channels=(
        (12, 13),
        (20, 21),
        (14, 15),
        (16, 17),
        (22, 23),
        (24, 25),
        (0, 1),
        (2, 3),
        (4, 5),
        (6, 7),
        (8, 9),
        (10, 11),
        (28, 29),
        (30, 31),
        (34, 35),
        (32, 33),
        (36, 37),
        (18, 19),
        (26, 27),
    ),
    sigmas=_sigmas(_OPENPOSE_KEYPOINTS),
    hidden=("neck",),
)
"""OpenPose's COCO model: 18 keypoints, 19 limbs; fields come (x, y)."""

_BODY_25_LIMBS = (
    (1, 8),
    (1, 2),
    (1, 5),
    (2, 3),
    (3, 4),
    (5, 6),
    (6, 7),
    (8, 9),
    (9, 10),
    (10, 11),
    (8, 12),
    (12, 13),
    (13, 14),
    (1, 0),
    (0, 15),
    (15, 17),
    (0, 16),
    (16, 18),
    (2, 17),
    (5, 18),
    (14, 19),
    (19, 20),
    (14, 21),
    (11, 22),
    (22, 23),
    (11, 24),
)
_BODY_25_FIRST_CHANNELS = (
    *(0, 14, 22, 16, 18, 24, 26, 6, 2, 4, 8, 10, 12),
    *(30, 32, 36, 34, 38, 20, 28, 40, 42, 44, 46, 48, 50),
)
_BODY_25_KEYPOINTS = (
    *_OPENPOSE_KEYPOINTS[:8],
    "mid_hip",
    *_OPENPOSE_KEYPOINTS[8:],
    "left_big_toe",
    "left_small_toe",
    "left_heel",
    "right_big_toe",
    "right_small_toe",
    "right_heel",
)

OPENPOSE_BODY_25 = Topology(
    name="openpose-body-25",
    keypoints=_BODY_25_KEYPOINTS,
    limbs=_BODY_25_LIMBS,
    paf_channels=tuple((first, first + 1) for first in _BODY_25_FIRST_CHANNELS),
    sigmas=_sigmas(_BODY_25_KEYPOINTS),
    hidden=("neck", "mid_hip"),
)
"""OpenPose's BODY_25 model: feet too, 25 keypoints, 26 limbs; fields come (x, y)."""

TOPOLOGIES = {
    topology.name: topology
    for topology in (COCO_17, TRTPOSE_HUMAN, OPENPOSE_COCO, OPENPOSE_BODY_25)
}
"""The built-in topologies by name."""
