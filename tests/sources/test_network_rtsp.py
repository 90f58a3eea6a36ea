"""Against a real RTSP server (gst-rtsp-server) on loopback."""

import os
import signal
import threading
import time
from fractions import Fraction

import pytest

from live_servers import cut, free_port, read_to_the_end, rtsp_server, silent, socket_server
from posestream.errors import ConfigError, SourceError, SourceNotFoundError, SourceRefusedError
from posestream.sources.network import NetworkSource
from posestream.sources.opening import open_source
from posestream.sources.options import SourceOptions

QUICK = SourceOptions(timeout_s=2)


def take(source: NetworkSource, count: int) -> list:
    frames = source.frames()
    return [frame for frame, _ in zip(frames, range(count), strict=False)]


@pytest.fixture(scope="module")
def camera():
    with rtsp_server(user="me:p@ss") as server:
        yield server


def with_user(address: str, user: str) -> str:
    return address.replace("rtsp://", f"rtsp://{user}@")


def test_an_rtsp_stream_is_live_and_its_frames_come_in_order(camera):
    source = NetworkSource(with_user(camera.address, "me:p%40ss"), name="door", options=QUICK)
    assert source.info.live
    assert source.info.size == (320, 240)
    assert source.info.frame_rate == 25
    assert source.info.frame_count is None
    frames = take(source, 30)
    assert [frame.index for frame in frames] == list(range(30))
    times = [frame.pts_s for frame in frames]
    assert times == sorted(set(times))
    assert 0.9 < times[-1] - times[0] < 1.5
    assert {frame.stream for frame in frames} == {"door"}
    assert source.corrupt_frames == 0
    source.close()


