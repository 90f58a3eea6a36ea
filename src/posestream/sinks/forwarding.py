"""Talk to servers in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import BinaryIO

from posestream.sinks.forwarded import CONNECTED
from posestream.sinks.publish_targets import PublishTarget

PIPE_FORMAT = "nut"
"""FFmpeg's name of the container in the pipe: it has no delay, and its clock does not overflow."""


class Forwarder:
    """A process that copies encoded pictures from a pipe to a server.

    PyAV holds the interpreter's lock while FFmpeg connects: in this process, a server that hangs
    would stop every stream for seconds. The address travels through the pipe, because arguments
    and environment of a process are for others to read.

    Args:
        target: Where to.

    Raises:
        OSError: If no process can be started.
    """

    def __init__(self, target: PublishTarget) -> None:
        self.connected = False
        self.error: str | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "posestream.sinks.forwarded"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # a Ctrl-C is for us, who then end it in order
        )
        assert self._process.stdin is not None
        self.pipe: BinaryIO = self._process.stdin  # type: ignore[assignment]
        settings = {
            "address": target.address,
            "format": target.format,
            "options": dict(target.options),
        }
        self.pipe.write(json.dumps(settings).encode() + b"\n")
        self._listener = threading.Thread(
            target=self._listen, name="posestream-publish-answers", daemon=True
        )
        self._listener.start()

    def end(self, timeout_s: float) -> bool:
        """Let the process say goodbye to its server, and kill it if that takes too long.

        Returns:
            Whether it ended by itself.
        """
        try:
            self.pipe.close()
            self._process.wait(timeout_s)
            return True
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        finally:
            self._listener.join(timeout_s)

    def kill(self) -> None:
        """End the process at once; whoever writes to the pipe gets an error."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                text = line.decode(errors="replace").strip()
                if text == CONNECTED:
                    self.connected = True
                else:
                    self.error = text
        self.connected = False
