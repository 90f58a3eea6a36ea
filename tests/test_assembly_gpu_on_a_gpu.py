"""Every recipe on a real GPU finds whom it finds on the CPU."""
# pyright: reportMissingImports=false

import threading
from pathlib import Path

import av
import numpy as np
import pytest

from posestream.assembly import build_estimator
from posestream.assembly_gpu import build_gpu_estimator
from posestream.config import EstimatorConfig
from posestream.demo.clip import make_demo_clip
from posestream.gpu.choosing import GpuDecoding
from posestream.images import HostImage
from posestream.models.registry import find_model
from posestream.sources.file import VideoFileSource
from posestream.types import Poses

pytestmark = pytest.mark.gpu

SURE = 0.35


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
        squares = np.square(ours.keypoints - points).sum(axis=2)
        values = np.exp(-squares / (2 * area * (2 * sigmas) ** 2))
        found.append(float(np.nanmean(values, axis=1).max(initial=0)))
    return found


def both(images: list, host_images: list[HostImage], **options) -> list[float]:
    settings = EstimatorConfig(**options)
    card = find_model(settings.model)
    gpu = build_gpu_estimator(card, settings, device=0, batch=8)
    host = build_estimator(
        settings.model_copy(update={"backend": "onnxruntime", "precision": "f32"})
    )
    sigmas = np.array(card.topology.sigmas)
    return [
        value
        for ours, theirs in zip(gpu.estimate(images), host.estimate(host_images), strict=True)
        for value in likeness(ours, theirs, sigmas)
    ]


@pytest.mark.parametrize("precision", ["f16", "f32"])
@pytest.mark.parametrize("profile", ["fast", "balanced", "accurate"])
def test_a_profile_means_the_same_on_a_gpu(clip: Path, profile: str, precision: str):
    images = frames(clip)
    values = both(images, images, profile=profile, precision=precision)
    assert len(values) > len(images)
    assert np.mean(values) > 0.99, f"least {min(values):.4f}"


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
    assert np.mean(values) > 0.98, f"least {min(values):.4f}"


def test_frames_that_were_decoded_on_the_gpu_stay_there(clip: Path):
    decoded_there = VideoFileSource(clip, open_pictures=GpuDecoding())
    images = [frame.image for frame in decoded_there.frames()][::5]
    values = both(images, frames(clip), profile="balanced")
    assert np.mean(values) > 0.99


def test_two_threads_get_the_results_of_one(clip: Path):
    images = frames(clip)
    settings = EstimatorConfig(profile="balanced")
    estimator = build_gpu_estimator(find_model(settings.model), settings, device=0, batch=8)
    alone = [len(poses) for poses in estimator.estimate(images)]
    together: list[list[int]] = []

    def work() -> None:
        for _ in range(5):
            found = estimator.estimate(images)
            together.append([len(poses) for poses in found])

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 10


def test_a_batch_of_crops_sees_black_where_the_frame_ends(clip: Path):
    """A frame much narrower than a closer look, so that windows reach beyond it."""
    narrow = [
        HostImage.from_rgb(np.ascontiguousarray(image.rgb()[:, 400:640])) for image in frames(clip)
    ]
    values = both(narrow, narrow, profile="balanced", precision="f32")
    assert values
    assert np.mean(values) > 0.98
