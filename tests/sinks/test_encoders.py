"""Which encoder is used, and what our settings become."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from clips import number_in, picture
from posestream.errors import ConfigError, SinkError
from posestream.images import HostImage
from posestream.sinks import encoders
from posestream.sinks.encoders import PRESETS, Encoding, encoding
from posestream.sinks.mp4 import Mp4File
from posestream.sinks.video import VideoSink
from posestream.types import Frame


def test_x264_takes_preset_and_quality_as_they_are():
    for name in ("auto", "libx264"):
        made = encoding(name, preset="veryfast", crf=20)
        assert made == Encoding("libx264", {"preset": "veryfast", "crf": "20"})


def test_nvenc_gets_its_own_presets_and_constant_quality(monkeypatch):
    monkeypatch.setattr(encoders, "_complaint", lambda _: None)
    made = [encoding("h264_nvenc", preset=preset, crf=23) for preset in PRESETS]
    presets = [one.options["preset"] for one in made]
    assert presets == ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p7"]
    assert made[0].options == {"preset": "p1", "rc": "vbr", "cq": "23", "b": "0"}
    assert encoding("h264_nvenc", preset="slow", crf=0).options["cq"] == "1"


def test_hevc_is_tagged_so_that_every_player_knows_it(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(encoders, "_complaint", lambda _: None)
    tag = encoding("hevc_nvenc", preset="fast", crf=23).tag
    first = HostImage.from_rgb(picture(1)).yuv420p_copy().frame
    file = Mp4File(  # another encoder of the same format, which needs no GPU
        tmp_path / "o.mp4",
        first=first,
        time_base=Fraction(1, 25),
        rate=Fraction(25),
        pixel_aspect=Fraction(1),
        encoding=Encoding("libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}, tag),
        threads=1,
    )
    file.start(None, shift_s=Fraction(0), trim=False)
    for number in range(5):
        frame = HostImage.from_rgb(picture(number)).yuv420p_copy().frame
        frame.pts, frame.time_base, frame.duration = number, Fraction(1, 25), 1
        file.write(frame)
    file.finish(sound_until_s=None)
    with av.open(str(tmp_path / "o.mp4")) as written:
        assert written.streams.video[0].codec_context.codec_tag == "hvc1"
        shown = [number_in(f.to_ndarray(format="rgb24")) for f in written.decode(video=0)]
    assert shown == [0, 1, 2, 3, 4]


def test_an_encoder_that_this_machine_lacks_is_refused_by_name(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(encoders, "_complaint", lambda _: "Operation not permitted")
    message = r"encoder: h264_nvenc does not work here \(Operation not permitted\).*use libx264"
    with pytest.raises(SinkError, match=message):
        VideoSink(tmp_path / "o.mp4", encoder="h264_nvenc")
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_nobody_has_is_a_setting_that_cannot_be():
    with pytest.raises(ConfigError, match=r"encoder: 'h265_nvenc' is not one of auto, .* mean 'h"):
        encoding("h265_nvenc", preset="fast", crf=23)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["h264_nvenc", "hevc_nvenc"])
def test_nvenc_writes_a_video_where_there_is_one(tmp_path: Path, name: str):
    if (complaint := encoders._complaint(name)) is not None:
        with pytest.raises(SinkError, match="does not work here"):
            encoding(name, preset="fast", crf=23)
        pytest.skip(f"no {name}: {complaint}")
    sink = VideoSink(tmp_path / "o.mp4", encoder=name)
    for number in range(10):
        image = HostImage.from_rgb(picture(number))
        sink.write(Frame("s", number, number, Fraction(1, 25), image, 0.0))
    sink.close()
    with av.open(str(tmp_path / "o.mp4")) as written:
        shown = [number_in(f.to_ndarray(format="rgb24")) for f in written.decode(video=0)]
    assert shown == [*range(10)]
