"""Networks that know nothing, and see five people all the same."""

from pathlib import Path

import numpy as np
import pytest

from posestream.decoding.paf import PafDecoder
from posestream.errors import ConfigError
from posestream.geometry import Letterbox
from posestream.gpu_bench.networks import EMBEDDED, make_network
from posestream.gpu_bench.scenes import people_maps
from posestream.topology import OPENPOSE_COCO, TRTPOSE_HUMAN, Topology
from posestream.types import Fields

CHANNELS = {"trtpose-human": (18, 42), "openpose-coco": (19, 38)}


@pytest.mark.parametrize("topology", [TRTPOSE_HUMAN, OPENPOSE_COCO], ids=lambda one: one.name)
@pytest.mark.parametrize("people", [1, 5])
def test_everyone_drawn_is_found_whole(topology: Topology, people: int):
    size = (64, 36)
    maps, fields = people_maps(
        topology, size=size, shown=size, channels=CHANNELS[topology.name], people=people
    )
    box = Letterbox((512, 288), (512, 288), (512, 288))
    found = PafDecoder(topology, stride=8, min_score=0.3).decode(
        Fields({"confidence_maps": maps, "part_affinity_fields": fields}, (box,))
    )[0]
    assert len(found) == people
    assert (found.keypoint_scores > 0).all()


def test_a_scene_stays_where_the_frame_is():
    maps, _ = people_maps(TRTPOSE_HUMAN, size=(56, 56), shown=(56, 31.5), channels=(18, 42))
    assert maps[..., :32, :].max() > 0.8
    assert maps[..., 36:, :].max() < 0.1


def test_the_background_is_where_nobody_is():
    maps, _ = people_maps(OPENPOSE_COCO, size=(82, 46), shown=(82, 46), channels=(19, 38))
    np.testing.assert_allclose(maps[0, -1], 1 - maps[0, :-1].max(axis=0))


def test_made_up_weights_see_five_people_in_anything(tmp_path: Path):
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from posestream.assembly import build_estimator
    from posestream.config import estimator_config
    from posestream.images import HostImage

    network = make_network("r18-224", tmp_path)
    assert network.made_up
    assert "made up" in network.weights
    estimator = build_estimator(estimator_config({"model": network.model}))
    noise = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
    found = estimator.estimate([HostImage.from_rgb(noise)])[0]
    assert len(found) == 5
    assert (found.boxes[:, 3] <= 1081).all()


def test_the_embedded_network_is_taken_as_it_is(tmp_path: Path):
    network = make_network(EMBEDDED, tmp_path)
    assert (network.model, network.made_up) == ("movenet-multipose", False)
    assert not list(tmp_path.iterdir())


def test_an_unknown_network_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"'r18' is not allowed.*Allowed: r18-224"):
        make_network("r18", tmp_path)
