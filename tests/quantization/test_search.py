"""The fastest network that is accurate enough is kept, or the error says why there is none."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from posestream.errors import ModelError
from posestream.models.card import Measurement
from posestream.models.registry import find_model
from posestream.quantization import search as module
from posestream.quantization.pictures import read_pictures
from posestream.quantization.recipes import Trial
from posestream.quantization.search import refusal, search
from posestream.quantization.trials import Truth, milliseconds, own_cache, placed

TRUTH = Truth(Path("annotations.json"), Path("images"))


def measurement(profile, ap):
    return Measurement(
        profile=profile, long_side=64, dataset="made up", ap=ap, ms_per_image=1.0, machine="none"
    )


@pytest.fixture
def judged(card, photographs, monkeypatch):
    """Search with made-up speed and accuracy; the content of a network is its name."""

    def run(times, accuracy=None, **options):
        trials = [Trial(name, 1, name.encode(), error) for name, error in options.pop("trials")]
        monkeypatch.setattr(module, "candidates", lambda *_, **__: list(trials))
        monkeypatch.setattr(module, "placed", lambda card, content, folder, name: content)

        def ms(cards, inputs, *, backend):
            return {
                name: [times["f32" if name == "f32" else c.decode()]] for name, c in cards.items()
            }

        def aps(content, truth, *, backend, progress):
            name = "f32" if content not in {t.content for t in trials} else content.decode()
            return [
                measurement(p, ap)
                for p, ap in zip(("fast", "balanced"), accuracy[name], strict=True)
            ]

        monkeypatch.setattr(module, "milliseconds", ms)
        monkeypatch.setattr(module, "accuracies", aps)
        truth = TRUTH if accuracy else None
        return search(card, read_pictures(photographs), truth=truth, **options)

    return run


RIVALS = [("slow", 0.001), ("quick", 0.004), ("rash", 0.1)]
TIMES = {"f32": 6.0, "slow": 5.0, "quick": 3.0, "rash": 2.0}


def test_without_annotations_the_error_of_the_outputs_decides(judged):
    outcome = judged(TIMES, trials=RIVALS)
    assert outcome.chosen.recipe == "quick"
    assert [trial.recipe for trial in outcome.trials] == ["rash", "quick", "slow"]
    assert outcome.chosen.speedup == pytest.approx(2)
    assert judged(TIMES, trials=RIVALS, max_error=0.5).chosen.recipe == "rash"


def test_with_annotations_the_worst_profile_decides(judged):
    accuracy = {"f32": (0.3, 0.4), "rash": (0.3, 0.37), "quick": (0.294, 0.41), "slow": (0.3, 0.4)}
    outcome = judged(TIMES, accuracy, trials=RIVALS, max_ap_drop=0.01)
    assert outcome.chosen.recipe == "quick"
    assert outcome.chosen.ap_drop == pytest.approx(0.006)
    assert outcome.trials[0].ap_drop == pytest.approx(0.03)
    assert outcome.trials[2].ap_drop is None  # slower ones need not be measured
    assert [m.ap for m in outcome.f32_measured] == [0.3, 0.4]


def test_too_much_lost_accuracy_is_refused(judged):
    accuracy = {"f32": (0.3, 0.4)} | dict.fromkeys(("rash", "quick", "slow"), (0.2, 0.4))
    outcome = judged(TIMES, accuracy, trials=RIVALS)
    assert outcome.chosen is None
    error = refusal(outcome, truth=TRUTH, max_ap_drop=0.01, max_error=0.005)
    with pytest.raises(ModelError, match=r"loses more than 0.01 AP; nothing was written"):
        raise error


def test_too_large_an_error_is_refused(judged):
    outcome = judged(TIMES, trials=RIVALS, max_error=0.0001)
    error = refusal(outcome, truth=None, max_ap_drop=0.01, max_error=0.0001)
    with pytest.raises(ModelError, match=r"loses more than an output error of 0.0001"):
        raise error


def test_int8_that_is_slower_than_f32_is_refused(judged):
    outcome = judged({**TIMES, "f32": 1.0}, trials=RIVALS)
    assert outcome.chosen is None
    error = refusal(outcome, truth=None, max_ap_drop=0.01, max_error=0.005)
    with pytest.raises(ModelError, match=r"no INT8 network is faster than f32 on this CPU"):
        raise error


def test_a_real_search_keeps_the_harmful_layer_in_f32(card, photographs, monkeypatch):
    times = lambda cards, *_, **__: {name: [2.0 if name == "f32" else 1.0] for name in cards}  # noqa: E731
    monkeypatch.setattr(module, "milliseconds", times)
    stages = []
    outcome = search(
        card,
        read_pictures(photographs),
        tools=[],
        progress=lambda stage, done, total: stages.append(stage),
    )
    assert outcome.convolutions == 6
    assert outcome.chosen.error <= 0.005
    assert b"spread/weights/whole" not in outcome.chosen.content
    assert b"mix/weights/whole" in outcome.chosen.content
    assert {"calibrating", "trying each layer", "measuring speed"} <= set(stages)


def test_a_network_is_timed_as_it_will_run(card, photographs):
    from posestream.quantization.pictures import network_pixels

    pixels = network_pixels(card, read_pictures(photographs))
    times = milliseconds({"one": card, "other": card}, [pixels[0], pixels[-1]], backend="auto")
    assert [len(of) for of in times.values()] == [2, 2]
    assert all(0 < ms < 1e4 for of in times.values() for ms in of)


def test_a_trial_lies_beside_its_card(card, tmp_path):
    made = placed(card, b"weights", tmp_path, "trial")
    assert made.read_weights() == b"weights"
    assert find_model(tmp_path / "trial.onnx") == made
    assert (
        replace(made, weights=card.weights, sha256=card.sha256, size_bytes=card.size_bytes) == card
    )


def test_trials_stay_out_of_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POSESTREAM_CACHE_DIR", "mine")
    with own_cache(tmp_path):
        assert os.environ["POSESTREAM_CACHE_DIR"] == str(tmp_path)
    assert os.environ["POSESTREAM_CACHE_DIR"] == "mine"
    monkeypatch.delenv("POSESTREAM_CACHE_DIR")
    with own_cache(tmp_path):
        pass
    assert "POSESTREAM_CACHE_DIR" not in os.environ
