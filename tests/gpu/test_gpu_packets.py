"""Packets of real files, and decoding them on the CPU."""

from pathlib import Path

import av
import numpy as np
import pytest

from posestream.containers import open_media
from posestream.gpu.host_decoding import packed_nv12
from posestream.gpu.packets import tagged_colour, video_info
from posestream.gpu.surfaces import Colour
from posestream.gpu.units import DecoderPackets


def test_a_file_says_what_it_holds(demo_clip: Path):
    with open_media(demo_clip) as container:
        info = video_info(container.streams.video[0])
    assert (info.codec, info.size, info.pixel_format) == ("h264", (320, 180), "yuv420p")
    assert float(info.frame_rate or 0) == pytest.approx(30, abs=6)


def test_units_begin_with_start_codes_and_times_are_the_files(demo_clip: Path):
    with open_media(demo_clip) as container:
        stream = container.streams.video[0]
        read = [packet for packet in container.demux(stream) if packet.size]
        times = [packet.pts for packet in read]
        units = DecoderPackets(stream, video_info(stream))
        made = [unit for packet in read for unit in units.of(packet)]
    assert [unit.pts for unit in made] == times
    assert all(bytes(unit.owner).startswith((b"\0\0\1", b"\0\0\0\1")) for unit in made)
    assert made[0].key


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
    assert tagged_colour(*tags, height=480) == colour


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


def test_full_range_alone_leaves_the_matrix_to_the_height():
    assert tagged_colour(2, 2, "yuv420p", height=576) == Colour("bt601", True)
    assert tagged_colour(2, 0, "yuvj420p", height=720) == Colour("bt709", True)
