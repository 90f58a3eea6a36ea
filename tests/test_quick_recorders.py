import numpy as np
import pytest

from posestream.recording import Recorder
from posestream.runtime.metrics import StageClock
from posestream.sinks.formats import FORMATS


class Sink:
    """Takes anything."""

    def write(self, *_: object) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def draw(self, *_: object) -> np.ndarray:
        """Draw nothing."""
        return np.zeros(0)


def recorder(**options: object) -> Recorder:
    sink = Sink()
    settings = {"frame_sinks": [], "result_sinks": [sink], "clock": StageClock(), **options}
    return Recorder(sink, **settings)  # type: ignore[arg-type]


def test_a_recorder_that_only_writes_lines_is_quick():
    assert recorder(quick=True).quick


@pytest.mark.parametrize("slow", [{"frame_sinks": [Sink()]}, {"pair_sinks": [Sink()]}])
def test_one_that_draws_or_cuts_clips_is_not(slow: dict[str, object]):
    assert not recorder(quick=True, **slow).quick


def test_formats_that_pack_many_frames_at_once_are_not_quick():
    assert {name for name, one in FORMATS.items() if one.quick} == {"jsonl", "csv"}
