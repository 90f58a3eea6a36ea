"""What keypoints mean is data, and is checked; the built-in topologies hang together."""

import pytest

from posestream.topology import COCO_17, OPENPOSE_BODY_25, TOPOLOGIES, Topology

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


EYES = ("left_eye", "right_eye", "nose")


def test_sides_are_paired_by_name_unless_pairs_are_given():
    assert Topology("face", EYES, ()).flip_pairs == ((0, 1),)
    assert Topology("face", EYES, (), flip_pairs=((1, 2),)).flip_pairs == ((1, 2),)
    assert len(COCO_17.flip_pairs) == 8


@pytest.mark.parametrize("pairs", [((0, 3),), ((0, 1), (1, 2)), ((0, 0),), ((-1, 0),)])
def test_pairs_that_do_not_fit_are_refused(pairs):
    with pytest.raises(ValueError, match=r"topology 'face': flip_pairs .*of 3 keypoints"):
        Topology("face", EYES, (), flip_pairs=pairs)


def test_the_last_colour_that_fits_a_name_counts():
    topology = Topology("face", EYES, (), colours=(("eye", (1, 2, 3)), ("right", (4, 5, 6))))
    colours = [topology.colour_of(name) for name in EYES]
    assert colours == [(1, 2, 3), (4, 5, 6), None]


@pytest.mark.parametrize(
    ("part", "rgb", "problem"),
    [
        ("ear", (0, 0, 0), "no keypoint has 'ear' in it"),
        ("eye", (0, 0, 256), r"'eye' is \[0, 0, 256\]; allowed: red, green, blue of 0 to 255"),
        ("eye", (0, 0), "allowed: red, green, blue"),
    ],
)
def test_colours_that_do_not_fit_are_refused(part, rgb, problem):
    with pytest.raises(ValueError, match=problem):
        Topology("face", EYES, (), colours=((part, rgb),))


def test_leaving_keypoints_out_keeps_pairs_and_colours_that_remain():
    topology = Topology(
        "face", EYES, ((0, 2), (1, 2)), colours=(("eye", (1, 2, 3)), ("nose", (4, 5, 6)))
    )
    fewer = topology.without(("nose",))
    assert fewer.flip_pairs == ((0, 1),)
    assert fewer.colours == (("eye", (1, 2, 3)),)
    assert topology.without(("left_eye",)).flip_pairs == ()
