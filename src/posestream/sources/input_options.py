"""What FFmpeg is told about each kind of input: what it may open, and to be quick.

Each kind may use only the protocols and formats that it needs. FFmpeg hands both lists on to
whatever a playlist or a redirect names, so a network input cannot reach the files of this
machine, nor its pipes and other programs.
"""

from __future__ import annotations

from posestream.containers import MAX_PIXELS, self_contained_formats
from posestream.credentials import with_secrets
from posestream.sources.addresses import InputKind
from posestream.sources.options import SourceOptions

_WEB = "http,https,httpproxy,tcp,tls"
_PROTOCOLS = {
    InputKind.RTSP: f"rtp,srtp,udp,{_WEB}",
    InputKind.HTTP: f"{_WEB},crypto",
    InputKind.UDP: "udp",
    InputKind.RTP: "rtp,udp",
    InputKind.SDP: "file,rtp,srtp,udp",
    InputKind.RTMP: f"rtmp,rtmps,rtmpt,rtmpts,rtmpe,rtmpte,ffrtmphttp,ffrtmpcrypt,{_WEB}",
    InputKind.SRT: "srt",
}
_FORMATS = {
    InputKind.RTSP: {"rtsp"},
    InputKind.RTP: {"rtp", "sdp"},
    InputKind.SDP: {"sdp"},
    InputKind.RTMP: {"flv", "live_flv"},
}
# Never fflags=nobuffer: it throws away what was read to find out what the stream is, the first
# key frame with it, so that the first picture comes one key frame later. Nor flags=low_delay:
# decoders show each picture at once where the stream has no B frames, and need theirs otherwise.
_QUICK = {
    "probesize": "1000000",  # bytes
    "analyzeduration": "500000",  # microseconds
    "fpsprobesize": "3",  # frames; by default 20, which is most of a second
}
_RECONNECT_DELAY_MAX_S = "2"  # tries come after 0 and 1 s; one more would come after another 3
_QUICK_WITHOUT_DESCRIPTION = {"probesize": "2000000", "analyzeduration": "2000000"}


def input_options(kind: InputKind, options: SourceOptions) -> dict[str, str]:
    """Return FFmpeg's options for opening an input of this kind, the stream's own among them."""
    formats = _FORMATS.get(kind)
    if formats is None:
        formats = self_contained_formats() | ({"hls"} if kind is InputKind.HTTP else set())
    chosen = _chosen(kind, options)
    guards = {
        "protocol_whitelist": _PROTOCOLS[kind],
        "format_whitelist": ",".join(sorted(formats)),
        "max_pixels": str(MAX_PIXELS),
    }
    given = {key: with_secrets(value) for key, value in options.ffmpeg.items()}
    return chosen | given | guards


def _chosen(kind: InputKind, options: SourceOptions) -> dict[str, str]:
    # Beside PyAV's own limits: these also bound what is said on the way out, as in close().
    timeout_us = str(int(options.timeout_s * 1e6))
    if kind is InputKind.RTSP:
        return _QUICK | {
            "rtsp_transport": options.rtsp_transport,
            "allowed_media_types": "video",
            "timeout": timeout_us,
        }
    if kind in (InputKind.SDP, InputKind.RTP):
        return dict(_QUICK)
    if kind is InputKind.HTTP:
        return {
            "rw_timeout": timeout_us,
            "reconnect": "1",  # only where the length is known and was not reached
            # FFmpeg 8.1 asks for the connection to be closed after each answer, and still sends its
            # next request over it unless the server said in so many words that it will close.
            "reconnect_on_network_error": "1",  # so a refused connection takes a second
            "reconnect_delay_max": _RECONNECT_DELAY_MAX_S,
            "analyzeduration": "2000000",
        }
    if kind is InputKind.UDP:
        return _QUICK_WITHOUT_DESCRIPTION | {
            "overrun_nonfatal": "1",
            # A sender that starts again with other PIDs goes on in the same stream.
            "merge_pmt_versions": "1",
        }
    return _QUICK_WITHOUT_DESCRIPTION | {"rw_timeout": timeout_us}
