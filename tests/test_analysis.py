"""Identities, activities and falls of a stream, put together."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import posestream
from posestream.assembly_analysis import build_analysis, with_faint_poses
from posestream.config import EstimatorConfig, load_config
from posestream.config_analysis import AnalysisConfig
from posestream.errors import ConfigError
from posestream.images import HostImage
from posestream.pipeline import run
from posestream.topology import COCO_17, Topology
from posestream.types import Frame, Poses

PICTURE = HostImage.from_rgb(np.zeros((480, 640, 3), np.uint8))


def settings(**given) -> AnalysisConfig:
    return AnalysisConfig(**given)


def frame(index: int) -> Frame:
    return Frame("hall", index, index, Fraction(1, 25), PICTURE, 100.0 + index / 25)


def test_nobody_is_followed_where_nothing_needs_it():
    assert build_analysis(settings(), COCO_17, stream="hall") is None
    assert settings(falls=True).follows
    assert settings(smooth=True).follows


@pytest.mark.parametrize("switch", ["falls", "activities"])
def test_a_network_without_the_keypoints_for_it_is_refused(switch: str):
    arm = Topology("arm", ("shoulder", "elbow", "wrist"), ((0, 1), (1, 2)))
    with pytest.raises(ConfigError, match=f"{switch}: "):
        build_analysis(settings(**{switch: True}), arm, stream="hall")


def test_somebody_keeps_an_identity_and_is_smoothed():
    analysis = build_analysis(settings(track=True, smooth=True), COCO_17, stream="hall")
    assert analysis is not None
    rng = np.random.default_rng(0)
    still = 100 + 200 * rng.random((1, 17, 2)).astype(np.float32)
    ids, points = [], []
    for index in range(50):
        shaken = still + rng.normal(0, 2, still.shape).astype(np.float32)
        scores = np.full((1, 17), 0.9, np.float32)
        box = np.array([[100, 100, 300, 300]], np.float32)
        poses = Poses(shaken, scores, np.array([0.9], np.float32), box)
        analysed = analysis.update(frame(index), poses)
        ids += analysed.tracks.ids.tolist()
        points.append(analysed.tracks.poses.keypoints[0])
    assert set(ids) == {0}
    assert np.stack(points[25:]).std(axis=0).mean() < 1.5


def test_a_run_writes_identities_and_what_people_do(demo_clip: Path, tmp_path: Path):
    run(
        load_config(
            None,
            {
                "input": str(demo_clip),
                "output": tmp_path,
                "profile": "fast",
                "track": True,
                "activities": True,
                "formats": ("jsonl", "csv"),
            },
        )
    )
    rows = [json.loads(line) for line in (tmp_path / "poses.jsonl").read_text().splitlines()]
    ids = {person["id"] for row in rows for person in row["people"]}
    assert ids - {None}
    segments = (tmp_path / "activities.jsonl").read_text().splitlines()
    for line in segments:
        segment = json.loads(line)
        assert segment["start_s"] <= segment["end_s"]
        assert segment["id"] in ids


def test_predictions_have_identities_and_frames_between_are_interpolated(demo_clip: Path):
    found = list(posestream.stream(demo_clip, profile="fast", track=True, interval=3))
    assert [p.result.frame for p in found] == list(range(30))
    assert [p.result.inferred for p in found[:7]] == [True, False, False] * 2 + [True]
    assert any((p.result.tracks.ids >= 0).any() for p in found if not p.result.inferred)


def test_faint_poses_are_asked_for_where_falls_are_looked_for():
    plain = EstimatorConfig()
    faint, shown = with_faint_poses(plain, settings(falls=True))
    assert (faint.min_score, shown) == (0.1, 0.25)
    assert with_faint_poses(plain, settings(track=True)) == (plain, 0.0)
    own = EstimatorConfig(min_score=0.4)
    assert with_faint_poses(own, settings(falls=True)) == (own, 0.0)


def test_faint_poses_of_nobody_in_particular_are_not_shown():
    analysis = build_analysis(settings(track=True), COCO_17, stream="hall", shown_score=0.25)
    assert analysis is not None
    points = np.stack([np.full((17, 2), 50, np.float32), np.full((17, 2), 400, np.float32)])
    boxes = np.array([[0, 0, 100, 100], [350, 350, 450, 450]], np.float32)
    nobody = Poses.empty(17)
    analysis.update(frame(0), nobody)
    scores = np.array([0.9, 0.05], np.float32)
    poses = Poses(points, np.tile(scores[:, None], (1, 17)), scores, boxes)
    for index in range(1, 10):
        analysed = analysis.update(frame(index), poses)
    assert analysed.tracks.poses.scores == pytest.approx([0.9])
    assert analysed.rows.tolist() == [0]
