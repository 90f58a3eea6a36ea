"""A camera from memory, and the decoder alone, on the CPU."""

import itertools
import time
from pathlib import Path

import pytest

from posestream.errors import InferenceError
from posestream.gpu_bench.decoders import decoders_alone
from posestream.gpu_bench.packet_times import PacketTimedSource, picture_decoder, read_reel

pytest.importorskip("torch")


def test_a_reel_holds_every_packet_and_the_clips_length(demo_clip: Path):
    reel = read_reel(demo_clip)
    assert reel.info.codec == "h264"
    assert reel.packets[0][2]
    seconds = float(reel.ticks * reel.info.time_base)
    assert seconds == pytest.approx(len(reel.packets) / float(reel.info.frame_rate or 0), abs=0.01)


def test_frames_go_on_in_order_past_the_clips_end(demo_clip: Path):
    reel = read_reel(demo_clip)
    decoder = picture_decoder("camera", reel.info, device=None)
    source = PacketTimedSource("camera", reel.played(rate=None), decoder)
    begun_s = time.time()
    count = len(reel.packets) + 20
    frames = list(itertools.islice(source.frames(), count))
    source.close()
    times = [frame.pts for frame in frames]
    assert times == sorted(set(times))
    assert [frame.index for frame in frames] == list(range(count))
    came = [frame.wall_s for frame in frames]
    assert begun_s <= min(came) <= max(came) <= time.time()


def test_decoders_are_counted_over_several_processes(demo_clip: Path):
    found = decoders_alone(demo_clip, device=None, streams=3, processes=2, seconds=0.5)
    assert found["processes"] == 2
    assert found["decoder_fps"] > 10


def test_a_decoding_process_that_fails_is_an_error(tmp_path: Path):
    with pytest.raises(InferenceError, match="ended with code 1"):
        decoders_alone(tmp_path / "none.mp4", device=None, streams=1, processes=1, seconds=0.5)
