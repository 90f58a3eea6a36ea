"""One network's look at pictures on a GPU, with stand-ins for both."""

import numpy as np
import pytest
from gpu_stand_ins import NobodyRunner, surface

from posestream.batching.crops import Crop
from posestream.errors import InferenceError
from posestream.geometry import InputRule
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.passes import GpuPass
from posestream.gpu.surfaces import Surface
from posestream.images import HostImage

SMALL, LARGE = InputRule(fixed_size=(32, 32)), InputRule(fixed_size=(64, 64))


def picture(device: int = 0) -> CudaImage:
    plain = surface()
    return CudaImage(
        Surface(
            plain.luma, plain.chroma, pitch=1024, size=(64, 48), colour=plain.colour, device=device
        )
    )


def crops(*rules: InputRule) -> list[Crop]:
    return [Crop.whole(0, (64, 48), rule) for rule in rules]


def seen(runner: NobodyRunner, images: list, wanted: list[Crop]) -> int:
    return len(GpuPass(runner, description="a stand-in").look(images, wanted))


def test_crops_of_one_input_size_share_batches_up_to_the_largest():
    runner = NobodyRunner(batch=4)
    assert seen(runner, [picture()], crops(*[SMALL] * 5, LARGE)) == 6
    assert runner.batches == [4, 1, 1]
    assert runner.sizes == [(32, 32), (32, 32), (64, 64)]


def test_nothing_to_look_at_costs_no_run():
    runner = NobodyRunner()
    assert seen(runner, [picture()], []) == 0
    assert runner.batches == []


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (picture(2), "lies in cuda:2; allowed: cuda:0"),
        (HostImage.from_rgb(np.zeros((48, 64, 3), np.uint8)), "was not brought to cuda:0"),
    ],
)
def test_a_picture_that_lies_elsewhere_is_refused(image, told):
    with pytest.raises(InferenceError, match=f"a picture {told}"):
        seen(NobodyRunner(), [image], crops(SMALL))


def test_the_slot_comes_back_where_a_network_fails():
    runner, back = NobodyRunner(), []
    runner.error = InferenceError("device lost")
    runner.give_back = back.append  # type: ignore[method-assign]
    with pytest.raises(InferenceError, match="device lost"):
        seen(runner, [picture()], crops(SMALL))
    assert len(back) == 1
