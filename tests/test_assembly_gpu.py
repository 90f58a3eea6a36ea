"""Every recipe means the same on a GPU, here one whose kernels run on a CPU.

The CPU's scaler is another than the GPU's, and the networks notice. So the CPU's recipe gets
pictures here that are scaled as the GPU's kernel scales, and must find the same people then.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import emulated_gpu
from posestream.assembly import build_estimator
from posestream.assembly_gpu import build_gpu_estimator
from posestream.batching.crops import Crop
from posestream.config import EstimatorConfig
from posestream.decoding.one_person import OnePersonDecoder, person_keypoints
from posestream.errors import ConfigError
from posestream.gpu.building import build_pass
from posestream.gpu.networks import GraphNetwork
from posestream.gpu.uploading import on_gpu
from posestream.images import HostImage
from posestream.models.registry import find_model
from same_scaler import SameScaler

pytest.importorskip("torch")


def on_emulated_gpu(settings: EstimatorConfig, *, batch: int = 2):
    card = find_model(settings.model, card=settings.card)
    settings = settings.model_copy(update={"backend": "auto"})
    return build_gpu_estimator(card, settings, device=None, batch=batch, load=emulated_gpu.on_cpu)


@pytest.fixture(scope="module")
def photographs(demo_clip: Path) -> list[HostImage]:
    """One person, and two."""
    with av.open(str(demo_clip)) as file:
        frames = [HostImage(frame) for frame in file.decode(video=0)]
    return [frames[0], frames[-1]]


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "fast"},
        {"profile": "accurate", "min_score": 0.4},
        {"model": "movenet-thunder", "detector": "movenet-multipose"},
        {"model": "movenet-paf", "long_side": 160, "min_score": 0.05},
    ],
    ids=["overview and looks", "looks and refinement", "top down", "part affinity fields"],
)
def test_a_recipe_finds_on_a_gpu_whom_it_finds_on_the_cpu(photographs, options):
    settings = EstimatorConfig(**options, backend="onnxruntime", precision="f32")
    found = on_emulated_gpu(settings).estimate(photographs)
    scaled: list[Any] = [SameScaler(image) for image in photographs]
    wanted = build_estimator(settings).estimate(scaled)
    assert sum(len(poses) for poses in wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert len(ours) == len(theirs)
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=0.01)
        np.testing.assert_allclose(ours.keypoint_scores, theirs.keypoint_scores, atol=0.02)
        np.testing.assert_allclose(ours.keypoints, theirs.keypoints, atol=1)


def test_the_description_says_what_runs():
    text = on_emulated_gpu(EstimatorConfig(profile="accurate")).description
    assert text.startswith("each person refined, up to 4 closer looks of 384x384, long side 256")
    assert text.endswith("main memory, float32")


def test_settings_that_do_not_fit_are_refused_as_on_the_cpu():
    with pytest.raises(ConfigError, match="precision: 'bf16' is not allowed"):
        on_emulated_gpu(EstimatorConfig(precision="bf16"))


def test_a_network_of_one_batch_is_run_in_that_batch_only(photographs):
    card = find_model("movenet-thunder")
    card = replace(card, input=replace(card.input, batch=3))
    network, batches = GraphNetwork(card, device=None, dtype="float32"), []

    class Watched:
        capturable, slow_start = True, False

        def __call__(self, pixels):
            batches.append(len(pixels))
            return network(pixels)

    seeing = build_pass(
        Watched(),
        card,
        OnePersonDecoder(person_keypoints),
        device=None,
        dtype="float32",
        load=emulated_gpu.on_cpu,
    )
    crops = [Crop.whole(i, image.size, card.input.rule()) for i, image in enumerate(photographs)]
    images = [on_gpu(image, device=None) for image in photographs]
    assert len(seeing.look(images, crops)) == 2
    assert set(batches) == {3}


def test_threads_may_call_at_once(photographs):
    estimator = on_emulated_gpu(EstimatorConfig(profile="fast", long_side=96), batch=2)
    alone = [poses.keypoints for poses in estimator.estimate(photographs)]
    wrong: list[object] = []

    def work() -> None:
        for ours, theirs in zip(estimator.estimate(photographs), alone, strict=True):
            if not np.array_equal(ours.keypoints, theirs):
                wrong.append(ours)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
