"""Frames that stay on a GPU."""

import pytest
from gpu_stand_ins import Packets, PlainDecoder, packet

from posestream.errors import SourceError
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.source import GpuSource


def test_frames_come_in_order_and_lend_their_memory():
    decoder = PlainDecoder()
    source = GpuSource("door", Packets(*(packet(p) for p in (0, 40, 80))), decoder=decoder)
    for index, frame in enumerate(source.frames()):
        assert (frame.stream, frame.index, frame.pts) == ("door", index, 40 * index)
        assert isinstance(frame.image, CudaImage)
        assert frame.image.size == (64, 48)
    del frame
    assert decoder.most_lent <= 2
    assert decoder.lent == 0


def test_a_closed_source_ends_and_closes_its_packets():
    packets = Packets(*(packet(p) for p in range(100)))
    source = GpuSource("door", packets, decoder=PlainDecoder())
    frames = source.frames()
    next(frames)
    source.close()
    source.close()
    assert len(list(frames)) < 100
    assert packets.closed


def test_a_lost_camera_is_an_error_after_its_last_frame():
    packets = Packets(packet(0), SourceError("the network is gone"))
    frames = GpuSource("door", packets, decoder=PlainDecoder()).frames()
    assert next(frames).index == 0
    with pytest.raises(SourceError, match="the network is gone"):
        next(frames)
