"""The steps of the GPU path without a GPU: slots in main memory, kernels compiled for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import emulated_gpu
from posestream.decoding.centers import CenterDecoder
from posestream.errors import InferenceError, OutOfMemoryError
from posestream.estimation.passes import BackendPass
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.geometry import InputRule
from posestream.gpu.launchers import HostLauncher, launcher_for
from posestream.gpu.networks import GraphNetwork
from posestream.gpu.passes import GpuPass
from posestream.gpu.pose_decoding import HostPoseDecoding
from posestream.gpu.runner import Runner
from posestream.gpu.uploading import on_gpu
from posestream.images import HostImage
from posestream.inference.loading import load_backend
from posestream.models.registry import find_model

torch = pytest.importorskip("torch")

CARD = find_model("movenet-multipose")
DECODER = CenterDecoder(CARD.topology, stride=CARD.stride)
SIDE = 128


class Failing:
    """A network that finds no memory, or fails otherwise, from its second call on."""

    capturable = slow_start = False

    def __init__(self, network: GraphNetwork, error: Exception, calls: int = 1) -> None:
        self._network, self._error, self._left = network, error, calls

    def __call__(self, pixels: Any) -> Mapping[str, Any]:
        self._left -= 1
        if self._left < 0:
            raise self._error
        return self._network(pixels)


def network() -> GraphNetwork:
    return GraphNetwork(CARD, device=None, dtype="float32")


def runner(network: Any) -> Runner:
    return Runner(
        network,
        HostPoseDecoding(DECODER, threads=1),
        spec=CARD.input,
        batch=1,
        slots=1,
        device=None,
        dtype="float32",
        load=emulated_gpu.on_cpu,
    )


def test_people_found_by_the_steps_for_gpus_are_those_found_on_the_cpu(demo_clip: Path):
    with av.open(str(demo_clip)) as file:
        image = HostImage(next(file.decode(video=0)))
    rule = InputRule(long_side=SIDE, multiple=CARD.input.multiple)
    gpu, host = (
        SinglePassEstimator(network, CARD.topology, rule=rule)
        for network in (
            GpuPass(runner(network()), description="in main memory"),
            BackendPass(load_backend(CARD, precision="f32"), DECODER),
        )
    )
    [ours], [theirs] = gpu.estimate([on_gpu(image, device=None)]), host.estimate([image])
    sure = np.flatnonzero(theirs.scores > 0.3)
    assert len(sure)
    for person in sure:
        off = np.linalg.norm(ours.keypoints - theirs.keypoints[person], axis=2)
        left, top, right, bottom = theirs.boxes[person]
        assert off.mean(1).min() < 0.05 * max(right - left, bottom - top)


def test_work_in_main_memory_is_done_for_each_size_beforehand_and_when_it_is_launched():
    launcher, done = launcher_for(None, capturable=True), []
    assert isinstance(launcher, HostLauncher)
    launcher.prepare(done.append, (1, 2, 4))
    launcher.launch(2)
    launcher.wait()
    assert sorted(done[:3]) == [1, 2, 4]
    assert done[3:] == [2]


def test_a_network_that_finds_no_memory_says_what_would_help():
    failing = Failing(network(), torch.OutOfMemoryError("no room"), calls=0)
    with pytest.raises(OutOfMemoryError, match="cpu: out of memory with batches of 1 at 32 x 32"):
        runner(failing).lend_for((32, 32))


def test_a_failure_names_the_device_once():
    for error, told in (
        (RuntimeError("lost\nand more"), "^cpu: lost$"),
        (InferenceError("model 'x' failed"), "^model 'x' failed$"),
    ):
        with pytest.raises(InferenceError, match=told):
            runner(Failing(network(), error, calls=0)).lend_for((32, 32))