def test_passwords_may_come_from_the_environment(camera, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAMERA_PASSWORD", "p@ss")
    address = with_user(camera.address, "me:${CAMERA_PASSWORD}")
    source = NetworkSource(address, options=QUICK)
    assert "ss" not in source.name
    assert len(take(source, 2)) == 2
    source.close()
    monkeypatch.delenv("CAMERA_PASSWORD")
    with pytest.raises(ConfigError, match="the environment has no variable CAMERA_PASSWORD"):
        NetworkSource(address, options=QUICK)


@pytest.mark.parametrize("transport", ["udp", "http"])
def test_other_transports_may_be_asked_for(camera, transport: str):
    options = SourceOptions(timeout_s=3, rtsp_transport=transport)
    source = open_source(with_user(camera.address, "me:p%40ss"), options=options)
    assert len(take(source, 10)) == 10
    source.close()


def test_a_wrong_password_and_none_at_all_are_told_apart(camera):
    with pytest.raises(SourceRefusedError, match=r"wrong user or password \(401") as caught:
        NetworkSource(with_user(camera.address, "me:hunter2"), options=QUICK)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(SourceError, match="asks for a user and a password"):
        NetworkSource(camera.address, options=QUICK)


def test_a_path_that_the_server_does_not_know_is_not_found(camera):
    address = with_user(camera.address, "me:p%40ss").replace("/live", "/attic")
    with pytest.raises(SourceNotFoundError, match=r"rtsp://\*\*\*@127.*/attic: .*404"):
        NetworkSource(address, options=QUICK)


def test_a_live_stream_has_no_start_and_no_loop(camera):
    with pytest.raises(ConfigError, match="start, end: a rtsp input is live"):
        open_source(camera.address, options=SourceOptions(start_s=1))
    with pytest.raises(ConfigError, match="loop: a rtsp input is live"):
        open_source(camera.address, options=SourceOptions(loop=True))


def test_frames_go_on_in_a_new_size():
    with rtsp_server(resize_after=0.5) as server:
        source = NetworkSource(server.address, options=QUICK)
        frames = take(source, 40)
        source.close()
    sizes = [frame.image.size for frame in frames]
    assert sizes[0] == (320, 240)
    assert sizes[-1] == (176, 144)
    assert sizes == sorted(sizes, reverse=True)
    times = [frame.pts for frame in frames]
    assert times == sorted(set(times))


def test_pictures_that_are_shown_out_of_their_order_come_in_order():
    with rtsp_server(bframes=2) as server:
        source = NetworkSource(server.address, options=QUICK)
        times = [frame.pts for frame in take(source, 30)]
        source.close()
    assert times == sorted(set(times))


@pytest.mark.parametrize("codec", ["h265", "mjpeg"])
def test_other_codecs(codec: str):
    with rtsp_server(codec=codec) as server:
        source = NetworkSource(server.address, options=SourceOptions(timeout_s=5))
        frames = take(source, 10)
        source.close()
    assert {frame.image.size for frame in frames} == {(320, 240)}


def test_a_stream_that_ends_ends():
    with rtsp_server(frames=40) as server:
        source = NetworkSource(server.address, options=QUICK)
        frames = list(source.frames())
    assert 30 <= len(frames) <= 42  # this server sends its first picture twice


def test_a_killed_server_ends_the_frames_soon():
    with rtsp_server() as server:
        source = NetworkSource(server.address, options=QUICK)
        server.kill()
        begun = time.monotonic()
        _, error = read_to_the_end(source)
        assert time.monotonic() - begun < 5
        assert error is None or server.address in str(error)
        with pytest.raises(SourceError, match="the connection was refused; nothing listens there"):
            NetworkSource(server.address, options=QUICK)
        server.restart()
        again = NetworkSource(server.address, options=QUICK)
        assert len(take(again, 3)) == 3
        again.close()


def test_a_server_that_hangs_midway_is_given_up_after_the_timeout():
    with rtsp_server() as server:
        source = NetworkSource(server.address, options=SourceOptions(timeout_s=1))
        os.kill(server.pid, signal.SIGSTOP)
        begun = time.monotonic()
        _, error = read_to_the_end(source)
        assert "timeout; " in str(error)
        assert time.monotonic() - begun < 5


def test_a_server_that_accepts_and_says_nothing_is_given_up_after_the_timeout():
    with socket_server(silent) as port:
        begun = time.monotonic()
        with pytest.raises(SourceError, match="timeout; waited 1 s for the connection or first"):
            NetworkSource(f"rtsp://127.0.0.1:{port}/", options=SourceOptions(timeout_s=1))
        assert time.monotonic() - begun < 5


def test_a_server_that_hangs_up_is_an_error():
    with socket_server(cut) as port, pytest.raises(SourceError, match=f"127.0.0.1:{port}"):
        NetworkSource(f"rtsp://127.0.0.1:{port}/", options=QUICK)


def test_a_server_that_speaks_another_language_is_an_error():
    with (
        socket_server(lambda connection: connection.sendall(b"\0garbage\r\n\r\n" * 999)) as port,
        pytest.raises(SourceError, match=f"rtsp://127.0.0.1:{port}/: "),
    ):
        NetworkSource(f"rtsp://127.0.0.1:{port}/", options=SourceOptions(timeout_s=1))


def test_a_host_that_nobody_knows_is_named():
    with pytest.raises(
        SourceError, match=r"rtsp://\*\*\*@nobody.invalid/: host nobody.invalid not"
    ):
        NetworkSource("rtsp://me:secret@nobody.invalid/", options=QUICK)


def test_a_look_up_without_an_answer_is_given_up(monkeypatch: pytest.MonkeyPatch):
    asked, go_on = threading.Event(), threading.Event()

    def hanging(*_: object) -> list:
        asked.set()
        go_on.wait(20)
        return []

    monkeypatch.setattr("socket.getaddrinfo", hanging)
    with pytest.raises(SourceError, match=r"timeout; host camera not found in 0.2 s"):
        NetworkSource("rtsp://camera/", options=SourceOptions(timeout_s=0.2))
    assert asked.is_set()
    go_on.set()


def test_closing_from_another_thread_ends_the_frames(camera):
    source = NetworkSource(with_user(camera.address, "me:p%40ss"), options=QUICK)
    got, ended = threading.Event(), threading.Event()

    def read() -> None:
        for _ in source.frames():
            got.set()
        ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert got.wait(5)
    source.close()
    source.close()
    assert ended.wait(5)
    thread.join()
    assert list(source.frames()) == []


def test_nothing_is_left_open_after_closing(camera):
    def handles() -> int:
        return len(os.listdir("/proc/self/fd"))

    address = with_user(camera.address, "me:p%40ss")
    NetworkSource(address, options=QUICK).close()
    before, threads = handles(), threading.active_count()
    for _ in range(2):
        source = NetworkSource(address, options=QUICK)
        take(source, 2)
        source.close()
        with pytest.raises(SourceError):
            NetworkSource(camera.address, options=QUICK)
    assert handles() <= before
    assert threading.active_count() <= threads


def test_several_streams_of_one_server_are_read_side_by_side():
    with rtsp_server() as server:
        sources = [NetworkSource(server.address, name=str(n), options=QUICK) for n in range(2)]
        for _ in range(2):
            for source in sources:
                assert take(source, 5)[0].stream == source.name
        for source in sources:
            source.close()


def test_a_port_that_is_free_refuses():
    with pytest.raises(SourceError, match="refused"):
        NetworkSource(f"rtsp://127.0.0.1:{free_port()}/x", options=QUICK)


def test_an_option_of_ffmpeg_reaches_it(camera):
    options = SourceOptions(timeout_s=2, ffmpeg={"rtsp_transport": "udp_multicast"})
    with pytest.raises(SourceError):  # the server offers no multicast
        NetworkSource(with_user(camera.address, "me:p%40ss"), options=options)


def test_a_rate_that_is_only_the_clock_of_the_protocol_is_none():
    from posestream.sources.network import _plausible

    assert _plausible(Fraction(90_000)) is None
    assert _plausible(Fraction(30_000, 1001)) == Fraction(30_000, 1001)
