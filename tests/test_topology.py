"""The built-in topologies hang together."""

import pytest

from posestream.topology import OPENPOSE_BODY_25, TOPOLOGIES, Topology

WITH_FIELDS = [topology for topology in TOPOLOGIES.values() if topology.paf_channels]


@pytest.mark.parametrize("topology", WITH_FIELDS, ids=lambda one: one.name)
def test_every_channel_of_the_fields_belongs_to_one_limb(topology: Topology):
    channels = sorted(channel for pair in topology.paf_channels for channel in pair)
    assert channels == list(range(2 * len(topology.limbs)))


@pytest.mark.parametrize("topology", WITH_FIELDS, ids=lambda one: one.name)
def test_limbs_reach_every_keypoint(topology: Topology):
    reached = {topology.limbs[0][0]}
    for _ in topology.limbs:
        reached |= {k for limb in topology.limbs if reached & set(limb) for k in limb}
    assert reached == set(range(len(topology.keypoints)))


def test_body_25_has_feet_and_as_many_maps_and_fields_as_cmu_says():
    assert len(OPENPOSE_BODY_25.keypoints) + 1 == 26
    assert 2 * len(OPENPOSE_BODY_25.limbs) == 52
    assert OPENPOSE_BODY_25.keypoints[19:] == (
        "left_big_toe",
        "left_small_toe",
        "left_heel",
        "right_big_toe",
        "right_small_toe",
        "right_heel",
    )
    assert len(OPENPOSE_BODY_25.flip_pairs) == 11
