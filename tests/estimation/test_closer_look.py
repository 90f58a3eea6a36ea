"""An overview, then closer looks."""

import threading

import numpy as np
from painted_people import TOPOLOGY, center_network, keypoints_of, picture

from posestream.decoding.centers import CenterDecoder
from posestream.estimation.closer_look import CloserLookEstimator
from posestream.estimation.looks import LookSettings
from posestream.estimation.passes import BackendPass
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.geometry import InputRule

SMALL, OTHER_SMALL, LARGE = (300, 200, 24, 50), (560, 300, 22, 48), (60, 40, 190, 400)


def closer_look(network, **options):
    seeing = BackendPass(network, CenterDecoder(TOPOLOGY))
    overview = SinglePassEstimator(seeing, TOPOLOGY, rule=InputRule(long_side=256, multiple=32))
    looks = LookSettings(**({"input_size": (256, 256), "limit": 2, "min_gain": 0.05} | options))
    return CloserLookEstimator(overview, seeing, long_side=256, looks=looks)


def error(keypoints, person):
    return np.abs(keypoints - keypoints_of(person)).max()


def test_a_small_person_is_found_more_surely_and_more_exactly():
    image = [picture((640, 480), [SMALL])]
    [before] = closer_look(center_network(), limit=0).estimate(image)
    [after] = closer_look(center_network()).estimate(image)
    assert len(before) == len(after) == 1
    assert after.scores[0] > before.scores[0]
    assert error(after.keypoints[0], SMALL) < 2
    np.testing.assert_allclose(after.boxes[0], [300, 200, 324, 250], atol=8)


def test_where_only_large_people_are_the_overview_is_all():
    network = center_network()
    [poses] = closer_look(network).estimate([picture((640, 480), [LARGE])])
    assert len(poses) == 1
    assert len(network.shapes) == 1


def test_large_and_small_people_come_together_once_each():
    image = picture((640, 480), [LARGE, SMALL, OTHER_SMALL])
    [poses] = closer_look(center_network(), limit=3).estimate([image])
    assert (np.diff(poses.scores) <= 0).all()
    poses = poses[poses.scores > 0.3]
    assert len(poses) == 3
    for person in (LARGE, SMALL, OTHER_SMALL):
        assert min(error(k, person) for k in poses.keypoints) < 8


def test_looks_of_several_pictures_go_back_to_their_own():
    images = [
        picture((640, 480), [SMALL]),
        picture((640, 480), []),
        picture((320, 240), [(100, 150, 12, 25)]),
        picture((640, 480), [LARGE]),
    ]
    together = closer_look(center_network()).estimate(images)
    alone = [closer_look(center_network()).estimate([image])[0] for image in images]
    assert [len(poses) for poses in together] == [1, 0, 1, 1]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)
        np.testing.assert_array_equal(a.scores, b.scores)


def test_no_pictures_give_no_poses():
    assert closer_look(center_network()).estimate([]) == []


def test_tiny_and_flat_pictures_are_looked_at_without_complaint():
    images = [picture((1, 1), []), picture((3, 700), []), picture((900, 2), [(10, 0, 5, 2)])]
    assert len(closer_look(center_network()).estimate(images)) == 3


def test_the_description_says_what_runs():
    text = closer_look(center_network()).description
    assert text == "up to 2 closer looks of 256x256, long side 256, fake"


def test_threads_may_call_at_once():
    estimator = closer_look(center_network())
    images = [picture((640, 480), [SMALL, (100 + 30 * n, 300, 20, 45)]) for n in range(6)]
    expected = [estimator.estimate([image])[0].keypoints for image in images]
    wrong = []

    def work():
        for image, keypoints in zip(images * 2, expected * 2, strict=True):
            if not np.array_equal(estimator.estimate([image])[0].keypoints, keypoints):
                wrong.append(image)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
