"""Packets of real files, and decoding them on the CPU."""

from pathlib import Path

import av
import numpy as np
import pytest

from posestream.containers import open_media
from posestream.gpu.host_decoding import packed_nv12
from posestream.gpu.packets import ContainerPackets, tagged_colour
from posestream.gpu.surfaces import Colour


@pytest.fixture
def packets(demo_clip: Path) -> ContainerPackets:
    container = open_media(demo_clip)
    return ContainerPackets(container, container.streams.video[0])


def test_a_file_says_what_it_holds(packets: ContainerPackets):
    info = packets.info
    assert (info.codec, info.size, info.pixel_format) == ("h264", (320, 180), "yuv420p")
    assert float(info.frame_rate or 0) == pytest.approx(30, abs=6)
    packets.close()


def test_units_begin_with_start_codes_and_times_are_the_files(
    packets: ContainerPackets, demo_clip: Path
):
    read = list(packets.packets())
    assert all(bytes(packet.owner).startswith((b"\0\0\1", b"\0\0\0\1")) for packet in read)
    assert read[0].key
    with av.open(str(demo_clip)) as file:
        assert [p.pts for p in read] == [p.pts for p in file.demux(video=0) if p.size]
    packets.close()


@pytest.mark.parametrize(
    ("tags", "colour"),
    [
        ((2, 0, "yuv420p"), None),
        ((1, 1, "yuv420p"), Colour("bt709")),
        ((6, 2, "yuv420p"), Colour("bt601", full_range=True)),
        ((2, 0, "yuvj420p"), Colour("bt601", full_range=True)),
        ((9, 1, "yuv420p"), Colour("bt2020")),
    ],
)
def test_colour_tags_are_understood(tags: tuple[int, int, str], colour: Colour | None):
    assert tagged_colour(*tags) == colour


def test_packed_planes_lie_one_below_the_other_aligned():
    frame = av.VideoFrame.from_ndarray(
        np.arange(0, 100 * 30 * 3, dtype=np.uint32).astype(np.uint8).reshape(30, 100, 3),
        format="rgb24",
    ).reformat(format="nv12")
    packed = packed_nv12(frame)
    luma = np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(30, -1)[:, :100]
    assert packed.shape == (45, 128)
    assert packed.ctypes.data % 16 == 0
    np.testing.assert_array_equal(packed[:30, :100], luma)
