"""Secondary models in the whole: from a clip to files, through the command line and from Python."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import posestream
from posestream.cli.run import execute
from posestream.demo.photographs import load_photograph
from posestream.errors import ConfigError, InferenceError, OutputExistsError
from posestream.secondary.suppression import overlaps
from tiny_secondary import (
    NANODET,
    colour_classifier,
    constant_network,
    nanodet_answers,
    row_detector,
    write_model,
)

COLOURS = {"red": (230, 40, 40), "blue": (40, 60, 230)}
SIZE = (640, 360)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSESTREAM_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


def team_picture() -> np.ndarray:
    """Two people: on the left in a red shirt, on the right in a blue one."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 150, np.float32)
    hopper = load_photograph("hopper")
    side = (256, 300)
    person = cv2.resize(hopper.pixels, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    cover = cv2.resize(hopper.cover, side, interpolation=cv2.INTER_AREA)[..., None]
    for colour, left in (("red", 30), ("blue", 350)):
        dressed = person.copy()
        light = dressed[190:].mean(axis=2, keepdims=True) / 255
        dressed[190:] = np.array(COLOURS[colour]) * (0.5 + 0.5 * light)
        part = pixels[-side[1] :, left : left + side[0]]
        part += cover * (dressed - part)
    return pixels.round().astype(np.uint8)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of the team, ten a second."""
    path = tmp_path_factory.mktemp("team") / "team.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(team_picture(), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def run(clip: Path, output: Path, *secondary: object, **given) -> list[dict]:
    """Run as the command line does; return the lines of poses.jsonl."""
    keys = {"input": str(clip), "output": output, "secondary": [str(one) for one in secondary]}
    execute(None, {**keys, **given}, quiet=True, log_json=False)
    return [json.loads(line) for line in (output / "poses.jsonl").read_text().splitlines()]


def test_a_classifier_tells_red_shirts_from_blue_ones(team: Path, tmp_path: Path):
    lines = run(team, tmp_path / "out", f"{colour_classifier(tmp_path)},padding=0")
    assert len(lines) == 10
    assert (tmp_path / "out" / "Pose_Estimation.mp4").stat().st_size > 1000
    for line in lines:
        assert "objects" not in line
        left, right = sorted(line["people"], key=lambda person: person["box"][0])
        assert left["attributes"]["shirt"]["label"] == "red"
        assert right["attributes"]["shirt"]["label"] == "blue"


def test_people_who_are_too_small_have_no_shirt(team: Path, tmp_path: Path):
    lines = run(team, tmp_path / "out", f"{colour_classifier(tmp_path)},min_size=4000", end=0.2)
    given = [person["attributes"] for line in lines for person in line["people"]]
    assert len(given) == 4
    assert not any(given)


def test_nobody_is_sure_enough_for_a_threshold_out_of_reach(team: Path, tmp_path: Path):
    model = colour_classifier(tmp_path, activation="sigmoid", scale=0.0001)
    lines = run(team, tmp_path / "out", f"{model},threshold=0.99", end=0.2, video=False)
    assert not any(person["attributes"] for line in lines for person in line["people"])


def test_objects_go_into_json_and_a_table_of_their_own(team: Path, tmp_path: Path):
    model = row_detector(tmp_path, [[8, 8, 16, 16, 0.75, 1]])
    formats = "jsonl,csv,openpose,coco,parquet"
    lines = run(team, tmp_path / "out", model, formats=formats, end=0.2, video=False)
    thing = {"model": "things", "label": "dog", "score": 0.75, "box": [160.0, 90.0, 320.0, 180.0]}
    assert [line["objects"] for line in lines] == [[thing], [thing]]
    with (tmp_path / "out" / "secondary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["frame"], row["label"], row["left"]) for row in rows] == [
        ("0", "dog", "160.0"),
        ("1", "dog", "160.0"),
    ]


def test_an_earlier_table_is_kept(team: Path, tmp_path: Path):
    (tmp_path / "secondary.csv").write_text("precious\n")
    with pytest.raises(OutputExistsError, match=r"secondary\.csv: exists"):
        run(team, tmp_path, row_detector(tmp_path, []), formats="csv")
    assert (tmp_path / "secondary.csv").read_text() == "precious\n"


def test_between_two_looks_everything_is_carried_over(team: Path, tmp_path: Path):
    summary = posestream.run(
        posestream.load_config(
            None,
            {
                "input": str(team),
                "output": tmp_path / "out",
                "video": False,
                "secondary": [
                    f"{colour_classifier(tmp_path)},interval=4,padding=0",
                    f"{row_detector(tmp_path, [[8, 8, 16, 16, 0.75, 1]])},interval=0.5s",
                ],
            },
        )
    )
    assert summary.stages["secondary"].calls == 4  # frames 0, 4 and 8, and 0 and 5
    assert "shirt: " in summary.estimator
    for line in (tmp_path / "out" / "poses.jsonl").read_text().splitlines():
        values = json.loads(line)
        assert len(values["objects"]) == 1
        assert all(person["attributes"] for person in values["people"])


def test_a_run_without_secondary_models_does_nothing_of_theirs(team: Path, tmp_path: Path):
    config = {"input": str(team), "output": tmp_path, "end": 0.2}
    summary = posestream.run(posestream.load_config(None, config))
    assert "secondary" not in summary.stages
    lines = (tmp_path / "poses.jsonl").read_text()
    assert "objects" not in lines
    assert "attributes" not in lines


def test_the_option_may_be_given_several_times(team: Path, tmp_path: Path):
    command = [sys.executable, "-m", "posestream", "run", str(team), "-o", str(tmp_path / "out")]
    command += ["--secondary", f"{colour_classifier(tmp_path)},padding=0", "--end", "0.2", "-q"]
    things = row_detector(tmp_path, [[8, 8, 16, 16, 0.75, 1]])
    subprocess.run([*command, "--secondary", str(things)], check=True)
    for line in (tmp_path / "out" / "poses.jsonl").read_text().splitlines():
        assert len(json.loads(line)["objects"]) == 1
        assert '"shirt":{"label":"red"' in line


def test_a_wrong_option_is_a_wrong_call(team: Path, tmp_path: Path):
    command = [sys.executable, "-m", "posestream", "run", str(team), "-o", str(tmp_path / "out")]
    command += ["--secondary", "net.onnx,thresold=0.5"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "secondary.0.thresold: no such setting. Did you mean 'threshold'?" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_python_gives_objects_and_attributes_by_name(team: Path, tmp_path: Path, backend: str):
    model = colour_classifier(tmp_path)
    things = row_detector(tmp_path, [[8, 8, 16, 16, 0.75, 1]])
    secondary = [
        {"model": str(model), "padding": 0, "backend": backend},
        {"model": str(things), "backend": backend},
    ]
    predictions = list(posestream.stream(team, end=0.3, secondary=secondary))
    pixels = team_picture()
    estimator = posestream.PoseEstimator(secondary=secondary)
    predictions += estimator.predict([pixels, pixels[:, ::-1].copy()])
    assert len(predictions) == 5
    for prediction in predictions:
        assert len(prediction.attributes["shirt"]) == len(prediction)
        assert set(prediction.attributes["shirt"].labels) == {"red", "blue"}
        assert prediction.objects["things"].labels == ["dog"]
    assert "shirt: " in estimator.description


def test_python_refuses_what_is_no_setting(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"secondary.0.intervall: no such .*'interval'"):
        posestream.PoseEstimator(secondary=[{"model": "a.onnx", "intervall": 2}])


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_network_that_gives_no_numbers_finds_nothing(team: Path, tmp_path: Path, number: float):
    answers = nanodet_answers([(8, 5, 0, 0.9, 1)])
    broken = {name: np.full_like(array, number) for name, array in answers.items()}
    rows = np.full((2, 6), number, np.float32)
    lines = run(
        team,
        tmp_path / "out",
        write_model(tmp_path, constant_network(broken), family="nanodet", outputs=NANODET),
        row_detector(tmp_path, rows.tolist()),
        end=0.2,
    )
    assert [line["objects"] for line in lines] == [[], []]


def test_a_class_without_a_label_ends_the_run_with_its_number(team: Path, tmp_path: Path):
    model = row_detector(tmp_path, [[8, 8, 16, 16, 0.75, 7]])
    with pytest.raises(
        InferenceError, match=r"secondary 'things': .*class 7 is not allowed; allowed: 0 to 1"
    ):
        run(team, tmp_path / "out", model, end=0.2)


def test_a_labels_file_of_another_length_ends_the_run_with_both_numbers(team: Path, tmp_path: Path):
    (tmp_path / "names.txt").write_text("a\nb\nc\n")
    model = f"{colour_classifier(tmp_path)},labels={tmp_path / 'names.txt'}"
    with pytest.raises(InferenceError, match=r"'scores' is \(\d, 2\).*has 3 labels"):
        run(team, tmp_path / "out", model, end=0.2)


def test_nanodet_finds_the_people_of_a_real_clip(shared: Path):
    clip = shared / "data" / "clips" / "misc" / "mmaction2_demo_skeleton.mp4"
    model = f"{shared / 'models' / 'nanodet_coco80.onnx'},card=nanodet-coco80,interval=10"
    shares = []
    for prediction in posestream.stream(clip, end=2, secondary=[f"{model},threshold=0.35"]):
        found = prediction.objects["nanodet_coco80"]
        people = found[np.array([label == "person" for label in found.labels])]
        assert len(found.names) == 80
        if len(prediction):
            shares += overlaps(prediction.boxes, people.boxes).max(axis=1, initial=0).tolist()
    assert len(shares) > 50
    assert np.median(shares) > 0.7
    assert np.mean(np.array(shares) > 0.5) > 0.9
