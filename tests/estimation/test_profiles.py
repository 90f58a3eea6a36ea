"""The recipes, on painted people and on photographs."""

import dataclasses
import json

import av
import numpy as np
import pytest
from painted_people import TOPOLOGY, center_network, keypoints_of, picture, single_network

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.one_person import OnePersonDecoder, person_keypoints
from posestream.errors import ConfigError
from posestream.estimation.confident import ConfidentEstimator
from posestream.estimation.passes import BackendPass
from posestream.estimation.profiles import PROFILES, build_estimator, find_profile
from posestream.images import HostImage
from posestream.topology import COCO_17

PEOPLE = [(60, 60, 120, 330), (400, 90, 40, 90)]


def seeing(network=None):
    return BackendPass(network or center_network(), CenterDecoder(TOPOLOGY))


def seeing_one(network=None):
    return BackendPass(network or single_network(), OnePersonDecoder(person_keypoints))


def built(name, **options):
    return build_estimator(find_profile(name), seeing(), seeing_one(), TOPOLOGY, **options)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_finds_everybody(name):
    [poses] = built(name).estimate([picture((640, 480), PEOPLE)])
    assert len(poses) == 2
    for person in PEOPLE:
        assert min(np.abs(k - keypoints_of(person)).max() for k in poses.keypoints) < 6


def test_a_topology_without_sigmas_is_welcome():
    plain = dataclasses.replace(TOPOLOGY, sigmas=())
    for profile in PROFILES.values():
        estimator = build_estimator(profile, seeing(), seeing_one(), plain)
        assert len(estimator.estimate([picture((640, 480), PEOPLE)])[0]) == 2


def test_only_the_accurate_profile_asks_the_single_person_network():
    network = single_network()
    for name in ("fast", "balanced"):
        estimator = build_estimator(find_profile(name), seeing(), seeing_one(network), TOPOLOGY)
        estimator.estimate([picture((640, 480), PEOPLE)])
    assert network.shapes == []
    assert not find_profile("balanced").refined
    assert find_profile("accurate").refined


def test_the_long_side_of_the_overview_may_be_chosen():
    network = center_network()
    estimator = build_estimator(
        find_profile("fast"), seeing(network), None, TOPOLOGY, long_side=320
    )
    estimator.estimate([picture((640, 480), [])])
    assert network.shapes == [(1, 256, 320, 3)]


def test_people_under_the_least_score_are_left_out():
    image = [picture((640, 480), PEOPLE)]
    [everybody] = built("balanced", min_score=0.0).estimate(image)
    between = float(everybody.scores.mean())
    [sure] = built("balanced", min_score=between).estimate(image)
    np.testing.assert_array_equal(sure.keypoints, everybody.keypoints[:1])


def test_the_accurate_profile_needs_its_second_network():
    with pytest.raises(ValueError, match="needs a single-person network"):
        build_estimator(find_profile("accurate"), seeing(), None, TOPOLOGY)


def test_an_unknown_profile_gets_a_suggestion():
    with pytest.raises(ConfigError, match=r"profile: 'balance' is not allowed.*'balanced'"):
        find_profile("balance")


@pytest.mark.parametrize("wrong", [-0.1, 1.1])
def test_a_least_score_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="min_score must be in"):
        ConfidentEstimator(built("fast"), min_score=wrong)


# On photographs


def similarity(keypoints, annotation):
    truth = np.array(annotation["keypoints"], float).reshape(-1, 3)
    labelled = truth[:, 2] > 0
    squares = ((keypoints - truth[:, :2]) ** 2).sum(1)[labelled]
    sigmas = np.array(COCO_17.sigmas)[labelled]
    return np.exp(-squares / (2 * annotation["area"] * (2 * sigmas) ** 2)).mean()


def recall(estimator, shared, images):
    """Share of annotated people found with a similarity of a half or more."""
    annotations = json.loads((shared / "data/coco/val.json").read_text())
    names = {image["id"]: image["file_name"] for image in annotations["images"][:images]}
    hits: list[bool] = []
    for number, name in names.items():
        with av.open(str(shared / "data/coco/val" / name)) as container:
            image = HostImage(next(container.decode(video=0)))
        [poses] = estimator.estimate([image])
        hits += [
            any(similarity(keypoints, annotation) >= 0.5 for keypoints in poses.keypoints)
            for annotation in annotations["annotations"]
            if annotation["image_id"] == number and annotation["num_keypoints"] > 0
        ]
    return float(np.mean(hits))


@pytest.mark.parametrize(
    ("name", "images", "least"), [("fast", 12, 0.4), ("balanced", 12, 0.5), ("accurate", 6, 0.4)]
)
def test_people_in_photographs_are_found(shared, name, images, least):
    from posestream.inference.loading import load_backend
    from posestream.models.registry import find_model

    network = load_backend(find_model("movenet-multipose"), precision="f32")
    single = load_backend(find_model("movenet-thunder"), precision="f32")
    passes = (
        BackendPass(network, CenterDecoder(COCO_17)),
        BackendPass(single, OnePersonDecoder(person_keypoints)),
    )
    estimator = build_estimator(find_profile(name), *passes, COCO_17)
    assert recall(estimator, shared, images) >= least
