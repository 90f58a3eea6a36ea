"""The number format is what the CPU has and what is faster on it."""

import time
from dataclasses import replace

import pytest

from posestream.blob_cache import BlobCache
from posestream.errors import ConfigError
from posestream.inference import openvino as module
from posestream.inference.openvino import OpenVinoBackend
from posestream.inference.precision import (
    check_precision,
    fastest_precision,
    has_vnni,
    usable_precisions,
)
from posestream.models.card import Weights


def takes(**seconds):
    """Make runners that take a time each, and note what was made."""
    made = []

    def runner_for(precision):
        made.append(precision)
        return lambda: time.sleep(seconds[precision])

    return runner_for, made


@pytest.mark.parametrize(
    ("bf16", "chosen"),
    [(0.0, "bf16"), (0.01, "f32"), (0.0097, "f32")],
    ids=["faster", "as fast", "hardly faster"],
)
def test_bf16_is_chosen_only_where_it_is_clearly_faster(bf16, chosen):
    runner_for, _ = takes(f32=0.01, bf16=bf16)
    assert fastest_precision(["f32", "bf16"], runner_for, cache=None, key="here") == chosen


def test_the_trial_is_run_once_on_a_machine(tmp_path):
    cache = BlobCache(tmp_path)
    for _ in range(2):
        runner_for, made = takes(f32=0.01, bf16=0.0)
        assert fastest_precision(["f32", "bf16"], runner_for, cache=cache, key="here") == "bf16"
    assert made == []
    assert fastest_precision(["f32", "bf16"], runner_for, cache=cache, key="elsewhere") == "bf16"
    assert made == ["f32", "bf16"]


def test_a_remembered_answer_that_makes_no_sense_is_found_anew(tmp_path):
    cache = BlobCache(tmp_path)
    cache.store("here", b"f64")
    runner_for, _ = takes(f32=0.0, bf16=0.01)
    assert fastest_precision(["f32", "bf16"], runner_for, cache=cache, key="here") == "f32"


def test_the_fastest_of_several_is_chosen():
    runner_for, _ = takes(f32=0.02, bf16=0.01, int8=0.005)
    assert fastest_precision(["f32", "bf16", "int8"], runner_for, cache=None, key="") == "int8"


@pytest.mark.parametrize(
    ("flags", "found"),
    [("fma avx512_vnni", True), ("avx_vnni", True), ("avx2 fma", False), ("", False)],
)
def test_vnni_is_a_flag_of_the_cpu(flags, found):
    assert has_vnni(["Some CPU", "Linux", flags]) is found


def test_auto_runs_int8_weights_where_they_win(tiny_model, pictures, monkeypatch):
    card = tiny_model()
    card = replace(card, int8=Weights(card.weights, card.sha256, card.size_bytes))
    monkeypatch.setattr(module, "has_vnni", lambda _: True)
    monkeypatch.setattr(module, "fastest_precision", lambda names, *_, **__: names[-1])
    backend = OpenVinoBackend(card, precision="auto")
    backend.infer(pictures())
    assert ", int8, " in backend.description


def test_a_cpu_has_what_openvino_says_it_has():
    assert usable_precisions(["FP32", "BF16", "INT8", "WINOGRAD"]) == ["f32", "bf16"]
    assert usable_precisions(["FP32", "FP16"]) == ["f32", "f16"]


def test_a_precision_that_the_cpu_has_not_is_refused():
    with pytest.raises(ConfigError, match="'bf16' is not allowed on this CPU; allowed: auto, f32"):
        check_precision("bf16", ["f32"])
    check_precision("auto", ["f32"])


@pytest.mark.parametrize(("usable", "trials"), [(["f32"], 0), (["f32", "bf16"], 1)])
def test_auto_tries_both_once_where_there_is_a_choice(
    tiny_model, pictures, monkeypatch, usable, trials
):
    asked = []
    monkeypatch.setattr(module, "usable_precisions", lambda _: usable)
    monkeypatch.setattr(module, "fastest_precision", lambda *_, **key: asked.append(key) or "f32")
    backend = OpenVinoBackend(tiny_model(), precision="auto")
    backend.infer(pictures())
    backend.infer(pictures(width=32))
    assert len(asked) == trials
    assert ", f32, " in backend.description
