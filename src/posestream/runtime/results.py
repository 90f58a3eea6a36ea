"""Make the results of one stream from what was found in its frames, in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posestream.events import ActivitySegment, Event
from posestream.findings import NOTHING, Attributes, Findings
from posestream.runtime.scheduling import Found, Ticket
from posestream.topology import Topology
from posestream.types import Frame, Poses, Result, Tracks
from posestream.zones import Counts, Movements

MOST_BETWEEN = 30
"""Frames between two inferences that may wait to be interpolated, at most."""


class Secondary(Protocol):
    """Says when secondary models look, and carries over what they found."""

    def due(self, place: int, pts_s: float) -> Collection[str]:
        """Return the models that are to look at a frame."""
        ...

    def settle(self, tracks: Tracks, fresh: Findings) -> Findings:
        """Return all that is known of a frame."""
        ...


class Analysed(Protocol):
    """What came of looking at the people of a frame; see `posestream.analysis.Analysed`."""

    @property
    def tracks(self) -> Tracks:
        """The people, with identities."""
        ...

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """``(P,)`` row of each among the poses given; -1 for somebody out of sight."""
        ...

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened."""
        ...

    @property
    def activities(self) -> tuple[ActivitySegment, ...]:
        """What somebody did until now."""
        ...

    @property
    def counts(self) -> Counts | None:
        """What was counted at zones and lines."""
        ...

    @property
    def movements(self) -> Movements | None:
        """How the people move over the ground."""
        ...


class Analysis(Protocol):
    """Follows the people of one stream; see `posestream.analysis.StreamAnalysis`."""

    def update(self, frame: Frame, poses: Poses) -> Analysed:
        """Take in a frame in which people were looked for."""
        ...

    def predict(self, frame: Frame) -> Tracks:
        """Return where people are thought to be in a later frame."""
        ...

    def between(self, before: Tracks, after: Tracks, fraction: float) -> Tracks:
        """Return where people are on their way from one frame to a later one."""
        ...

    def labels(self, tracks: Tracks) -> Mapping[str, Attributes]:
        """Return what is known of each person."""
        ...

    def finish(self) -> Sequence[ActivitySegment]:
        """Return what people did until the end."""
        ...


class ResultMaker:
    """Turns served tickets into results, in order.

    Without an analysis, frames that were not looked at carry over the people before them. With
    one, people have moved on: by the rules of files such frames wait for the next one that was
    looked at and lie between the two; by those of live streams, where nothing waits, people are
    where they are thought to be.

    Args:
        topology: What the keypoints mean.
        live: Whether the rules of live streams hold.
        secondary: Carries over what secondary models found; None without any.
        analysis: Follows people; None where nobody does.
        interval: People are looked for in every n-th frame.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        live: bool = False,
        secondary: Secondary | None = None,
        analysis: Analysis | None = None,
        interval: int = 1,
    ) -> None:
        self._topology = topology
        self._live = live
        self._secondary = secondary
        self._analysis = analysis
        self._waits = analysis is not None and not live and interval <= MOST_BETWEEN
        self._between: list[Ticket] = []
        self._tracks = Tracks.untracked(Poses.empty(len(topology.keypoints)))
        self._time_s = 0.0
        self._counts: Counts | None = None

    def results(self, ticket: Ticket) -> list[tuple[Ticket, Result]]:
        """Return the results that the next ticket makes possible, in order.

        Args:
            ticket: Served, without an error.
        """
        if ticket.found is None and self._waits:
            self._between.append(ticket)
            return []
        if ticket.found is None:
            return [(ticket, self._guessed(ticket.frame))]
        before, before_s = self._tracks, self._time_s
        last = self._found(ticket.frame, ticket.found)
        waiting, self._between = self._between, []
        span_s = ticket.frame.pts_s - before_s
        results = []
        for waited in waiting:
            fraction = min(max((waited.frame.pts_s - before_s) / span_s, 0.0), 1.0)
            results.append((waited, self._interpolated(waited.frame, before, fraction)))
        return [*results, (ticket, self._settled(ticket.frame, last, ticket.found.findings))]

    def rest(self) -> list[tuple[Ticket, Result]]:
        """Return the results of the frames that still wait for a later one that never comes."""
        waiting, self._between = self._between, []
        return [(ticket, self._guessed(ticket.frame)) for ticket in waiting]

    def finish(self) -> Sequence[ActivitySegment]:
        """Return what people did until the end."""
        return self._analysis.finish() if self._analysis else ()

    def _found(self, frame: Frame, found: Found) -> Analysed | None:
        self._time_s = frame.pts_s
        analysed = self._analysis.update(frame, found.poses) if self._analysis else None
        self._tracks = analysed.tracks if analysed else Tracks.untracked(found.poses)
        return analysed

    def _settled(self, frame: Frame, analysed: Analysed | None, findings: Findings) -> Result:
        if analysed is not None:
            findings = findings.for_people(analysed.rows)
            self._counts = analysed.counts
        return self._result(frame, self._tracks, findings, inferred=True, analysed=analysed)

    def _guessed(self, frame: Frame) -> Result:
        tracks = self._analysis.predict(frame) if self._analysis else self._tracks
        return self._result(frame, tracks, NOTHING, inferred=False)

    def _interpolated(self, frame: Frame, before: Tracks, fraction: float) -> Result:
        assert self._analysis is not None
        tracks = self._analysis.between(before, self._tracks, fraction)
        return self._result(frame, tracks, NOTHING, inferred=False)

    def _result(
        self,
        frame: Frame,
        tracks: Tracks,
        findings: Findings,
        *,
        inferred: bool,
        analysed: Analysed | None = None,
    ) -> Result:
        if self._secondary:
            findings = self._secondary.settle(tracks, findings)
        if self._analysis and (labels := self._analysis.labels(tracks)):
            findings = replace(findings, attributes={**findings.attributes, **labels})
        return Result(
            stream=frame.stream,
            frame=frame.index,
            pts_s=frame.pts_s,
            wall_s=frame.wall_s,
            size=frame.image.size,
            tracks=tracks,
            topology=self._topology,
            inferred=inferred,
            file=frame.file,
            findings=findings,
            live=self._live,
            events=analysed.events if analysed else (),
            activities=analysed.activities if analysed else (),
            counts=self._counts,
            movements=analysed.movements if analysed else None,
        )
