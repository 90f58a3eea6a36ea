from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posestream.errors import SinkError, SourceError, SourceRefusedError
from posestream.runtime.status import StreamState
from posestream.runtime.supervision import RetryPolicy, Supervision


@dataclass
class Session:
    """A session as supervision sees it."""

    frames: int = 0
    begun_s: float = 0.0
    latest_s: float = 0.0
    finished: bool = False
    error: Exception | None = None
    abandoned: bool = False

    def abandon(self) -> None:
        self.abandoned = True


class World:
    """A supervised stream, its sessions, and a clock."""

    def __init__(self, *, retries: bool = True, **policy) -> None:
        self.now_s = 0.0
        self.sessions: list[Session] = []
        self.supervision = Supervision(
            self._connect, policy=RetryPolicy(**policy), retries=retries, chance=lambda: 0.5
        )

    def _connect(self) -> Session:
        self.sessions.append(Session(begun_s=self.now_s, latest_s=self.now_s))
        return self.sessions[-1]

    @property
    def session(self) -> Session:
        return self.sessions[-1]

    @property
    def state(self) -> StreamState:
        return self.supervision.state

    def after(self, seconds: float) -> "World":
        self.now_s += seconds
        self.supervision.tick(self.now_s)
        return self

    def gives_a_frame(self) -> None:
        self.session.frames += 1
        self.session.latest_s = self.now_s

    def ends(self, error: Exception | None = None) -> None:
        self.session.finished, self.session.error = True, error


def test_a_stream_runs_from_its_first_frame():
    world = World()
    world.supervision.start()
    assert world.after(1).state is StreamState.CONNECTING
    world.gives_a_frame()
    assert world.after(0).state is StreamState.RUNNING


def test_a_file_that_ends_has_ended():
    world = World(retries=False)
    world.supervision.start()
    world.gives_a_frame()
    world.ends()
    assert world.after(1).state is StreamState.ENDED


def test_a_file_that_fails_is_not_tried_again():
    world = World(retries=False)
    world.supervision.start()
    world.ends(SourceError("damaged"))
    assert world.after(1).state is StreamState.FAILED
    assert str(world.supervision.error) == "damaged"


@pytest.mark.parametrize("error", [None, SourceError("reset")])
def test_a_camera_that_ends_or_fails_is_opened_again(error: Exception | None):
    world = World(first_s=1, limit_s=8)
    world.supervision.start()
    world.gives_a_frame()
    world.ends(error)
    assert world.after(0.1).state is StreamState.RETRYING
    assert world.supervision.retry_in_s(world.now_s) == 1.0
    assert world.after(0.5).state is StreamState.RETRYING
    assert world.after(0.6).state is StreamState.CONNECTING
    assert world.supervision.reconnects == 0
    world.gives_a_frame()
    assert world.after(0).state is StreamState.RUNNING
    assert world.supervision.reconnects == 1
    assert world.supervision.error is None


def test_pauses_double_up_to_the_limit():
    world = World(first_s=1, limit_s=5)
    world.supervision.start()
    pauses = []
    for _ in range(5):
        world.ends(SourceError("refused"))
        world.after(0)
        pauses.append(world.supervision.retry_in_s(world.now_s))
        world.after(pauses[-1])
    assert pauses == [1, 2, 4, 5, 5]


def test_a_stream_that_was_fine_begins_with_a_short_pause_again():
    world = World(first_s=1, limit_s=60)
    world.supervision.start()
    for _ in range(4):
        world.ends(SourceError("refused"))
        world.after(0)
        world.after(60)
    world.gives_a_frame()
    world.after(1)
    world.gives_a_frame()
    world.after(6)
    world.ends(SourceError("reset"))
    world.after(0)
    assert world.supervision.retry_in_s(world.now_s) == 1


def test_a_stream_that_comes_back_only_for_a_moment_is_not_hurried():
    world = World(first_s=1, limit_s=60)
    world.supervision.start()
    for expected in (1, 2, 4):
        world.gives_a_frame()
        world.ends()
        world.after(0)
        assert world.supervision.retry_in_s(world.now_s) == expected
        world.after(expected)


def test_silence_counts_as_a_failure():
    world = World(stall_s=10)
    world.supervision.start()
    world.gives_a_frame()
    world.after(9)
    assert world.state is StreamState.RUNNING
    world.after(1.5)
    assert world.state is StreamState.RETRYING
    assert world.sessions[0].abandoned
    assert str(world.supervision.error) == "no frame for 10 s"


def test_a_source_that_never_opens_is_given_up_and_tried_again():
    world = World(opening_s=15)
    world.supervision.start()
    assert world.after(16).state is StreamState.RETRYING
    assert str(world.supervision.error) == "no first frame for 15 s"


def test_a_slow_file_is_not_taken_for_a_stalled_camera():
    world = World(retries=False, stall_s=10)
    world.supervision.start()
    world.gives_a_frame()
    assert world.after(1000).state is StreamState.RUNNING


def test_a_stream_is_given_up_after_as_many_retries_as_allowed():
    world = World(first_s=1, max_retries=2)
    world.supervision.start()
    for _ in range(2):
        world.ends(SourceError("refused"))
        assert world.after(0).state is StreamState.RETRYING
        world.after(5)
    world.ends(SourceError("refused"))
    assert world.after(0).state is StreamState.FAILED
    assert len(world.sessions) == 3


def test_a_wrong_password_is_tried_far_less_often():
    policy = RetryPolicy(first_s=1, limit_s=2)
    assert policy.pause_s(9, refused=False, chance=0.5) == 2
    assert policy.pause_s(9, refused=True, chance=0.5) == 40
    world = World(first_s=1, limit_s=2)
    world.supervision.start()
    for _ in range(4):
        world.ends(SourceRefusedError("wrong password"))
        world.after(0)
        pause_s = world.supervision.retry_in_s(world.now_s)
        world.after(pause_s or 0)
    assert pause_s == 8


def test_what_trying_again_cannot_mend_is_not_tried_again():
    world = World()
    world.supervision.start()
    world.ends(SinkError("the disk is full"))
    assert world.after(0).state is StreamState.FAILED


def test_a_stopped_stream_stays_stopped():
    world = World()
    world.supervision.start()
    world.supervision.stop()
    world.ends()
    assert world.after(100).state is StreamState.STOPPED
    assert world.sessions[0].abandoned


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True), st.booleans())
def test_no_pause_is_negative_or_longer_than_the_limit(attempt: int, chance: float, refused: bool):
    pause_s = RetryPolicy().pause_s(attempt, refused=refused, chance=chance)
    assert 0 < pause_s <= 1.25 * (18 if refused else 0.9)
