from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from small_streams import picture

from posestream.events import FALL, ActivitySegment, Event
from posestream.findings import NOTHING, Attributes, Findings
from posestream.runtime.results import ResultMaker
from posestream.runtime.scheduling import Found, Ticket
from posestream.topology import COCO_17
from posestream.types import Frame, Poses, Result, Tracks


class Nobody:
    """An owner that does not care."""

    def ready(self, ticket: Ticket) -> None:
        """Do nothing."""


def person(x: float) -> Poses:
    points = np.full((1, 17, 2), x, np.float32)
    ones = (np.ones((1, 17), np.float32), np.ones(1, np.float32), np.ones((1, 4), np.float32))
    return Poses(points, *ones)


def ticket(index: int, poses: Poses | None = None, findings: Findings = NOTHING) -> Ticket:
    frame = Frame("s", index, index, Fraction(1, 10), picture(index), 0.0)
    made = Ticket(frame, Nobody(), infer=poses is not None)
    made.found = None if poses is None else Found(poses, findings)
    return made


@dataclass
class Followed:
    """What an analysis says of a frame."""

    tracks: Tracks
    rows: np.ndarray
    events: tuple[Event, ...] = ()
    activities: tuple[ActivitySegment, ...] = ()
    counts: None = None
    movements: None = None


@dataclass
class Follower:
    """An analysis that gives everybody the identity 7 and adds somebody out of sight."""

    seen: list[float] = field(default_factory=list)

    def update(self, frame: Frame, poses: Poses) -> Followed:
        self.seen.append(frame.pts_s)
        both = Poses(
            *(
                np.concatenate([getattr(person(99), name), getattr(poses, name)])
                for name in ("keypoints", "keypoint_scores", "scores", "boxes")
            )
        )
        event = Event(stream="s", kind=FALL, pts_s=frame.pts_s, wall_s=0.0, track=7)
        tracks = Tracks(both, np.array([3, *[7] * len(poses)]))
        return Followed(tracks, np.array([-1, *range(len(poses))]), (event,))

    def predict(self, frame: Frame) -> Tracks:
        return Tracks(person(1000 + frame.pts_s), np.array([7]))

    def between(self, before: Tracks, after: Tracks, fraction: float) -> Tracks:
        old, new = before.poses.keypoints[-1, 0, 0], after.poses.keypoints[-1, 0, 0]
        return Tracks(person(old + fraction * (new - old)), np.array([7]))

    def labels(self, tracks: Tracks) -> dict[str, Attributes]:
        return {"activity": Attributes.none(len(tracks))}

    def finish(self) -> list[ActivitySegment]:
        return []


def places(results: list[tuple[Ticket, Result]]) -> list[float]:
    return [round(float(result.poses.keypoints[-1, 0, 0]), 3) for _, result in results]


def test_without_an_analysis_people_are_carried_over():
    maker = ResultMaker(COCO_17, interval=3)
    results = [
        pair for t in (ticket(0, person(5)), ticket(1), ticket(2)) for pair in maker.results(t)
    ]
    assert places(results) == [5, 5, 5]
    assert [result.inferred for _, result in results] == [True, False, False]
    assert all((result.tracks.ids == -1).all() for _, result in results)


def test_in_a_file_people_lie_between_the_frames_in_which_they_were_found():
    maker = ResultMaker(COCO_17, analysis=Follower(), interval=4)
    first = maker.results(ticket(0, person(0)))
    assert places(first) == [0]
    assert [maker.results(ticket(i)) for i in (1, 2, 3)] == [[], [], []]
    rest = maker.results(ticket(4, person(8)))
    assert places(rest) == [2, 4, 6, 8]
    assert [t.frame.index for t, _ in rest] == [1, 2, 3, 4]
    assert [result.inferred for _, result in rest] == [False, False, False, True]


def test_at_the_end_of_a_file_people_are_where_they_are_thought_to_be():
    maker = ResultMaker(COCO_17, analysis=Follower(), interval=4)
    maker.results(ticket(0, person(0)))
    maker.results(ticket(1))
    assert places(maker.rest()) == [1000.1]
    assert maker.rest() == []


def test_a_live_stream_never_waits_for_a_later_frame():
    maker = ResultMaker(COCO_17, live=True, analysis=Follower(), interval=4)
    maker.results(ticket(0, person(0)))
    assert places(maker.results(ticket(1))) == [1000.1]


def test_so_many_frames_between_that_memory_would_fill_do_not_wait():
    maker = ResultMaker(COCO_17, analysis=Follower(), interval=500)
    maker.results(ticket(0, person(0)))
    assert len(maker.results(ticket(1))) == 1


def test_events_are_told_once_with_the_frame_that_settled_them():
    maker = ResultMaker(COCO_17, live=True, analysis=Follower())
    [(_, found)] = maker.results(ticket(0, person(0)))
    [(_, guessed)] = maker.results(ticket(1))
    assert [event.kind for event in found.events] == [FALL]
    assert guessed.events == ()
    assert found.to_dict()["events"][0]["event"] == "fall"
    assert "events" not in guessed.to_dict()


def test_findings_go_with_their_people():
    shirt = Attributes(np.array([4]), np.ones(1, np.float32), ())
    findings = Findings(attributes={"shirt": shirt})
    [(_, result)] = ResultMaker(COCO_17, analysis=Follower()).results(
        ticket(0, person(0), findings)
    )
    assert result.attributes["shirt"].classes.tolist() == [-1, 4]
    assert set(result.attributes) == {"shirt", "activity"}


def test_people_are_looked_at_only_where_they_were_looked_for():
    follower = Follower()
    maker = ResultMaker(COCO_17, analysis=follower, interval=2)
    for index in range(6):
        maker.results(ticket(index, person(index) if index % 2 == 0 else None))
    assert follower.seen == [0.0, 0.2, 0.4]
