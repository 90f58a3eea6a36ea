"""How alike the people of two files are."""

import json
from pathlib import Path

import numpy as np
import pytest

from posestream.gpu_bench.agreement import compare, keypoint_similarity
from posestream.topology import COCO_17

SIGMAS = np.array(COCO_17.sigmas)


def person(x: float = 100.0, *, score: float = 0.9, missing: tuple[str, ...] = ()) -> dict:
    keypoints = {
        name: [x + 10 * (k % 3), 100.0 + 12 * k, 0.8]
        for k, name in enumerate(COCO_17.keypoints)
        if name not in missing
    }
    return {"score": score, "keypoints": keypoints}


def poses(path: Path, *frames: list[dict]) -> Path:
    path.write_text("".join(json.dumps({"people": people}) + "\n" for people in frames))
    return path


def compared(tmp_path: Path, ours: list[list[dict]], theirs: list[list[dict]]) -> dict:
    files = (poses(tmp_path / "a.jsonl", *ours), poses(tmp_path / "b.jsonl", *theirs))
    return compare(*files, COCO_17).figures()


def test_the_same_people_agree_fully(tmp_path: Path):
    frames = [[person(), person(400.0)], [], [person(50.0)]]
    figures = compared(tmp_path, frames, frames)
    assert (figures["frames"], figures["pairs"]) == (3, 3)
    assert (figures["oks_mean"], figures["oks_least"], figures["share_over_0.99"]) == (1, 1, 1)
    assert (figures["only_on_device"], figures["only_on_cpu"]) == (0, 0)


def test_people_are_paired_by_likeness_not_by_order(tmp_path: Path):
    figures = compared(tmp_path, [[person(400.0), person()]], [[person(101.0), person(401.0)]])
    assert figures["pairs"] == 2
    assert 0.9 < figures["oks_least"] < 1


def test_whom_the_other_run_does_not_have_is_counted_if_sure(tmp_path: Path):
    ours = [[person(), person(700.0), person(900.0, score=0.2)]]
    figures = compared(tmp_path, ours, [[person(), person(1500.0, score=0.5)]])
    assert (figures["pairs"], figures["only_on_device"], figures["only_on_cpu"]) == (1, 1, 1)


def test_nobody_at_all_has_no_likeness(tmp_path: Path):
    figures = compared(tmp_path, [[]], [[]])
    assert (figures["pairs"], figures["oks_mean"]) == (0, None)


def test_keypoints_that_one_does_not_have_do_not_count(tmp_path: Path):
    figures = compared(tmp_path, [[person(missing=("nose", "left_ankle"))]], [[person()]])
    assert figures["oks_mean"] == 1.0


def test_similarity_is_cocos():
    theirs = np.full((17, 3), 1.0)
    theirs[:, :2] = 0.0
    theirs[0, :2] = (100.0, 100.0)
    ours = theirs.copy()
    ours[:, 0] += 5.0
    wanted = np.exp(-25 / (2 * 100 * 100 * (2 * SIGMAS) ** 2)).mean()
    assert keypoint_similarity(ours, theirs, SIGMAS) == pytest.approx(wanted)
    ours[:, 2] = 0.0
    assert keypoint_similarity(ours, theirs, SIGMAS) == 0.0
