"""The process at the other end of a `forwarding.Forwarder`: copies pictures to a server.

Run as a program. Standard input begins with a line of JSON (address, format, options); encoded
video in the NUT container follows. Standard output says ``connected``, or why it ended.
"""

from __future__ import annotations

import json
import os
import sys
from io import FileIO

import av
from av.error import FFmpegError

CONNECTED = "connected"
"""What is said when the server takes pictures."""


def forward(source: FileIO, address: str, form: str, options: dict[str, str]) -> None:
    """Copy every picture as it comes, until there are no more.

    Raises:
        FFmpegError: If the server cannot be reached, refuses, or goes away.
    """
    # What can be known of the video stands in its first bytes; waiting for more would be delay.
    known = {"fflags": "nobuffer", "fpsprobesize": "0"}
    with (
        av.open(source, format="nut", container_options=known, buffer_size=4096) as pictures,
        av.open(address, "w", format=form, container_options=options) as server,
    ):
        incoming = pictures.streams.video[0]
        outgoing = server.add_stream_from_template(incoming)
        server.start_encoding()
        print(CONNECTED, flush=True)  # noqa: T201 - the protocol between the two processes
        for packet in pictures.demux(incoming):
            if packet.dts is not None:
                packet.stream = outgoing
                server.mux(packet)


def main() -> None:
    """Read where to, and forward."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)  # no more than the line: FFmpeg reads what follows
        if not byte:
            return
        line += byte
    settings = json.loads(line)
    try:
        with FileIO(0, closefd=False) as source:
            forward(source, settings["address"], settings["format"], settings["options"])
    except (FFmpegError, OSError) as error:
        print(error.strerror or error, flush=True)  # noqa: T201 - as above
        sys.exit(1)


if __name__ == "__main__":
    main()
