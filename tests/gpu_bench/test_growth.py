"""When a long run counts as growing."""

from posestream.gpu_bench.growth import growth


def samples(seconds: int, *, each_s: float = 0.0, gpu: float | None = 100.0) -> list[dict]:
    return [
        {"at_s": float(at), "resident_mb": 500.0 + each_s * at, "gpu_mb": gpu}
        for at in range(0, seconds + 1, 10)
    ]


def test_what_stays_does_not_grow():
    assert growth(samples(600)) == {"resident_mb": 0.0, "gpu_mb": 0.0}


def test_growth_is_from_the_second_minute_to_the_last():
    assert growth(samples(600, each_s=0.1))["resident_mb"] == 48.0


def test_a_first_minute_that_fills_caches_is_left_out():
    filling = samples(600)
    for one in filling:
        one["resident_mb"] -= max(0.0, 50.0 - one["at_s"])
    assert growth(filling)["resident_mb"] == 0.0


def test_a_run_too_short_to_tell_says_so():
    assert growth(samples(90)) == {"resident_mb": None, "gpu_mb": None}
    assert growth([]) == {"resident_mb": None, "gpu_mb": None}


def test_what_is_unknown_stays_unknown():
    assert growth(samples(600, gpu=None))["gpu_mb"] is None
