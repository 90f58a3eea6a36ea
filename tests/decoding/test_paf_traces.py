"""A trace in a heatmap is a keypoint where the rest of the body says so, and noise elsewhere."""

import numpy as np
import pytest

from posestream.decoding.paf import PafDecoder
from posestream.geometry import Letterbox
from posestream.topology import TRTPOSE_HUMAN
from posestream.types import Fields

NAMES = TRTPOSE_HUMAN.keypoints
BODY = {
    "nose": (0.0, -0.4),
    "neck": (0.0, 0.0),
    "left_shoulder": (0.33, 0.0),
    "right_shoulder": (-0.33, 0.0),
    "left_elbow": (0.42, 0.6),
    "right_elbow": (-0.42, 0.6),
    "left_hip": (0.22, 1.0),
    "right_hip": (-0.22, 1.0),
    "left_knee": (0.24, 1.8),
    "right_knee": (-0.24, 1.8),
    "left_ankle": (0.25, 2.6),
    "right_ankle": (-0.25, 2.6),
}
CENTER, TORSO, SIZE = np.array([28.5, 14.5]), 12.0, 56


def place(name):
    return CENTER + TORSO * np.array(BODY[name])


def drawn(heights):
    """Draw a person of whom each keypoint rises to a height, and limbs where both rise to 0.5."""
    maps = np.zeros((18, SIZE, SIZE), np.float32)
    fields = np.zeros((42, SIZE, SIZE), np.float32)
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    for name, height in heights.items():
        x, y = place(name)
        bump = height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 4)
        maps[NAMES.index(name)] = np.where(bump > 0.02 * height, bump, 0)
    for (a, b), (across, down) in zip(TRTPOSE_HUMAN.limbs, TRTPOSE_HUMAN.paf_channels, strict=True):
        if min(heights.get(NAMES[a], 0), heights.get(NAMES[b], 0)) >= 0.5:
            start, end = place(NAMES[a]), place(NAMES[b])
            unit = (end - start) / np.linalg.norm(end - start)
            for part in np.linspace(0, 1, 60):
                x, y = (start + part * (end - start)).astype(int)
                fields[across, y - 1 : y + 2, x - 1 : x + 2] = unit[0]
                fields[down, y - 1 : y + 2, x - 1 : x + 2] = unit[1]
    return maps, fields


def decoded(heights, noise=0.0):
    maps, fields = drawn(heights)
    maps = maps + noise * np.random.default_rng(0).standard_normal(maps.shape).astype(np.float32)
    named = {"confidence_maps": maps[None], "part_affinity_fields": fields[None]}
    box = Letterbox((SIZE, SIZE), (SIZE, SIZE), (SIZE, SIZE))
    [poses] = PafDecoder(TRTPOSE_HUMAN, stride=1).decode(Fields(named, (box,)))
    return poses


def test_a_faint_knee_is_found_where_the_body_has_it():
    [keypoints] = decoded(dict.fromkeys(BODY, 0.9) | {"left_knee": 0.03}).keypoints
    np.testing.assert_allclose(keypoints[NAMES.index("left_knee")], place("left_knee"), atol=1.5)


def test_a_trace_is_never_as_certain_as_a_peak():
    poses = decoded(dict.fromkeys(BODY, 0.9) | {"left_knee": 0.03})
    assert 0 < poses.keypoint_scores[0, NAMES.index("left_knee")] <= 0.05


def test_no_trace_is_no_keypoint():
    poses = decoded({name: 0.9 for name in BODY if name != "left_knee"})
    assert np.isnan(poses.keypoints[0, NAMES.index("left_knee")]).all()
    assert poses.keypoint_scores[0, NAMES.index("left_knee")] == 0


@pytest.mark.parametrize("known", [3, 7])
def test_somebody_of_few_keypoints_tells_nothing_about_the_rest(known):
    heights = dict.fromkeys(list(BODY)[:known], 0.9) | {"left_ankle": 0.03}
    poses = decoded(heights)
    assert len(poses) == 1
    assert poses.keypoint_scores[0, NAMES.index("left_ankle")] == 0


def test_traces_in_noise_are_noise():
    poses = decoded(dict.fromkeys(BODY, 0.9) | {"left_knee": 0.0}, noise=0.09)
    assert len(poses) >= 1
    assert poses.keypoint_scores[0, NAMES.index("left_knee")] == 0
