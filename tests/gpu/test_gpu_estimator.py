"""Pictures on GPUs behind the estimator's seam."""

import pytest
from gpu_stand_ins import NobodyRunner, surface

from posestream.errors import InferenceError
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.estimator import GpuEstimator
from posestream.gpu.surfaces import Surface
from posestream.topology import COCO_17


def picture(device: int) -> CudaImage:
    plain = surface()
    return CudaImage(
        Surface(
            plain.luma, plain.chroma, pitch=1024, size=(64, 48), colour=plain.colour, device=device
        )
    )


def test_each_picture_runs_on_the_gpu_it_lies_on():
    runners = [NobodyRunner(device=0), NobodyRunner(device=1)]
    estimator = GpuEstimator(runners, COCO_17, description="two stand-ins")
    poses = estimator.estimate([picture(1), picture(0), picture(1)])
    assert [len(one) for one in poses] == [0, 0, 0]
    assert [sum(runner.batches) for runner in runners] == [1, 2]
    assert (estimator.topology, estimator.description) == (COCO_17, "two stand-ins")


def test_a_picture_on_a_gpu_without_a_network_is_refused():
    estimator = GpuEstimator([NobodyRunner(device=0)], COCO_17, description="one")
    with pytest.raises(InferenceError, match="a picture lies on cuda:2; allowed: cuda:0"):
        estimator.estimate([picture(2)])


def test_the_slot_comes_back_where_a_network_fails():
    runner, back = NobodyRunner(), []
    runner.error = InferenceError("device lost")
    runner.give_back = back.append  # type: ignore[method-assign]
    estimator = GpuEstimator([runner], COCO_17, description="one")
    with pytest.raises(InferenceError, match="device lost"):
        estimator.estimate([picture(0)])
    assert len(back) == 1
