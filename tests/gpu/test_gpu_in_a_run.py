"""A whole run as with ``--device cuda``: FFmpeg and the CPU stand in for decoder and network."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from gpu_stand_ins import Decoding

import clips
from posestream import assembly, pipeline, streaming
from posestream.api import PoseEstimator
from posestream.config import EstimatorConfig, load_config
from posestream.estimation.brought import BroughtEstimator
from posestream.gpu.cuda_image import CudaImage
from posestream.images import Image
from posestream.models.card import ModelCard
from posestream.pipeline import run

pytest.importorskip("torch")


@pytest.fixture
def decoding(monkeypatch: pytest.MonkeyPatch) -> Decoding:
    """Take main memory for a GPU."""
    found = Decoding()

    def bring(image: Image) -> Image:
        return image.yuv420p_copy() if isinstance(image, CudaImage) else image

    def imitated(card: ModelCard, settings: EstimatorConfig, *, device: int, batch: int):
        own = settings.model_copy(update={"device": "cpu", "backend": "onnxruntime"})
        return BroughtEstimator(assembly.build_estimator(own), bring=bring)

    for module in (pipeline, streaming):
        monkeypatch.setattr(module, "picture_decoding", lambda settings: found)
    on_gpu = {"cuda": 0}
    monkeypatch.setattr(assembly, "gpu_path", lambda settings: on_gpu.get(settings.device))
    monkeypatch.setattr(assembly, "build_gpu_estimator", imitated)
    return found


def rows(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / "poses.jsonl").read_text().splitlines()]


def times(video: Path) -> list[float]:
    with av.open(str(video)) as container:
        return [frame.time for frame in container.decode(video=0)]


def settings(clip: Path | list[Path], output: Path, **given):
    inputs = [str(one) for one in clip] if isinstance(clip, list) else str(clip)
    small = {"profile": "fast", "track": False, "precision": "f32"}
    return load_config(None, {"input": inputs, "output": output, **small, **given})


def test_a_run_on_a_gpu_finds_and_draws_what_a_run_on_the_cpu_does(
    demo_clip: Path, tmp_path: Path, decoding: Decoding, monkeypatch: pytest.MonkeyPatch
):
    summary = run(settings(demo_clip, tmp_path / "gpu", device="cuda", end=0.2))
    (decoder,) = decoding.decoders
    assert (decoder.lent, summary.frames) == (0, 6)
    assert "video decoded by the GPU's own decoder (cuda:0)" in summary.estimator
    monkeypatch.undo()
    built = assembly.build_estimator

    def of_copies(*arguments, **options) -> BroughtEstimator:
        """See copies, as above: they do not say where their chroma lies, as the video does."""
        return BroughtEstimator(
            built(*arguments, **options), bring=lambda image: image.yuv420p_copy()
        )

    monkeypatch.setattr(assembly, "build_estimator", of_copies)
    run(settings(demo_clip, tmp_path / "cpu", backend="onnxruntime", end=0.2))
    video = "Pose_Estimation.mp4"
    assert times(tmp_path / "gpu" / video) == times(tmp_path / "cpu" / video)
    for ours, theirs in zip(rows(tmp_path / "gpu"), rows(tmp_path / "cpu"), strict=True):
        assert (ours["pts_s"], ours["size"]) == (theirs["pts_s"], theirs["size"])
        boxes = [[one["box"] for one in row["people"]] for row in (ours, theirs)]
        np.testing.assert_allclose(*boxes, atol=0.5)


def test_what_is_decoded_on_either_side_is_one_run(
    demo_clip: Path, tmp_path: Path, decoding: Decoding
):
    deep = clips.record(tmp_path / "deep.mkv", codec="ffv1", pixel_format="yuv420p10le", frames=4)
    summary = run(settings([demo_clip, deep], tmp_path, end=0.1, video=False, device="cuda"))
    assert {(s.name, s.frames) for s in summary.streams} == {("people", 3), ("deep", 3)}
    assert not summary.failed
    assert len(decoding.decoders) == 1


def test_every_surface_goes_back_where_people_are_looked_for_in_every_third_frame(
    demo_clip: Path, tmp_path: Path, decoding: Decoding
):
    run(settings(demo_clip, tmp_path, video=False, device="cuda", interval=3))
    (decoder,) = decoding.decoders
    assert decoder.lent == 0
    assert len(rows(tmp_path)) == 30


def test_streams_of_the_python_api_come_from_the_gpu(demo_clip: Path, decoding: Decoding):
    options = {"profile": "fast", "device": "cuda"}
    with streaming.Streams(**options) as streams:
        streams.add(demo_clip, end=0.1)
        predictions = list(streams)
    assert [type(one.image) for one in predictions] == [CudaImage] * 3
    assert predictions[0].plot().shape == (180, 320, 3)


@pytest.mark.usefixtures("decoding")
def test_pictures_of_main_memory_are_sent_to_the_gpu():
    people = PoseEstimator(profile="fast", device="cuda")
    (found,) = people.predict([clips.picture(3)])
    assert len(found) == 0
