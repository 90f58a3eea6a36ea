"""Hands and whole bodies go through everything that bodies of 17 keypoints go through."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from generated_networks import generated, hand_points, painted, truth, with_own_card
from posestream.cli.app import app
from posestream.config import estimator_config, load_config
from posestream.errors import ConfigError
from posestream.evaluation.images import Evaluation
from posestream.models.registry import find_model
from posestream.pipeline import run


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POSESTREAM_CACHE_DIR", str(tmp_path / "cache"))


def network(template: str, folder: Path) -> str:
    """Write the network of a template's contract."""
    return str(generated(template, folder))


def finder(folder: Path) -> str:
    """Write a detector with a card of its own beside it."""
    return str(with_own_card(generated("yolo-pose", folder), "yolo-pose"))


@pytest.fixture
def clip(tmp_path) -> Path:
    """A video of the painted person standing still."""
    path = tmp_path / "person.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv444p"
        for _ in range(4):
            frame = av.VideoFrame.from_ndarray(painted(), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def run_on(clip: Path, output: Path, *options: str) -> list[dict]:
    """Run the command and return the lines of its data file."""
    result = CliRunner().invoke(app, ["run", str(clip), "--output", str(output), "-q", *options])
    assert result.exit_code == 0, result.output
    with av.open(str(output / "Pose_Estimation.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 4
    return [json.loads(line) for line in (output / "poses.jsonl").read_text().splitlines()]


def test_a_whole_body_goes_through_the_whole_job(tmp_path, clip):
    model = network("rtmpose-wholebody", tmp_path)
    options = ["--model", model, "--card", "rtmpose-wholebody", "--detector", finder(tmp_path)]
    lines = run_on(
        clip, tmp_path / "out", *options, "--formats", "jsonl,csv,openpose,coco", "--blur-faces"
    )
    names = find_model(model, card="rtmpose-wholebody").topology.keypoints
    for line in lines:
        [person] = line["people"]
        assert list(person["keypoints"]) == list(names)
        points = np.array([point[:2] for point in person["keypoints"].values()])
        np.testing.assert_allclose(points, truth(133), atol=1.5)


def test_a_hand_goes_through_the_whole_job(tmp_path, clip):
    options = ["--model", network("trtpose-hand", tmp_path), "--card", "trtpose-hand"]
    lines = run_on(
        clip, tmp_path / "out", *options, "--formats", "jsonl,csv", "--labels", "--boxes"
    )
    for line in lines:
        [hand] = line["people"]
        assert len(hand["keypoints"]) == 21
        assert hand["keypoints"]["palm"][:2] == pytest.approx([320, 306], abs=4)
        points = np.array([point[:2] for point in hand["keypoints"].values()])
        np.testing.assert_allclose(points, hand_points() * [640, 360], atol=4)


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (["--blur-faces"], "blur_faces: topology 'trtpose-hand' has no face or shoulders"),
        (["--formats", "openpose"], "openpose holds people's keypoints, and topology"),
        (["--formats", "coco"], "coco holds people's keypoints, and topology"),
    ],
)
def test_what_needs_a_body_says_so_of_a_hand(tmp_path, clip, option, problem):
    options = {"model": network("trtpose-hand", tmp_path), "card": "trtpose-hand"}
    options |= {"blur_faces": True} if option == ["--blur-faces"] else {"formats": (option[1],)}
    settings = load_config(None, {"input": str(clip), "output": tmp_path / "out", **options})
    with pytest.raises(ConfigError, match=problem):
        run(settings)


def test_accuracy_of_a_hand_cannot_be_measured_on_bodies(tmp_path):
    image = {"id": 1, "file_name": "1.png", "width": 64, "height": 64}
    person = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [1, 1, 2] * 17}
    (tmp_path / "truth.json").write_text(json.dumps({"images": [image], "annotations": [person]}))
    (tmp_path / "1.png").write_bytes(b"")
    settings = estimator_config(
        {"model": network("trtpose-hand", tmp_path), "card": "trtpose-hand"}
    )
    with pytest.raises(ConfigError, match="topology 'trtpose-hand' has none of the keypoints"):
        Evaluation(tmp_path / "truth.json", tmp_path, settings)
