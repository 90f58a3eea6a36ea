"""An RTSP server that takes one publisher at ``/live`` and keeps what comes as raw H.264.

Run by the system's Python, which has PyGObject: ``rtsp_record_server.py PORT FILE``. Prints
``ready PORT`` once it listens.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PIPELINE = (
    "( rtph264depay name=depay0 ! h264parse config-interval=-1 "
    "! video/x-h264,stream-format=byte-stream ! filesink location={} buffer-mode=unbuffered )"
)


def main(port: str, file: str) -> None:
    Gst.init(None)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(PIPELINE.format(file))
    factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    print("ready", server.get_bound_port(), flush=True)  # noqa: T201 - what the test waits for
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
