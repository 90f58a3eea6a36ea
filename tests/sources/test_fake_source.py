import itertools
import threading
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posestream.errors import ConfigError, SourceError
from posestream.sources.fake import FakeSource, parse_fake, read_watermark, stream_mark


def test_every_frame_says_which_stream_and_which_number_it_is():
    frames = list(FakeSource("door", frames=5, rate=Fraction(25)).frames())
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.pts_s for frame in frames] == [0, 0.04, 0.08, 0.12, 0.16]
    marks = [read_watermark(frame.image.rgb()) for frame in frames]
    assert marks == [(stream_mark("door"), index) for index in range(5)]
    assert {frame.stream for frame in frames} == {"door"}
    assert {frame.image.size for frame in frames} == {(640, 360)}


def test_something_moves_above_the_watermark():
    frames = FakeSource("door", frames=30).frames()
    above = [frame.image.rgb()[:240].astype(int) for frame in frames]
    changed = [np.abs(a - b).max() for a, b in itertools.pairwise(above)]
    assert min(changed) > 60


def test_names_and_seeds_have_colours_of_their_own():
    pictures = [
        next(FakeSource(name, seed=seed).frames()).image.rgb()[0, 0].tolist()
        for name, seed in (("a", 0), ("b", 0), ("a", 1), ("a", 0))
    ]
    assert pictures[0] == pictures[3]
    assert len({tuple(picture) for picture in pictures}) == 3


def test_what_is_known_before_the_first_frame():
    info = FakeSource("door", size=(320, 240), rate=Fraction(15), frames=7).info
    assert (info.size, info.frame_rate, info.frame_count) == ((320, 240), 15, 7)
    assert not info.live
    live = FakeSource("door", frames=7, realtime=True).info
    assert live.live
    assert live.frame_count is None


def test_in_real_time_frames_come_as_a_camera_gives_them():
    source = FakeSource("door", rate=Fraction(50), frames=11, realtime=True)
    start_s = time.monotonic()
    wall_s = [frame.wall_s for frame in source.frames()]
    assert time.monotonic() - start_s >= 0.199
    assert wall_s[-1] - wall_s[0] > 0.1


def test_a_camera_that_fails_says_so_after_its_last_frame():
    frames = FakeSource("door", fail_after=3).frames()
    assert [next(frames).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SourceError, match="door: the fake camera failed after 3 frames"):
        next(frames)


def test_a_camera_that_stalls_gives_nothing_until_it_is_closed():
    source = FakeSource("door", stall_after=2)
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.extend(f.index for f in source.frames()))
    reader.start()
    while len(got) < 2:
        time.sleep(0.01)
    reader.join(0.2)
    assert reader.is_alive()
    assert got == [0, 1]
    source.close()
    reader.join(5)
    assert not reader.is_alive()


@pytest.mark.parametrize("realtime", [False, True])
def test_closing_from_another_thread_ends_the_frames(realtime: bool):
    source = FakeSource("door", rate=Fraction(1, 100) if realtime else 30, realtime=realtime)
    reader = threading.Thread(target=lambda: [None for _ in source.frames()])
    reader.start()
    source.close()
    source.close()
    reader.join(5)
    assert not reader.is_alive()


def test_a_text_says_everything():
    source = parse_fake("fake:320x240@12.5?frames=4&seed=3&realtime=1&fail_after=2", name="door")
    assert source.info.size == (320, 240)
    assert source.info.frame_rate == Fraction(25, 2)
    assert source.info.live
    with pytest.raises(SourceError, match="after 2 frames"):
        list(source.frames())


@pytest.mark.parametrize(
    ("text", "size", "rate"),
    [
        ("fake:", (640, 360), 30),
        ("FAKE:@30000/1001", (640, 360), Fraction(30000, 1001)),
        ("fake:64X48", (64, 48), 30),
        ("fake:?frames=0", (640, 360), 30),
    ],
)
def test_every_part_may_be_left_out(text: str, size: tuple[int, int], rate: Fraction):
    source = parse_fake(text, name="door")
    assert (source.info.size, source.info.frame_rate) == (size, rate)


def test_a_fake_of_no_frames_ends_at_once():
    assert list(parse_fake("fake:?frames=0", name="door").frames()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("camera", r"door: 'camera' must look like fake:640x360@30\?frames=100"),
        ("fake:640", "door: size '640' must be WIDTHxHEIGHT"),
        ("fake:32x24", "door: size 32x24 must be at least 64x48"),
        ("fake:99999x99999", "door: size 99999x99999 must be .* at most 134217728 pixels"),
        ("fake:@fast", "door: rate 'fast' must be as 30, 29.97 or 30000/1001"),
        ("fake:@1/0", "door: rate '1/0' must be"),
        ("fake:@0", "door: rate 0 must be above 0 and at most 1000"),
        ("fake:@1001", "door: rate 1001 must be above 0 and at most 1000"),
        ("fake:?frame=3", r"door: no option 'frame'\. Did you mean 'frames'\?"),
        ("fake:?zzz=3", r"door: no option 'zzz'\. Allowed: frames, seed"),
        ("fake:?frames=-1", "door: frames is '-1', must be a count"),
        ("fake:?realtime=yes", "door: realtime is 'yes', must be 0 or 1"),
        ("fake:?frames=1&frames=2", "door: frames is given twice"),
    ],
)
def test_a_text_that_is_wrong_is_refused_by_its_wrong_part(text: str, message: str):
    with pytest.raises(ConfigError, match=message):
        parse_fake(text, name="door")


hostile = st.text() | st.text("0123456789x@?&=/.-fkrames").map("fake:{}".format)


@given(hostile | st.tuples(hostile, st.text()).map("".join))
def test_hostile_texts_are_refused_as_wrong_settings_and_in_no_other_way(text: str):
    refused: ConfigError | None = None
    try:
        parse_fake(text, name="door").close()
    except ConfigError as error:
        refused = error
    said = str(refused) if refused else "door: "
    assert said.startswith("door: ")
    assert len(said) < 300
