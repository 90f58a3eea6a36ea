from dataclasses import FrozenInstanceError
from fractions import Fraction

import pytest

from posestream.errors import ConfigError
from posestream.sources.addresses import InputKind
from posestream.sources.input_options import input_options
from posestream.sources.options import GUARDS, SourceOptions

NETWORK = [
    *(InputKind.RTSP, InputKind.HTTP, InputKind.UDP, InputKind.RTP, InputKind.RTMP, InputKind.SRT),
]


def test_options_have_defaults_and_do_not_change():
    options = SourceOptions()
    assert (options.rtsp_transport, options.timeout_s, options.live) == ("tcp", 10.0, None)
    with pytest.raises(FrozenInstanceError):
        options.loop = True  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"start_s": -1.0}, "start: must be at least 0 seconds, not -1"),
        ({"end_s": float("nan")}, "end: must be at least 0 seconds, not nan"),
        ({"start_s": 5.0, "end_s": 5.0}, "end: 5.0 must be after start: 5.0"),
        ({"timeout_s": 0.0}, "timeout: must be more than 0 and at most 3600, not 0"),
        ({"timeout_s": float("nan")}, "timeout: must be more than 0"),
        ({"rate": Fraction(0)}, "rate: must be more than 0 and at most 1000, not 0"),
        ({"threads": 0}, "threads: must be 1 to 256, not 0"),
        ({"rtsp_transport": "tpc"}, "not 'tpc'. Did you mean 'tcp'?"),
        ({"ffmpeg": {"a": 1}}, "ffmpeg: names and values must be text; 'a' is not so"),
    ],
)
def test_a_wrong_value_is_named(values: dict, message: str):
    with pytest.raises(ConfigError) as caught:
        SourceOptions(**values)
    assert message in str(caught.value)


@pytest.mark.parametrize("key", [*sorted(GUARDS), "-protocol_whitelist", "Protocol_Whitelist"])
def test_what_guards_an_input_cannot_be_changed(key: str):
    with pytest.raises(ConfigError, match=rf"ffmpeg\.{key}: guards what an input may open"):
        SourceOptions(ffmpeg={key: "file,http"})


@pytest.mark.parametrize("kind", NETWORK)
def test_no_network_input_may_open_files_or_lists_of_them(kind: InputKind):
    options = input_options(kind, SourceOptions())
    protocols = set(options["protocol_whitelist"].split(","))
    assert not protocols & {"file", "pipe", "concat", "subfile", "data", "async", "cache", "fd"}
    formats = set(options["format_whitelist"].split(","))
    assert not formats & {"concat", "lavfi", "image2", "alsa", "x11grab", "vobsub"}
    assert ("hls" in formats) == (kind is InputKind.HTTP)


def test_options_of_a_stream_go_over_ours_and_under_the_guards():
    given = SourceOptions(ffmpeg={"user_agent": "me", "analyzeduration": "7"}, timeout_s=3)
    options = input_options(InputKind.HTTP, given)
    assert (options["user_agent"], options["analyzeduration"]) == ("me", "7")
    assert options["rw_timeout"] == "3000000"
    rtsp = input_options(InputKind.RTSP, SourceOptions(rtsp_transport="udp"))
    assert rtsp["rtsp_transport"] == "udp"
    assert rtsp["allowed_media_types"] == "video"
