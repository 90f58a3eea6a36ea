"""The decoder as its users call it, and every fault of the original that it does not have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from posestream.decoding.paf import PafDecoder
from posestream.errors import ConfigError, InferenceError
from posestream.geometry import Letterbox
from posestream.topology import COCO_17, OPENPOSE_COCO, TRTPOSE_HUMAN, Topology
from posestream.types import Fields

PAIR = Topology("pair", ("head", "tail"), ((0, 1),), ((0, 1),))
STANDING = {
    "nose": (0, -0.4),
    "eye": (0.1, -0.46),
    "ear": (0.18, -0.43),
    "neck": (0, 0),
    "shoulder": (0.33, 0),
    "elbow": (0.42, 0.6),
    "wrist": (0.45, 1.1),
    "hip": (0.22, 1.0),
    "knee": (0.24, 1.8),
    "ankle": (0.25, 2.6),
}


def body(topology, neck, torso=8.0):
    points = []
    for name in topology.keypoints:
        x, y = STANDING[name.split("_")[-1]]
        side = 1 if name.startswith("left") else -1
        points.append((neck[0] + side * x * torso, neck[1] + y * torso))
    return np.array(points)


def draw(topology, bodies, *, size=56, hidden=(), extra=0):
    """Draw bodies as a perfect network would; ``hidden`` keypoints and their limbs are not."""
    channels = 2 * len(topology.limbs)
    maps = np.zeros((len(topology.keypoints) + extra, size, size), np.float32)
    fields = np.zeros((channels, size, size), np.float32)
    y, x = np.mgrid[:size, :size] + 0.5
    names = topology.keypoints
    for points in bodies:
        for k, (px, py) in enumerate(points):
            if names[k] not in hidden:
                maps[k] = np.maximum(maps[k], np.exp(-((x - px) ** 2 + (y - py) ** 2) / 2))
        for (a, b), (cx, cy) in zip(topology.limbs, topology.paf_channels, strict=True):
            if names[a] in hidden or names[b] in hidden:
                continue
            along = points[b] - points[a]
            length = np.hypot(*along)
            ux, uy = along / length
            part = np.clip((x - points[a][0]) * ux + (y - points[a][1]) * uy, 0, length)
            near = (x - points[a][0] - part * ux) ** 2 + (y - points[a][1] - part * uy) ** 2
            fields[cx] += np.exp(-near / 2) * ux
            fields[cy] += np.exp(-near / 2) * uy
    return maps, fields


def frame(maps, fields, *, stride=4, content=None):
    size = (maps.shape[2] * stride, maps.shape[1] * stride)
    content = content or size
    box = Letterbox((content[0] * 2, content[1] * 2), content, size)
    named = {"confidence_maps": maps[None], "part_affinity_fields": fields[None]}
    return Fields(named, (box,))


def decode(maps, fields, *, topology=TRTPOSE_HUMAN, content=None, **knobs):
    (poses,) = PafDecoder(topology, stride=4, **knobs).decode(frame(maps, fields, content=content))
    return poses


@pytest.mark.parametrize("setting", ["robust", "compatible"])
@pytest.mark.parametrize("topology", [TRTPOSE_HUMAN, OPENPOSE_COCO])
def test_two_people_are_found_where_they_stand(topology, setting):
    bodies = [body(topology, (14.2, 8.3)), body(topology, (40.1, 12.3))]
    poses = decode(*draw(topology, bodies, extra=1), topology=topology, setting=setting)
    poses = poses[poses.scores > 0.5]  # the original makes people of what it cut off
    assert len(poses) == 2
    for points in bodies:
        off = np.abs(poses.keypoints - points * 8).max(axis=(1, 2)).min()
        assert off < (1.0 if setting == "robust" else 8.0)
    assert (np.diff(poses.scores) <= 0).all()
    assert np.allclose(poses.boxes[:, :2], poses.keypoints.min(axis=1))
    assert np.allclose(poses.boxes[:, 2:], poses.keypoints.max(axis=1))


def test_a_batch_decodes_like_its_frames():
    scenes = [draw(TRTPOSE_HUMAN, [body(TRTPOSE_HUMAN, (x, 9))]) for x in (12, 25, 40)]
    scenes.insert(1, (np.zeros_like(scenes[0][0]), np.zeros_like(scenes[0][1])))
    alone = [frame(*scene) for scene in scenes]
    batch = Fields(
        {name: np.concatenate([f.maps[name] for f in alone]) for name in alone[0].maps},
        tuple(f.letterboxes[0] for f in alone),
    )
    decoder = PafDecoder(TRTPOSE_HUMAN, stride=4)
    for together, single in zip(decoder.decode(batch), alone, strict=True):
        (expected,) = decoder.decode(single)
        assert np.array_equal(together.keypoints, expected.keypoints, equal_nan=True)
    assert len(decoder.decode(batch)[1]) == 0


def test_several_threads_find_what_one_finds():
    rng = np.random.default_rng(0)
    scenes = [
        frame(
            rng.random((18, 30, 30), dtype=np.float32),
            rng.standard_normal((42, 30, 30), dtype=np.float32),
        )
        for _ in range(8)
    ]
    decoder = PafDecoder(TRTPOSE_HUMAN, stride=4)
    alone = [decoder.decode(scene)[0] for scene in scenes]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda scene: decoder.decode(scene)[0], scenes * 4))
    for poses, expected in zip(together, alone * 4, strict=True):
        assert np.array_equal(poses.keypoints, expected.keypoints, equal_nan=True)


def test_nobody_is_in_the_padding():
    maps, fields = draw(TRTPOSE_HUMAN, [body(TRTPOSE_HUMAN, (44, 9))])
    for setting in ("robust", "compatible"):
        assert len(decode(maps, fields, content=(120, 224), setting=setting)) == 0


def test_keypoints_stay_inside_the_frame():
    maps, fields = draw(TRTPOSE_HUMAN, [body(TRTPOSE_HUMAN, (27, 9))])
    poses = decode(maps, fields, content=(119, 223))
    assert np.nanmax(poses.keypoints[..., 0]) <= 238


# Faults of the original, numbered as in the project's notes on PAF decoding.


def test_fault_1_values_that_are_not_finite_count_as_0():
    clean = draw(TRTPOSE_HUMAN, [body(TRTPOSE_HUMAN, (27, 9))])
    for bad in (np.nan, np.inf, -np.inf):
        maps, fields = clean[0].copy(), clean[1].copy()
        maps[:, :3, :3], fields[:, 40:, :6] = bad, bad
        for setting in ("robust", "compatible"):
            poses = decode(maps, fields, setting=setting)
            expected = decode(*clean, setting=setting)
            assert np.allclose(poses.keypoints, expected.keypoints, equal_nan=True)
    assert len(decode(clean[0], np.full_like(clean[1], np.nan))) == 0


def test_fault_2_the_strongest_peaks_are_kept():
    maps, fields = draw(TRTPOSE_HUMAN, [body(TRTPOSE_HUMAN, (27, 25))])
    maps[:, 1:20:3, ::3] = 0.2  # more weak peaks above than there is room for
    poses = decode(maps, fields, max_peaks=20)
    assert (poses.keypoint_scores[0] > 0.5).sum() == 18


def test_fault_3_a_plateau_is_one_peak_in_its_middle():
    maps, fields = np.zeros((2, 20, 20), np.float32), np.zeros((2, 20, 20), np.float32)
    maps[0, 4:9, 3:6] = 0.8
    maps[1, 14:17, 4] = 0.8
    fields[1] = 1
    poses = decode(maps, fields, topology=PAIR, min_keypoints=2)
    assert np.allclose(poses.keypoints / 8, [[[4.5, 6.5], [4.5, 15.5]]])


def test_fault_4_negative_neighbours_do_not_move_a_peak():
    maps, fields = draw(TRTPOSE_HUMAN, [body(TRTPOSE_HUMAN, (27, 9))])
    expected = decode(maps, fields)
    poses = decode(np.where(maps < 0.05, -1, maps).astype(np.float32), fields, noise_sigmas=0)
    assert np.abs(poses.keypoints - expected.keypoints).max() < 8


def test_fault_5_a_bad_pair_takes_no_good_partner():
    from posestream.decoding.matching import heaviest_matching

    pairs = np.uint32([0, 1]), np.uint32([2, 2]), np.float32([0.5, 0.3])
    assert heaviest_matching(pairs, 2, np.empty(3, np.int32), np.empty(3, np.float32)) == 1
    assert [part[0] for part in pairs] == [0, 2, 0.5]


def test_fault_6_a_wrong_limb_does_not_fuse_two_people():
    topology = TRTPOSE_HUMAN
    people = [body(topology, (16, 9)), body(topology, (38, 9))]
    maps, fields = draw(topology, people)
    limb = topology.limbs.index((11, 12))
    left, right = topology.paf_channels[limb]
    fields[left, 15:19, 14:42] -= 1.0  # a field from one person's hip to the other's
    poses = decode(maps, fields)
    assert len(poses) == 2
    assert np.isfinite(poses.keypoints).all()
    assert right != left


def test_fault_7_noise_is_nobody():
    rng = np.random.default_rng(1)
    maps, fields = draw(TRTPOSE_HUMAN, [body(TRTPOSE_HUMAN, (27, 9))])
    maps = maps + rng.normal(0, 0.06, maps.shape).astype(np.float32)
    fields = fields + rng.normal(0, 0.06, fields.shape).astype(np.float32)
    poses = decode(maps, fields)
    assert len(poses) == 1
    assert len(decode(maps, fields, setting="compatible")) > 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence_maps": np.zeros((1, 17, 9, 9), np.float32)}, "at least 18"),
        ({"part_affinity_fields": np.zeros((1, 40, 9, 9), np.float32)}, "at least 42"),
        ({"confidence_maps": np.zeros((1, 18, 9, 9))}, "float64, must be float32"),
        ({"part_affinity_fields": np.zeros((1, 42, 9, 8), np.float32)}, r"\(9, 9\) cells"),
        ({"confidence_maps": np.zeros((1, 18, 9), np.float32)}, r"must be \(B, C, h, w\)"),
    ],
)
def test_fault_8_wrong_maps_are_refused(change, message):
    maps = {
        "confidence_maps": np.zeros((1, 18, 9, 9), np.float32),
        "part_affinity_fields": np.zeros((1, 42, 9, 9), np.float32),
    }
    box = Letterbox((36, 36), (36, 36), (36, 36))
    with pytest.raises(InferenceError, match=message):
        PafDecoder(TRTPOSE_HUMAN, stride=4).decode(Fields({**maps, **change}, (box,)))


def test_a_missing_map_is_named():
    box = Letterbox((36, 36), (36, 36), (36, 36))
    with pytest.raises(InferenceError, match="part_affinity_fields missing"):
        PafDecoder(TRTPOSE_HUMAN, stride=4).decode(
            Fields({"confidence_maps": np.zeros((1, 18, 9, 9), np.float32)}, (box,))
        )


def test_a_wrong_setting_is_refused():
    with pytest.raises(ConfigError, match="Did you mean 'robust'"):
        PafDecoder(TRTPOSE_HUMAN, stride=4, setting="robus")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match="samples of the PAF decoder is 1"):
        PafDecoder(TRTPOSE_HUMAN, stride=4, samples=1)
    with pytest.raises(ConfigError, match="no PAF channels"):
        PafDecoder(COCO_17, stride=4)


def test_a_wrist_without_its_elbow_finds_its_person():
    people = [body(TRTPOSE_HUMAN, (14, 9)), body(TRTPOSE_HUMAN, (41, 9))]
    poses = decode(*draw(TRTPOSE_HUMAN, people, hidden=("left_elbow", "neck")))
    assert len(poses) == 2
    assert np.isfinite(poses.keypoints).sum() == 2 * 16 * 2


def test_a_topology_that_is_no_body_decodes_by_limbs_alone():
    maps, fields = np.zeros((2, 20, 20), np.float32), np.zeros((2, 20, 20), np.float32)
    maps[0, 5, 5] = maps[1, 5, 15] = 0.9
    fields[0, 5] = 1
    assert len(decode(maps, fields, topology=PAIR, min_keypoints=2)) == 1


odd_floats = st.floats(width=32, allow_nan=True, allow_infinity=True) | st.floats(0, 1, width=32)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), size=st.tuples(st.integers(0, 7), st.integers(0, 7)))
@pytest.mark.parametrize("setting", ["robust", "compatible"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_any_maps_give_valid_poses(setting, data, size):
    maps = data.draw(arrays.arrays(np.float32, (1, 2, *size), elements=odd_floats))
    pafs = data.draw(arrays.arrays(np.float32, (1, 2, *size), elements=odd_floats))
    box = Letterbox((50, 40), (size[1] * 4 or 1, size[0] * 4 or 1), (28, 28))
    named = {"confidence_maps": maps, "part_affinity_fields": pafs}
    decoder = PafDecoder(PAIR, stride=4, setting=setting, min_keypoints=1)
    (poses,) = decoder.decode(Fields(named, (box,)))
    found = poses.keypoint_scores > 0
    assert np.isfinite(poses.keypoints[found]).all()
    assert ((poses.scores >= 0) & (poses.scores <= 1)).all()
    assert ((poses.keypoint_scores >= 0) & (poses.keypoint_scores <= 1)).all()
    assert np.isfinite(poses.boxes).all()
