"""What each person does for how long: activities of frames joined into segments."""

from __future__ import annotations

import math

import numpy as np

from posestream.analytics.activity_rules import ACTIVITIES, name_activities
from posestream.analytics.bodies import Floats, measure_bodies
from posestream.analytics.body_parts import BodyParts
from posestream.analytics.descents import FIELDS as DESCENT_FIELDS
from posestream.analytics.descents import blank_descent, learn_statures
from posestream.analytics.motions import FIELDS as MOTION_FIELDS
from posestream.analytics.motions import add_poses, blank_motion, measure_motions
from posestream.analytics.roster import Records, Roster
from posestream.events import ActivitySegment
from posestream.topology import Topology
from posestream.types import Tracks

_STEP_S = 0.095
"""Between frames that are looked at: what people do is told ten times a second."""
_REMEMBERED_S = 1.5
_NOBODY = -1

FIELDS = [
    ("votes", np.float64, (len(ACTIVITIES),)),
    ("voted_s", np.float64),
    ("named", np.int8),
    ("named_s", np.float64),
    ("doing", np.int8),
    ("start_s", np.float64),
    ("end_s", np.float64),
    ("sure", np.float64),
    ("track", np.int64),
]
"""What is remembered of a person: how much each activity was named lately; what was named last
and since when; the segment that goes on, and whose it is."""


