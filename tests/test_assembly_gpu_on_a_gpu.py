"""Every recipe on a real GPU finds whom it finds on the CPU."""
# pyright: reportMissingImports=false

import threading
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from posestream.assembly import build_estimator
from posestream.assembly_gpu import build_gpu_estimator
from posestream.config import EstimatorConfig
from posestream.demo.clip import make_demo_clip
from posestream.gpu.choosing import GpuDecoding
from posestream.gpu.cuda_image import CudaImage
from posestream.images import HostImage
from posestream.models.registry import find_model
from posestream.sources.file import VideoFileSource
from posestream.types import Poses
from same_scaler import SameScaler

pytestmark = pytest.mark.gpu

SURE = 0.35
LIKE = 0.99
"""Mean OKS to the CPU's recipe on pictures scaled alike, which `test_assembly_gpu` says exactly."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of people on the move, 1280 x 720."""
    folder = tmp_path_factory.mktemp("clip")
    return make_demo_clip(folder / "people.mp4", seconds=2.0, size=(1280, 720))


def frames(clip: Path, every: int = 5) -> list[HostImage]:
    with av.open(str(clip)) as file:
        return [HostImage(frame) for frame in file.decode(video=0)][::every]


def likeness(ours: Poses, theirs: Poses, sigmas: np.ndarray) -> list[float]:
    """Return the best OKS among ours of each of theirs that is sure; 0 where there is nobody."""
    found = []
    for points, score, box in zip(theirs.keypoints, theirs.scores, theirs.boxes, strict=True):
        if score < SURE:
            continue
        area = max(float(np.prod(box[2:] - box[:2])) * 0.53, 1.0)  # a person in a box, as in COCO
        seen = ~np.isnan(points[:, 0])
        squares = np.square(ours.keypoints[:, seen] - points[seen]).sum(axis=2)
        values = np.nan_to_num(np.exp(-squares / (2 * area * (2 * sigmas[seen]) ** 2)))
        found.append(float(values.mean(axis=1).max(initial=0)))
    return found


def both(images: list, host_images: list[HostImage], **options) -> list[float]:
    settings = EstimatorConfig(**options)
    card = find_model(settings.model)
    gpu = build_gpu_estimator(card, settings, device=0, batch=8)
    host = build_estimator(
        settings.model_copy(update={"backend": "onnxruntime", "precision": "f32"})
    )
    sigmas = np.array(card.topology.sigmas)
    scaled: list[Any] = [SameScaler(image) for image in host_images]
    return [
        value
        for ours, theirs in zip(gpu.estimate(images), host.estimate(scaled), strict=True)
        for value in likeness(ours, theirs, sigmas)
    ]


@pytest.mark.parametrize("precision", ["f16", "f32"])
@pytest.mark.parametrize("profile", ["fast", "balanced", "accurate"])
def test_a_profile_means_the_same_on_a_gpu(clip: Path, profile: str, precision: str):
    images = frames(clip)
    values = both(images, images, profile=profile, precision=precision)
    assert len(values) > len(images)
    assert np.mean(values) > LIKE, f"least {min(values):.4f}"


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("movenet-paf", {}),
        ("movenet-thunder", {"detector": "movenet-multipose"}),
        ("movenet-multipose", {"profile": "fast", "long_side": 320}),
    ],
)
def test_other_families_find_the_same_people(clip: Path, model: str, options: dict):
    images = frames(clip)
    values = both(images, images, model=model, **options)
    assert values
    assert np.mean(values) > LIKE


def test_frames_that_were_decoded_on_the_gpu_stay_there(clip: Path):
    shown = VideoFileSource(clip, open_pictures=GpuDecoding()).frames()
    images = [frame.image for frame in islice(shown, 6)]
    assert all(isinstance(image, CudaImage) for image in images)
    values = both(images, frames(clip, every=1)[:6], profile="balanced")
    assert np.mean(values) > LIKE


def test_two_threads_get_the_results_of_one(clip: Path):
    images = frames(clip)
    settings = EstimatorConfig(profile="balanced")
    estimator = build_gpu_estimator(find_model(settings.model), settings, device=0, batch=8)
    alone = [len(poses) for poses in estimator.estimate(images)]
    together: list[list[int]] = []

    def work() -> None:
        together.extend([len(poses) for poses in estimator.estimate(images)] for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 10
