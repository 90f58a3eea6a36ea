"""One network over whole frames."""

import numpy as np
import pytest
from painted_people import TOPOLOGY, center_network, keypoints_of, picture

from posestream.decoding.centers import CenterDecoder
from posestream.errors import InferenceError
from posestream.estimation.passes import BackendPass
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.geometry import InputRule
from posestream.inference.fake import FakeBackend


def single_pass(network, **options):
    rule = InputRule(long_side=256, multiple=32)
    seeing = BackendPass(network, CenterDecoder(TOPOLOGY), **options)
    return SinglePassEstimator(seeing, TOPOLOGY, rule=rule)


def test_people_are_found_where_they_are_in_the_frame():
    people = [(40, 30, 160, 300), (400, 100, 120, 280)]
    [poses] = single_pass(center_network()).estimate([picture((640, 480), people)])
    assert len(poses) == 2
    found = poses.keypoints[np.argsort(poses.keypoints[:, 0, 0])]
    for keypoints, person in zip(found, people, strict=True):
        np.testing.assert_allclose(keypoints, keypoints_of(person), atol=6)


def test_pictures_of_all_sizes_keep_their_order():
    people = [(20, 20, 60, 100), (10, 10, 30, 60), (100, 50, 90, 200)]
    sizes = [(160, 128), (64, 120), (400, 300)]
    images = [picture(size, [person]) for size, person in zip(sizes, people, strict=True)]
    for poses, person in zip(single_pass(center_network()).estimate(images), people, strict=True):
        np.testing.assert_allclose(poses.keypoints[0], keypoints_of(person), atol=5)


def test_pictures_of_one_size_share_runs_of_the_network():
    network = center_network()
    images = [picture((320, 200), []) for _ in range(5)]
    assert [len(poses) for poses in single_pass(network, batch_size=4).estimate(images)] == [0] * 5
    assert network.shapes == [(4, 160, 256, 3), (1, 160, 256, 3)]


def test_no_pictures_give_no_poses():
    assert single_pass(center_network()).estimate([]) == []


def test_the_description_says_what_runs():
    assert single_pass(center_network()).description == "long side 256, fake"


def test_a_failing_network_fails_the_call():
    def fail(pixels):
        raise InferenceError("model 'x' failed: out of memory")

    with pytest.raises(InferenceError, match="out of memory"):
        single_pass(FakeBackend(fail)).estimate([picture((64, 64), [])])


def test_a_batch_of_nothing_is_refused():
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        single_pass(center_network(), batch_size=0)