class ActivityRecogniser:
    """Watches the tracked people of one stream.

    Args:
        topology: What the keypoints mean.
        stream: Name of the stream, for the segments.
        window_s: Motion is measured over this time, seconds.
        settle_s: An activity must prevail for about this time to count, seconds.
        min_keypoint_score: Least score of a keypoint that counts.
        roll_deg: How far the camera is turned clockwise about its line of sight, degrees.

    Raises:
        ValueError: If the topology lacks shoulders, hips, knees or ankles.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        stream: str = "",
        window_s: float = 1.2,
        settle_s: float = 0.4,
        min_keypoint_score: float = 0.15,
        roll_deg: float = 0.0,
    ) -> None:
        self._parts = BodyParts.of(topology)
        self._stream = stream
        self._window_s, self._settle_s = window_s, settle_s
        self._min_score, self._roll_deg = min_keypoint_score, roll_deg
        self._roster = Roster(_blank(), patience_s=_REMEMBERED_S)
        self._last_s = -math.inf

    @property
    def current(self) -> dict[int, ActivitySegment]:
        """What each remembered person is doing: segments that may still go on."""
        rows = self._roster.rows.values()
        found = [self._segment(row) for row in rows if self._doing(row)]
        return {segment.track: segment for segment in found}

    def update(self, tracks: Tracks, *, pts_s: float) -> list[ActivitySegment]:
        """Take in one frame and return the segments that it ended.

        A frame less than a tenth of a second after the last is passed over; one of an earlier
        time means that the stream began anew: everything ends.

        Args:
            tracks: The people; those without an identity are passed over.
            pts_s: Time of the frame, seconds.
        """
        if 0 <= pts_s - self._last_s < _STEP_S:
            return []
        ended = self.finish() if pts_s < self._last_s else self._gone(pts_s)
        self._last_s = pts_s
        self._roster.forget(pts_s)
        known = np.flatnonzero(tracks.ids >= 0)
        if not len(known):
            return ended
        ids, first = np.unique(tracks.ids[known], return_index=True)
        bodies = measure_bodies(
            tracks[known[first]], self._parts, min_score=self._min_score, roll_deg=self._roll_deg
        )
        places = np.where(np.isnan(bodies.hips), bodies.upper, bodies.hips)
        rows = self._roster.seat(ids.tolist(), places, bodies.statures, pts_s)
        records = self._roster.records[rows]
        learn_statures(records, bodies.statures, pts_s)
        add_poses(records, bodies, pts_s)
        named = name_activities(measure_motions(records, pts_s, window_s=self._window_s))
        self._vote(records, named, pts_s)
        records["track"] = ids
        self._roster.records[rows] = records
        for row in rows[self._changed(records)]:
            ended += [self._segment(row)] if self._doing(row) else []
            self._begin(row, pts_s)
        self._go_on(rows, pts_s)
        return ended

    def finish(self) -> list[ActivitySegment]:
        """End everything and forget everybody; return the segments that went on."""
        segments = list(self.current.values())
        self._roster.clear()
        self._last_s = -math.inf
        return segments

    def _vote(self, records: Records, named: np.ndarray, time_s: float) -> None:
        """Let every frame vote; votes fade within the settling time."""
        passed = np.clip(time_s - records["voted_s"], 0, 10)
        keep = np.exp(-np.minimum(passed, 0.5) / self._settle_s)[:, None]
        seen = named >= 0
        votes = np.eye(len(ACTIVITIES))[np.maximum(named, 0)]
        mixed = keep * records["votes"] + (1 - keep) * votes
        records["votes"] = np.where(seen[:, None], mixed, records["votes"])
        records["voted_s"] = np.where(seen, time_s, records["voted_s"])
        other = seen & (named != records["named"])
        records["named_s"] = np.where(other, time_s, records["named_s"])
        records["named"] = np.where(seen, named, records["named"])

    @staticmethod
    def _changed(records: Records) -> np.ndarray:
        """Tell who does something else than their segment says, for long enough."""
        best = records["votes"].argmax(axis=1)
        prevails = records["votes"].max(axis=1) > 0.5
        return prevails & (best == records["named"]) & (best != records["doing"])

    def _begin(self, row: int, time_s: float) -> None:
        record = self._roster.records[row]
        start_s = float(record["named_s"])
        if record["doing"] != _NOBODY:
            start_s = max(start_s, float(record["start_s"]))
        record["doing"], record["start_s"], record["sure"] = record["named"], start_s, np.nan
        record["end_s"] = time_s

    def _go_on(self, rows: np.ndarray, time_s: float) -> None:
        """Prolong segments; how sure one is fades in with every frame."""
        records = self._roster.records[rows]
        doing = np.maximum(records["doing"], 0)
        share = np.take_along_axis(records["votes"], doing[:, None].astype(np.intp), axis=1)[:, 0]
        length = np.maximum(time_s - records["start_s"], 1e-3)
        step = np.clip((time_s - records["end_s"]) / length, 0, 1)
        sure = np.where(
            np.isnan(records["sure"]), share, records["sure"] + step * (share - records["sure"])
        )
        on = records["doing"] != _NOBODY
        records["sure"] = np.where(on, sure, np.nan)
        records["end_s"] = np.where(on, time_s, np.nan)
        self._roster.records[rows] = records

    def _gone(self, time_s: float) -> list[ActivitySegment]:
        """End the segments of those who have been out of sight for too long."""
        rows = self._roster.rows.values()
        return [
            self._segment(row)
            for row in rows
            if self._doing(row)
            and time_s - float(self._roster.records["end_s"][row]) > _REMEMBERED_S
        ]

    def _doing(self, row: int) -> bool:
        return bool(self._roster.records["doing"][row] != _NOBODY)

    def _segment(self, row: int) -> ActivitySegment:
        record = self._roster.records[row]
        sure: Floats | float = float(record["sure"])
        return ActivitySegment(
            stream=self._stream,
            track=int(record["track"]),
            activity=ACTIVITIES[int(record["doing"])],
            start_s=float(record["start_s"]),
            end_s=float(record["end_s"]),
            confidence=min(1.0, max(0.0, sure)) if math.isfinite(sure) else 0.5,
        )


def _blank() -> Records:
    blank = np.zeros(1, [*DESCENT_FIELDS, *MOTION_FIELDS, *FIELDS])
    blank_descent(blank)
    blank_motion(blank)
    blank["named"] = blank["doing"] = _NOBODY
    for name in ("named_s", "start_s", "end_s", "sure"):
        blank[name] = np.nan
    return blank
