from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from posestream.demo.clip import demo_frames, make_demo_clip
from posestream.demo.scenes import SHOTS, Actor, Place
from posestream.errors import OutputExistsError, SinkError
from posestream.images import HostImage, plane_arrays

SMALL = (320, 180)


def lumas(seconds: float) -> list[np.ndarray]:
    return [
        plane_arrays(frame)[0].astype(int) for frame in demo_frames(seconds=seconds, size=SMALL)
    ]


def test_the_clip_is_a_video_of_the_length_and_size_that_was_asked_for(tmp_path):
    path = make_demo_clip(tmp_path / "new" / "demo.mp4", seconds=2, size=SMALL)
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == SMALL
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == 30
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
    assert times == [Fraction(i, 30) for i in range(60)]


def test_each_shot_has_its_own_sky_and_moves():
    frames = lumas(2)
    sky = np.array([np.abs(a[:6] - b[:6]).mean() for a, b in pairwise(frames)])
    cuts = sky > 4
    assert cuts.sum() == len(SHOTS) - 1
    below = np.array([np.abs(a - b).mean() for a, b in pairwise(frames)])
    assert below.min() > 0.05


def test_the_shots_fill_the_clip():
    assert sum(shot.share for shot in SHOTS) == pytest.approx(1)
    assert max(len(shot.actors) for shot in SHOTS) >= 3


def test_the_clip_is_the_same_every_time():
    for first, second in zip(lumas(0.3), lumas(0.3), strict=True):
        np.testing.assert_array_equal(first, second)


def test_the_colours_are_those_of_the_photographs():
    *_, frame = demo_frames(seconds=0.2, size=(1280, 720))
    picture = HostImage(next(demo_frames(seconds=0.2, size=(1280, 720)))).rgb().astype(int)
    orange = (picture[..., 0] > 200) & (picture[..., 1] < 130) & (picture[..., 2] < 90)
    assert orange.mean() > 0.03
    assert frame.colorspace == 1


def test_an_actor_goes_from_start_to_end():
    actor = Actor("collins", Place(-1, 1, 0.5), Place(1, 1.2, 0.7), steps=3)
    assert actor.place_at(0) == actor.start
    assert actor.place_at(1).x == actor.end.x
    assert -1 < actor.place_at(0.5).x < 1
    assert actor.lean_at(0) == 0
    assert max(abs(actor.lean_at(t / 20)) for t in range(20)) > 1


def test_an_existing_file_is_refused_unless_told(tmp_path):
    path = tmp_path / "demo.mp4"
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match=r"demo\.mp4: exists"):
        make_demo_clip(path, seconds=0.1, size=SMALL)
    assert path.read_text() == "mine"
    make_demo_clip(path, seconds=0.1, size=SMALL, overwrite=True)
    assert path.stat().st_size > 100


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SinkError, match=r"demo\.mp4: cannot be written"):
        make_demo_clip(tmp_path / "file" / "demo.mp4", seconds=0.1, size=SMALL)
