"""People that kernels found come to the host, however many there are."""

from __future__ import annotations

import numpy as np
import pytest

from posestream.decoding.gpu_found import FIRST_ROWS, FoundPeople, Placement
from posestream.decoding.in_frame import geometry_row
from posestream.geometry import Letterbox

torch = pytest.importorskip("torch")


def found_in(counts):
    """Pretend that kernels found people, whose scores count up from frame to frame."""
    found = FoundPeople(len(counts), 2, most=40, device=torch.device("cpu"))
    head, more = found._found, found._more
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    room = FIRST_ROWS * len(counts)
    scores = torch.arange(starts[-1], dtype=torch.float32)
    for name, values in (("used", starts[-1:]), ("starts", starts[:-1]), ("counts", counts)):
        there = torch.from_numpy(np.array(values, np.int32))
        head.on_device(name).view(torch.int32)[: len(there)] = there
    head.on_device("scores").view(torch.float32)[: len(scores[:room])] = scores[:room]
    more.on_device("scores").view(torch.float32)[: len(scores[room:])] = scores[room:]
    found.download()
    return found


@pytest.mark.parametrize("counts", [[0, 0], [3, 0], [16, 16], [2, 39], [40, 40]])
def test_every_frame_gets_its_people(counts):
    first, second = found_in(counts).poses([0, 1])
    assert first.scores.tolist() == list(range(counts[0]))
    assert second.scores.tolist() == list(range(counts[0], sum(counts)))
    assert second.keypoints.shape == (counts[1], 2, 2)


def test_poses_stay_when_the_next_batch_comes():
    found = found_in([2, 1])
    first, _ = found.poses([0, 1])
    found._found.host["scores"][:] = -1
    assert first.scores.tolist() == [0, 1]


def test_only_frames_that_lie_elsewhere_are_placed_anew():
    placement = Placement(3, stride=4, device=torch.device("cpu"))
    one, other = Letterbox((64, 32), (32, 16), (32, 32)), Letterbox((32, 32), (32, 32), (32, 32))
    assert placement.place([one, one]) == [0, 1]
    assert placement.place([one, other, one]) == [1, 2]
    placement.upload()
    rows = placement.where.view(torch.float64).reshape(3, 7)
    assert rows[1].tolist() == list(geometry_row(other, 4))
    placement.forget(1)
    assert placement.place([one, other]) == [1]
