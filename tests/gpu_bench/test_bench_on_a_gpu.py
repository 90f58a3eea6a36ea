"""The benchmark on a real GPU, small."""

from pathlib import Path

import pytest

from posestream.gpu_bench.apart import run_apart
from posestream.gpu_bench.measuring import measure_gpu
from posestream.gpu_bench.plan import Plan
from posestream.gpu_bench.rows import rows_of
from posestream.runtime.stopping import StopFlag

pytestmark = pytest.mark.gpu


class Silent:
    """Progress that nobody sees."""

    def begins(self, what: str) -> None:
        pass

    def measured(self, what: str, figures) -> None:
        pass

    def failed(self, what: str, problem: str) -> None:
        pytest.fail(f"{what}: {problem}")


def test_every_figure_can_be_taken(demo_clip: Path, tmp_path: Path):
    plan = Plan(
        networks=("r18-224", "embedded"),
        clips=(demo_clip,),
        streams=4,
        seconds=1.0,
        warm_up_s=0.5,
        steps=("decode", "infer", "single", "throughput", "memory", "density", "agreement"),
        settings={"profile": "fast"},
    )
    figures = measure_gpu(
        plan, tmp_path / "gpu.json", run=run_apart, stop=StopFlag(), progress=Silent()
    )
    for row in rows_of(figures):
        assert row.problems == ()
        assert None not in (row.decoder, row.of_decode_only, row.of_infer_only, row.gpu_mb)
        assert row.p99_ms is not None
        assert row.p99_ms < 1000
    assert figures["agreement"]["embedded"]["fast"]["oks_mean"] > 0.98
    assert figures["machine"]["gpu"]
