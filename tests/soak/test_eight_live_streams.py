"""Eight live streams for two hours, or for POSESTREAM_SOAK_S seconds."""

import os
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SECONDS = float(os.environ.get("POSESTREAM_SOAK_S", "7200"))


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 1.5 + 600)
def test_eight_live_streams_run_for_hours_and_nothing_grows_or_gets_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    import soak

    figures = soak.soak(tmp_path, seconds=SECONDS)
    failed = [name for name, holds in figures["verdict"].items() if not holds]
    assert failed == [], figures["growth"]
    assert len(figures["streams"]) == 8
