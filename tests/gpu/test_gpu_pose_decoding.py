"""The seam between maps on the GPU and people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from posestream.geometry import Letterbox
from posestream.gpu.pose_decoding import DevicePoseDecoding, HostPoseDecoding
from posestream.types import Fields, Poses

BOX = Letterbox((64, 48), (64, 48), (64, 48))


class Telling:
    """Finds as many people as the first value of a frame's map says."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def decode(self, fields: Fields) -> list[Poses]:
        self.calls.append(len(fields.letterboxes))
        return [Poses.empty(int(frame[0, 0, 0])) for frame in fields.maps["maps"]]


def keypoints(poses: Sequence[Poses]) -> list[int]:
    return [one.keypoint_scores.shape[1] for one in poses]


@pytest.mark.parametrize("count", [1, 4, 7, 8])
def test_threads_share_the_frames_and_results_keep_their_order(count: int):
    decoder = Telling()
    maps = np.arange(count, dtype=np.float32).reshape(count, 1, 1, 1)
    decoding = HostPoseDecoding(decoder, threads=4)
    assert keypoints(decoding.decode(Fields({"maps": maps}, (BOX,) * count))) == list(range(count))
    assert sum(decoder.calls) == count
    assert len(decoder.calls) == min(count, 4)


class Batch:
    """A batch of one size on a GPU."""

    def __init__(self, size: int) -> None:
        self.size, self.placed, self.launched = size, 0, 0

    def place(self, letterboxes: Sequence[Letterbox]) -> None:
        self.placed = len(letterboxes)

    def launch(self, maps: Mapping[str, Any]) -> None:
        self.launched += 1


class OnDevice:
    """Finds as many keypoints as the batch has room for."""

    def __init__(self) -> None:
        self.prepared: list[Batch] = []

    def prepare(self, maps: Mapping[str, Any]) -> Batch:
        self.prepared.append(Batch(len(maps["maps"])))
        return self.prepared[-1]

    def people(self, batch: Batch, letterboxes: Sequence[Letterbox]) -> list[Poses]:
        assert batch.placed == len(letterboxes)
        return [Poses.empty(batch.size) for _ in letterboxes]


def test_every_batch_size_has_memory_of_its_own_set_aside_once():
    decoder = OnDevice()
    reader = DevicePoseDecoding(decoder).reader({"maps": [0] * 4})
    for size in (4, 2, 4, 2):
        reader.launch({"maps": [0] * size}, size)
    assert [(batch.size, batch.launched) for batch in decoder.prepared] == [(4, 2), (2, 2)]


def test_people_are_read_from_the_batch_that_was_placed_last():
    decoder = OnDevice()
    reader = DevicePoseDecoding(decoder).reader({"maps": [0] * 4})
    for size in (4, 2):
        reader.launch({"maps": [0] * size}, size)
    reader.place([BOX] * 3, 4)
    assert keypoints(reader.collect([BOX] * 3)) == [4, 4, 4]
    reader.place([BOX], 2)
    assert keypoints(reader.collect([BOX])) == [2]
