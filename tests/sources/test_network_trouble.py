"""Cables that are cut, which needs root and iproute2 and is skipped elsewhere; lost packets."""

import itertools
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import clips
from live_servers import (
    RtspServer,
    datagrams,
    free_port,
    read_to_the_end,
    rtsp_server,
)
from network_namespaces import Link, network_link
from posestream.errors import SourceError
from posestream.sources.network import NetworkSource
from posestream.sources.options import SourceOptions


@pytest.fixture
def link() -> Iterator[Link]:
    with network_link() as link:
        yield link


@pytest.fixture
def far_camera(link: Link) -> Iterator[RtspServer]:
    with rtsp_server(host=link.THERE, prefix=link.prefix) as server:
        yield server


@pytest.mark.parametrize("transport", ["tcp", pytest.param("udp", marks=pytest.mark.slow)])
def test_a_cut_cable_is_noticed_after_the_timeout(
    link: Link, far_camera: RtspServer, transport: str
):
    options = SourceOptions(timeout_s=1, rtsp_transport=transport)
    source = NetworkSource(far_camera.address, options=options)
    frames = source.frames()
    assert next(frames).image.size == (320, 240)
    link.cut()
    begun = time.monotonic()
    _, error = read_to_the_end(source)
    assert "timeout" in str(error)
    assert time.monotonic() - begun < 6
    begun = time.monotonic()
    with pytest.raises(SourceError, match=r"timeout|cannot be reached"):
        NetworkSource(far_camera.address, options=options)
    assert time.monotonic() - begun < 6
    link.mend()
    again = NetworkSource(far_camera.address, options=SourceOptions(timeout_s=5))
    assert next(again.frames()).image.size == (320, 240)
    again.close()


def test_frames_go_on_where_packets_are_lost():
    # The kernel of a test machine seldom has netem; so the server loses the packets.
    with rtsp_server(loss=0.2) as server:
        source = NetworkSource(
            server.address, options=SourceOptions(timeout_s=5, rtsp_transport="udp")
        )
        frames = [frame for frame, _ in zip(source.frames(), range(40), strict=False)]
        source.close()
    times = [frame.pts_s for frame in frames]
    assert len(frames) == 40
    assert times == sorted(set(times))
    # Each of these small pictures is one packet: where one was lost, a picture is missing.
    assert max(after - before for before, after in itertools.pairwise(times)) > 0.06


def test_datagrams_that_are_lost_are_counted_and_frames_go_on(tmp_path: Path):
    part = clips.record(tmp_path / "a.ts", frames=120, options={"g": "10"})
    port = free_port(socket.SOCK_DGRAM)
    with datagrams(port, part, rate=150, keep=lambda number: number % 15 != 14):
        source = NetworkSource(f"udp://127.0.0.1:{port}", options=SourceOptions(timeout_s=1))
        frames, error = read_to_the_end(source)
    assert "timeout" in str(error)
    assert len(frames) > 60
    assert source.corrupt_frames > 0
    times = [frame.pts for frame in frames]
    assert times == sorted(set(times))
