"""A real RTSP server with a moving test picture.

Runs under the system's Python, which has GStreamer, and prints ``ready`` once it listens.
"""

from __future__ import annotations

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

ENCODERS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast threads=1"
    " bframes={bframes} key-int-max={gop} ! video/x-h264,profile=main"
    " ! rtph264pay config-interval=-1",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={gop}"
    " ! h265parse ! rtph265pay config-interval=-1",
    "mjpeg": "jpegenc ! rtpjpegpay",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", action="append", default=[], help="mount point; may be repeated")
    parser.add_argument("--codec", choices=ENCODERS, default="h264")
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--rate", type=int, default=25)
    parser.add_argument("--gop", type=int, default=25)
    parser.add_argument("--bframes", type=int, default=0)
    parser.add_argument("--user", help="user:password that every client must know")
    parser.add_argument("--resize-after", type=float, help="seconds until the size changes")
    parser.add_argument("--second-size", default="176x144")
    parser.add_argument("--frames", type=int, default=-1, help="the end, after so many frames")
    parser.add_argument("--loss", type=float, default=0, help="share of packets to lose")
    parser.add_argument("--sound", action="store_true")
    return parser.parse_args()


def caps(size: str, rate: int) -> str:
    width, height = size.split("x")
    return f"video/x-raw,format=I420,width={width},height={height},framerate={rate}/1"


def launch(options: argparse.Namespace) -> str:
    payloader = "name=pay0 pt=96"
    if options.loss:  # packets are lost behind the payloader, as on a network
        payloader = f"pt=96 ! identity drop-probability={options.loss} name=pay0"
    encoder = ENCODERS[options.codec].format(gop=options.gop, bframes=options.bframes)
    video = (
        f"videotestsrc is-live=true pattern=ball num-buffers={options.frames} ! videoscale"
        f" ! capsfilter name=size caps={caps(options.size, options.rate)}"
        f" ! {encoder} {payloader}"
    )
    sound = "audiotestsrc is-live=true volume=0.1 ! alawenc ! rtppcmapay name=pay1 pt=8"
    return f"( {video} {sound if options.sound else ''} )"


def change_size(factory: object, media: GstRtspServer.RTSPMedia, options: argparse.Namespace):
    element = media.get_element().get_by_name("size")

    def change() -> bool:
        element.set_property("caps", Gst.Caps.from_string(caps(options.second_size, options.rate)))
        return False

    GLib.timeout_add(int(1000 * options.resize_after), change)


def require(server: GstRtspServer.RTSPServer, user: str) -> None:
    name, _, password = user.partition(":")
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(name, password), token)
    server.set_auth(auth)


def main() -> None:
    options = arguments()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(options.host)
    server.set_service(str(options.port))
    for path in options.path or ["/live"]:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch(options))
        factory.set_shared(True)
        if options.resize_after:
            factory.connect("media-configure", change_size, options)
        if options.user:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("user", "media.factory.access", True)
            permissions.add_permission_for_role("user", "media.factory.construct", True)
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)
    if options.user:
        require(server, options.user)
    if not server.attach(None):
        raise SystemExit(f"port {options.port} is taken")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
