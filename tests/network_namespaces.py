"""A network cable between two network namespaces of this machine, for tests that cut it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

import pytest


class Link:
    """A network of one cable into a namespace of this machine, that can be cut."""

    HERE, THERE = "10.231.77.1", "10.231.77.2"

    def __init__(self, name: str) -> None:
        self.name = name
        self.prefix = ("ip", "netns", "exec", name)
        """Words before a command that is to run on the other side."""

    def run(self, *command: str) -> None:
        """Run a command here."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        if done.returncode:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")

    def cut(self) -> None:
        """Pull the cable out."""
        self.run("ip", "-n", self.name, "link", "set", "far", "down")

    def mend(self) -> None:
        """Put the cable in again."""
        self.run("ip", "-n", self.name, "link", "set", "far", "up")


@contextlib.contextmanager
def network_link() -> Iterator[Link]:
    """Make a network namespace; skips the test where that is not allowed."""
    link = Link(f"posestream-{os.getpid()}")
    near = f"ps{os.getpid()}"
    try:
        link.run("ip", "netns", "add", link.name)
    except OSError as error:
        pytest.skip(f"needs network namespaces ({error})")
    try:
        link.run("ip", "link", "add", near, "type", "veth", "peer", "far", "netns", link.name)
        link.run("ip", "addr", "add", f"{link.HERE}/30", "dev", near)
        link.run("ip", "link", "set", near, "up")
        link.run("ip", "-n", link.name, "addr", "add", f"{link.THERE}/30", "dev", "far")
        link.run("ip", "-n", link.name, "link", "set", "lo", "up")
        link.mend()
        yield link
    finally:
        with contextlib.suppress(OSError):
            link.run("ip", "link", "del", near)
        link.run("ip", "netns", "del", link.name)
