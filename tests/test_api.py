import itertools
import json
from pathlib import Path

import av
import numpy as np
import pytest

import posestream
from posestream.errors import ConfigError, SourceNotFoundError


@pytest.fixture(scope="module")
def pictures(demo_clip: Path) -> list[np.ndarray]:
    with av.open(str(demo_clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def estimator() -> posestream.PoseEstimator:
    return posestream.PoseEstimator(profile="fast")


def test_three_lines_from_a_video_to_keypoints(demo_clip: Path):
    found = [len(prediction) for prediction in posestream.stream(demo_clip, profile="fast")]
    assert len(found) == 30
    assert max(found) >= 2


def test_leaving_a_stream_early_is_fine(demo_clip: Path):
    first = list(itertools.islice(posestream.stream(demo_clip, profile="fast"), 2))
    assert [prediction.result.frame for prediction in first] == [0, 1]


def test_one_picture_gives_one_prediction_and_a_list_gives_a_list(estimator, pictures):
    alone = estimator.predict(pictures[0])
    several = estimator.predict(pictures[:3])
    assert isinstance(alone, posestream.Prediction)
    assert len(several) == 3
    np.testing.assert_array_equal(alone.keypoints, several[0].keypoints)


def test_a_prediction_says_where_everything_is(estimator, pictures):
    prediction = estimator.predict(pictures[0])
    people = len(prediction)
    assert people >= 1
    assert prediction.keypoints.shape == (people, 17, 2)
    assert prediction.keypoint_scores.shape == (people, 17)
    assert prediction.boxes.shape == (people, 4)
    assert prediction.scores.tolist() == sorted(prediction.scores.tolist(), reverse=True)
    assert prediction.topology.keypoints[0] == "nose"
    nose = prediction.keypoints[0, 0]
    assert 0 < nose[0] < 320
    assert 0 < nose[1] < 180


def test_a_file_and_its_pixels_give_the_same_people(estimator, pictures, tmp_path: Path):
    import cv2

    file = tmp_path / "photo.png"
    cv2.imwrite(str(file), pictures[0][:, :, ::-1])
    by_path, by_pixels = estimator.predict(str(file)), estimator.predict(pictures[0])
    np.testing.assert_allclose(by_path.keypoints, by_pixels.keypoints, atol=0.01)


def test_a_prediction_is_plain_json(estimator, pictures):
    values = json.loads(json.dumps(estimator.predict(pictures[0]).to_dict()))
    assert values["size"] == [320, 180]
    assert len(values["people"][0]["keypoints"]["nose"]) == 3


def test_a_plot_differs_from_the_picture_only_where_something_is_drawn(estimator, pictures):
    prediction = estimator.predict(pictures[0])
    plotted = prediction.plot(boxes=True)
    changed = np.abs(plotted.astype(int) - pictures[0]).max(axis=2) > 40
    assert plotted.shape == pictures[0].shape
    assert 0.001 < changed.mean() < 0.3
    with pytest.raises(ConfigError, match="boxs"):
        prediction.plot(boxs=True)


def test_a_notebook_shows_a_png(estimator, pictures):
    assert estimator.predict(pictures[0])._repr_png_().startswith(b"\x89PNG")


def test_supervision_takes_the_key_points(estimator, pictures):
    supervision = pytest.importorskip("supervision")
    prediction = estimator.predict(pictures[0])
    points = prediction.to_supervision()
    assert isinstance(points, supervision.KeyPoints)
    assert len(points) == len(prediction)
    assert np.isfinite(points.xy).all()


def test_nobody_is_a_prediction_too(estimator):
    prediction = estimator.predict(np.full((120, 160, 3), 127, np.uint8))
    assert len(prediction) == 0
    assert prediction.keypoints.shape == (0, 17, 2)
    assert prediction.to_dict()["people"] == []
    assert prediction.plot().shape == (120, 160, 3)


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (33, 17)])
def test_odd_sizes_are_fine(estimator, size):
    assert len(estimator.predict(np.zeros((*size, 3), np.uint8)).keypoints) >= 0


def test_wrong_calls_are_named():
    with pytest.raises(ConfigError, match=r"proflie: no such setting. Did you mean 'profile'"):
        posestream.PoseEstimator(proflie="fast")
    with pytest.raises(ConfigError, match=r"interval: .*greater than or equal to 1, not 0"):
        posestream.stream("video.mp4", interval=0)
    with pytest.raises(SourceNotFoundError, match=r"nothing.mp4"):
        posestream.stream("nothing.mp4")


def test_pixels_that_are_not_rgb_are_refused(estimator):
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8"):
        estimator.predict(np.zeros((10, 10), np.uint8))
    with pytest.raises(ValueError, match="float32"):
        estimator.predict(np.zeros((10, 10, 3), np.float32))
