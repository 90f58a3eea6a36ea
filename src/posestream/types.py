"""The values that travel between stages.

Each is a frozen dataclass of parallel arrays: row ``p`` of every array is the same person.

Axis letters, used in every docstring of the package:

====== ============================================ ====== ==============================
``B``  frames in a batch                            ``L``  limbs of a topology
``P``  people in a frame                            ``M``  candidates of a first keypoint
``K``  keypoints of a topology                      ``N``  candidates of a second keypoint
``H W`` pixels of a frame or a network input        ``h w`` cells of a heatmap
====== ============================================ ====== ==============================

Points are ``(x, y)`` float32 in frame pixels unless a docstring says otherwise; pixel ``i`` covers
``[i, i + 1)``. A keypoint that was not found is NaN with score 0. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.events import ActivitySegment, Event
from posestream.findings import NOTHING, Attributes, Detections, Findings, attributes_json
from posestream.geometry import Letterbox
from posestream.images import Image
from posestream.topology import Topology
from posestream.zones import Counts, Movements

SCHEMA_VERSION = 1
"""Version of what `Result.to_dict` makes; see ``docs/reference/poses-jsonl.md``."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a stream and its place in time."""

    stream: str
    """Name of the stream it belongs to."""
    index: int
    """Position among the stream's decoded frames, from 0."""
    pts: int
    """Presentation time in ticks of ``time_base``, strictly increasing within a stream."""
    time_base: Fraction
    """Seconds per tick."""
    image: Image
    """The pixels, upright: rotation metadata is already applied."""
    wall_s: float
    """When the frame was read, in seconds since the Unix epoch."""
    file: str | None = None
    """Name of the photograph it is, without its folder; ``None`` for a frame of a video."""

    @property
    def pts_s(self) -> float:
        """Presentation time in seconds."""
        # The same number as the fraction's, and four times as soon.
        return self.pts * self.time_base.numerator / self.time_base.denominator


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Network inputs of several frames, all of one size.

    Raises:
        ValueError: If there is not one letterbox per picture.
    """

    pixels: npt.NDArray[np.uint8]
    """``(B, H, W, 3)`` RGB."""
    letterboxes: tuple[Letterbox, ...]
    """Where each frame lies inside its picture."""

    def __post_init__(self) -> None:
        """Check that arrays agree."""
        if self.pixels.ndim != 4 or self.pixels.shape[3] != 3:
            raise ValueError(f"pixels must be (B, H, W, 3), not {self.pixels.shape}")
        if len(self.letterboxes) != len(self.pixels):
            raise ValueError(f"{len(self.letterboxes)} letterboxes for {len(self.pixels)} pictures")


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """What a network says about a batch: dense maps by meaning, not yet people.

    Raises:
        ValueError: If a map's first axis does not match the letterboxes.
    """

    maps: Mapping[str, npt.NDArray[np.float32]]
    """``(B, C, h, w)`` maps by their meaning on the model card, for example ``confidence_maps``."""
    letterboxes: tuple[Letterbox, ...]
    """Where each frame lies inside its network input."""

    def __post_init__(self) -> None:
        """Check that arrays agree."""
        for name, array in self.maps.items():
            if len(array) != len(self.letterboxes):
                raise ValueError(f"{name}: {len(array)} maps for {len(self.letterboxes)} frames")


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """Everyone found in one frame; row ``p`` of every array is the same person.

    Raises:
        ValueError: If the arrays disagree about people or keypoints.
    """

    keypoints: npt.NDArray[np.float32]
    """``(P, K, 2)`` frame pixels; NaN where a keypoint was not found."""
    keypoint_scores: npt.NDArray[np.float32]
    """``(P, K)`` confidence in [0, 1]; 0 where a keypoint was not found."""
    scores: npt.NDArray[np.float32]
    """``(P,)`` confidence in the person, in [0, 1]; poses are sorted by it, best first."""
    boxes: npt.NDArray[np.float32]
    """``(P, 4)`` left, top, right, bottom in frame pixels."""

    def __post_init__(self) -> None:
        """Check that arrays agree."""
        people, keypoints = self.keypoint_scores.shape
        shapes = (self.keypoints.shape, self.scores.shape, self.boxes.shape)
        if shapes != ((people, keypoints, 2), (people,), (people, 4)):
            raise ValueError(f"arrays disagree: keypoint_scores {(people, keypoints)}, {shapes}")

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.scores)

    def __getitem__(self, people: npt.NDArray[np.bool_] | npt.NDArray[np.integer] | slice) -> Poses:
        """Return the people a mask, indices or a slice select, in that order."""
        return Poses(
            self.keypoints[people],
            self.keypoint_scores[people],
            self.scores[people],
            self.boxes[people],
        )

    @classmethod
    def split(cls, everyone: Poses, spans: Iterable[tuple[int, int]]) -> list[Poses]:
        """Return parts of people who lie one after the other, by first row and one past the last.

        Cheaper than to slice and check each part: whole arrays that agree have parts that do.
        """
        points, sure = everyone.keypoints, everyone.keypoint_scores
        scores, boxes = everyone.scores, everyone.boxes
        parts, write = [], object.__setattr__
        for start, end in spans:
            part = object.__new__(cls)
            write(part, "keypoints", points[start:end])
            write(part, "keypoint_scores", sure[start:end])
            write(part, "scores", scores[start:end])
            write(part, "boxes", boxes[start:end])
            parts.append(part)
        return parts

    @classmethod
    def empty(cls, keypoints: int) -> Poses:
        """Return nobody, with room for ``keypoints`` keypoints each."""
        shapes = ((0, keypoints, 2), (0, keypoints), (0,), (0, 4))
        return cls(*(np.zeros(shape, np.float32) for shape in shapes))


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Poses with identities.

    Raises:
        ValueError: If there is not one id per pose, or not one mark per keypoint.
    """

    poses: Poses
    """Everyone in the frame."""
    ids: npt.NDArray[np.int64]
    """``(P,)`` identity within the stream, from 0; -1 of somebody whom nobody tracks."""
    filled: npt.NDArray[np.bool_] = None  # pyright: ignore[reportAssignmentType]
    """``(P, K)`` keypoints that tracking put where the network found none; by default none."""

    def __post_init__(self) -> None:
        """Check that arrays agree."""
        if self.ids.shape != (len(self.poses),):
            raise ValueError(f"ids {self.ids.shape} for {len(self.poses)} poses")
        shape = self.poses.keypoint_scores.shape
        if self.filled is None:
            object.__setattr__(self, "filled", np.zeros(shape, np.bool_))
        elif self.filled.shape != shape:
            raise ValueError(f"filled {self.filled.shape} for keypoints {shape}")

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.ids)

    def __getitem__(
        self, people: npt.NDArray[np.bool_] | npt.NDArray[np.integer] | slice
    ) -> Tracks:
        """Return the people a mask, indices or a slice select, in that order."""
        return Tracks(self.poses[people], self.ids[people], self.filled[people])

    @classmethod
    def untracked(cls, poses: Poses) -> Tracks:
        """Return poses without identities."""
        return cls(poses, np.full(len(poses), -1, np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """All that is known about one frame of a stream."""

    stream: str
    """Name of the stream."""
    frame: int
    """Index of the frame in the stream, from 0."""
    pts_s: float
    """Presentation time, seconds."""
    wall_s: float
    """When the frame was read, seconds since the Unix epoch."""
    size: tuple[int, int]
    """Width and height of the frame, pixels."""
    tracks: Tracks
    """The people."""
    topology: Topology
    """What the keypoint axis means."""
    inferred: bool = True
    """False where the people are carried over from an earlier frame (``interval`` > 1)."""
    file: str | None = None
    """Name of the photograph, without its folder; ``None`` for a frame of a video."""
    findings: Findings = NOTHING
    """What secondary models say."""
    live: bool = False
    """Whether it comes from a live stream; then plain values hold ``wall_s``, too."""
    events: tuple[Event, ...] = ()
    """What happened, as far as this frame settled it."""
    activities: tuple[ActivitySegment, ...] = ()
    """What somebody did until now, where this frame shows that it ended."""
    counts: Counts | None = None
    """How many people are in zones and crossed lines so far; ``None`` without any."""
    movements: Movements | None = None
    """How the people move over the ground; ``None`` where it is not known."""

    @property
    def objects(self) -> Mapping[str, Detections]:
        """The objects that each secondary detector found."""
        return self.findings.objects

    @property
    def attributes(self) -> Mapping[str, Attributes]:
        """The label that each secondary classifier gives each person."""
        return self.findings.attributes

    @property
    def poses(self) -> Poses:
        """The people without their identities."""
        return self.tracks.poses

    def to_dict(self) -> dict[str, object]:
        """Return the frame as plain JSON values, as ``poses.jsonl`` holds it."""
        return self.head() | {"people": self._people_with_more()}

    def head(self) -> dict[str, object]:
        """Return what `to_dict` holds besides the people."""
        head: dict[str, object] = {"schema": SCHEMA_VERSION, "stream": self.stream}
        if self.file is not None:
            head["file"] = self.file
        head |= {
            "frame": self.frame,
            "pts_s": round(self.pts_s, 6),
            **({"wall_s": round(self.wall_s, 6)} if self.live else {}),
            "size": list(self.size),
            "inferred": self.inferred,
        }
        if self.findings.frame_attributes:
            head["attributes"] = attributes_json(self.findings.frame_attributes, 0)
        if self.objects:
            head["objects"] = self.findings.objects_json()
        if self.events:
            head["events"] = [event.to_dict() for event in self.events]
        if self.counts is not None:
            head |= self.counts.to_dict()
        return head

    def _people_with_more(self) -> list[dict[str, object]]:
        """Return the people with what is known of them beside their poses."""
        people = self._people()
        if self.attributes:
            for row, person in enumerate(people):
                person["attributes"] = attributes_json(self.attributes, row)
        if self.tracks.filled.any():
            for person, marks in zip(people, self.tracks.filled.tolist(), strict=True):
                if names := [k for k, m in zip(self.topology.keypoints, marks, strict=True) if m]:
                    person["filled"] = names
        if self.movements is not None:
            for person, movement in zip(people, self.movements.to_dicts(), strict=True):
                person["ground"] = movement
        return people

    def _people(self) -> list[dict[str, object]]:
        poses = self.poses
        if not len(poses):
            return []
        points = np.concatenate([poses.keypoints, poses.keypoint_scores[..., None]], axis=2)
        found = (poses.keypoint_scores > 0) & np.isfinite(points).all(axis=2)
        return [
            {
                "id": identity if identity >= 0 else None,
                "score": score,
                "box": box,
                "keypoints": {
                    name: row
                    for name, row, here in zip(self.topology.keypoints, rows, hits, strict=True)
                    if here
                },
            }
            for identity, score, box, rows, hits in zip(
                self.tracks.ids.tolist(),
                _rounded(poses.scores, 4),
                _rounded(poses.boxes, 2),
                _rounded(points, 3),
                found.tolist(),
                strict=True,
            )
        ]


def _rounded(numbers: npt.NDArray[np.float32], digits: int) -> list[Any]:
    """Return short decimals for JSON, which knows neither NaN nor infinity: they become 0."""
    if not np.isfinite(numbers).all():
        numbers = np.nan_to_num(numbers, nan=0, posinf=0, neginf=0)
    return numbers.astype(np.float64).round(digits).tolist()
