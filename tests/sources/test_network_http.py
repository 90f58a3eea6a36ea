"""Against a real HTTP server on loopback: recordings, HLS, endless JPEGs, and what is refused."""

import threading
import time
from pathlib import Path

import cv2
import pytest

import clips
from live_servers import (
    answer,
    cut,
    endless_jpegs,
    http_server,
    live_hls,
    part_of,
    read_to_the_end,
    silent,
    socket_server,
)
from posestream.errors import ConfigError, SourceError, SourceNotFoundError
from posestream.sources import Source
from posestream.sources.network import NetworkSource
from posestream.sources.opening import open_source
from posestream.sources.options import SourceOptions

QUICK = SourceOptions(timeout_s=2)


def numbers(source: Source) -> list[int]:
    try:
        return [clips.number_in(frame.image.rgb()) for frame in source.frames()]
    finally:
        source.close()


def playlist(path: Path, *segments: str, end: bool = True) -> None:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:3"]
    for segment in segments:
        lines += ["#EXTINF:3,", segment]
    path.write_text("\n".join([*lines, *["#EXT-X-ENDLIST"] * end, ""]))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_recording_on_a_server_is_read_as_a_file(tmp_path: Path, name: str):
    clips.record(tmp_path / name, frames=60)
    with http_server(tmp_path) as server:
        source = open_source(f"{server}/{name}", options=QUICK)
        assert not source.info.live
        assert source.info.frame_rate == 25
        assert source.info.frame_count == pytest.approx(60, abs=1)
        assert source.name == "127.0.0.1-a"
        assert numbers(source) == list(range(60))


def test_a_part_of_a_recording_on_a_server(tmp_path: Path):
    clips.record(tmp_path / "a.mp4", frames=100, options={"g": "25"})
    with http_server(tmp_path) as server:
        options = SourceOptions(start_s=1.2, end_s=2)
        source = open_source(f"{server}/a.mp4", options=options)
        assert source.info.frame_count == 20
        assert numbers(source) == list(range(30, 50))


@pytest.mark.parametrize("name", ["a.mp4", "a.ts"])
def test_a_server_that_closes_without_a_word_is_asked_again(tmp_path: Path, name: str):
    clips.record(tmp_path / name, frames=200)
    with http_server(tmp_path, says_close=False) as server:
        for _ in range(4):  # whether the connection is gone in time is a matter of chance
            assert numbers(NetworkSource(f"{server}/{name}", options=QUICK)) == list(range(200))


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_a_jump_never_lands_behind_the_start(tmp_path: Path, name: str):
    # Nothing tells where the key frames of MPEG-TS are, so the first jump lands between two.
    clips.record(tmp_path / name, frames=250, options={"g": "100", "sc_threshold": "0"})
    options = SourceOptions(timeout_s=2, start_s=6.4, end_s=6.8)
    with http_server(tmp_path) as server:
        source = NetworkSource(f"{server}/{name}", options=options)
        assert numbers(source) == list(range(160, 170))
        assert source.corrupt_frames == 0


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_server_without_ranges_is_read_from_the_beginning(tmp_path: Path, name: str):
    faststart = {"movflags": "faststart"} if name == "a.mp4" else None
    clips.record(tmp_path / name, frames=100, options={"g": "25"}, container_options=faststart)
    with http_server(tmp_path, ranges=False) as server:
        options = SourceOptions(timeout_s=2, start_s=2.2, end_s=3)
        assert numbers(NetworkSource(f"{server}/{name}", options=options)) == list(range(55, 75))


def test_a_finished_playlist_is_read_as_a_file(tmp_path: Path):
    clips.record(tmp_path / "a.m3u8", frames=60, container_options={"hls_time": "1"})
    with http_server(tmp_path) as server:
        source = NetworkSource(f"{server}/a.m3u8", options=QUICK)
        assert not source.info.live
        assert numbers(source) == list(range(60))


def test_a_playlist_that_grows_is_live(tmp_path: Path):
    with http_server(tmp_path) as server, live_hls(tmp_path):
        source = NetworkSource(f"{server}/live.m3u8", options=SourceOptions(timeout_s=5))
        assert source.info.live
        got = [
            clips.number_in(f.image.rgb()) for f, _ in zip(source.frames(), range(40), strict=False)
        ]
        source.close()
        with pytest.raises(ConfigError, match=r"live\.m3u8 is live and has no beginning"):
            NetworkSource(f"{server}/live.m3u8", options=SourceOptions(start_s=1))
    assert got == list(range(got[0], got[0] + 40))


def test_a_live_playlist_is_played_at_its_own_speed(tmp_path: Path):
    with http_server(tmp_path) as server, live_hls(tmp_path):
        source = open_source(f"{server}/live.m3u8", options=SourceOptions(timeout_s=5))
        frames = [frame for frame, _ in zip(source.frames(), range(30), strict=False)]
        source.close()
    assert source.info.live
    assert frames[-1].wall_s - frames[0].wall_s > 0.6 * (frames[-1].pts_s - frames[0].pts_s)


def test_endless_jpegs_are_live_and_get_the_times_of_their_arrival():
    jpeg = cv2.imencode(".jpg", clips.picture(5))[1].tobytes()
    with http_server(routes={"/mjpeg": endless_jpegs(jpeg, rate=20, count=30)}) as server:
        source = NetworkSource(f"{server}/mjpeg", options=QUICK)
        assert source.info.live
        assert source.info.frame_rate is None
        frames, error = read_to_the_end(source)
    assert "the connection broke off" in str(error)
    assert len(frames) == 30
    times = [frame.pts_s for frame in frames]
    assert times == sorted(set(times))
    assert 1.3 < times[-1] - times[0] < 4


def test_whether_a_stream_is_live_may_be_said(tmp_path: Path):
    clips.record(tmp_path / "a.mp4", frames=10)
    with http_server(tmp_path) as server:
        source = NetworkSource(f"{server}/a.mp4", options=SourceOptions(live=True))
        assert source.info.live
        assert len(list(source.frames())) == 10


def test_redirects_to_the_web_are_followed(tmp_path: Path):
    clips.record(tmp_path / "a.mp4", frames=10)
    with http_server(tmp_path, {"/old": answer(302, Location="/a.mp4")}) as server:
        assert len(numbers(NetworkSource(f"{server}/old", options=QUICK))) == 10


@pytest.mark.parametrize(
    "segment",
    [
        "file://{ts}",
        "{ts}",
        "concat:{ts}|{ts}",
        "subfile,,start,0,end,99999,,:{ts}",
        "pipe:0",
        "async:file:{ts}",
        "crypto:file:{ts}",
        "data:video/mp2t;base64,R0c=",
        "udp://127.0.0.1:9",
    ],
)
def test_a_playlist_cannot_lead_out_of_the_web(tmp_path: Path, segment: str):
    outside = tmp_path / "private"
    outside.mkdir()
    ts = clips.record(outside / "a.ts", frames=30)
    served = tmp_path / "served"
    served.mkdir()
    playlist(served / "a.m3u8", segment.format(ts=ts))
    with (
        http_server(served) as server,
        pytest.raises(SourceError, match=r"a\.m3u8: .*may only lead to http:// and https://"),
    ):
        NetworkSource(f"{server}/a.m3u8", options=QUICK)


def test_what_leads_out_of_the_web_is_left_out_of_a_good_playlist(tmp_path: Path):
    ts = clips.record(tmp_path / "a.ts", frames=30)
    private = clips.record(tmp_path / "private.ts", frames=20, size=(640, 480))
    playlist(tmp_path / "a.m3u8", "a.ts", f"file://{private}", f"concat:{private}")
    with http_server(tmp_path) as server:
        source = NetworkSource(f"{server}/a.m3u8", options=QUICK)
        frames, error = read_to_the_end(source)
    assert {frame.image.size for frame in frames} == {(320, 240)}
    assert "broke off after" in str(error)
    assert ts.exists()


@pytest.mark.parametrize("target", ["file:///etc/hostname", "pipe:0", "ftp://127.0.0.1/a.mp4"])
def test_a_redirect_cannot_lead_out_of_the_web(target: str):
    with (
        http_server(routes={"/a.mp4": answer(302, Location=target)}) as server,
        pytest.raises(SourceError, match="redirect may only lead to http:// and https://"),
    ):
        NetworkSource(f"{server}/a.mp4", options=QUICK)


def test_other_documents_that_name_files_are_refused(tmp_path: Path):
    ts = clips.record(tmp_path / "a.ts", frames=10)
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile file:{ts}\n")
    (tmp_path / "text.mp4").write_text("no video at all\n" * 50)
    (tmp_path / "sdp.mp4").write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 33\n")
    with http_server(tmp_path) as server:
        for name in ("list.mp4", "text.mp4", "sdp.mp4"):
            with pytest.raises(SourceError, match=f"{name}: is no video that can be read"):
                NetworkSource(f"{server}/{name}", options=QUICK)


def test_what_the_server_refuses_is_said_in_words():
    routes = {
        "/401": answer(401, WWW_Authenticate='Basic realm="x"'),
        "/403": answer(403),
        "/503": answer(503),
        "/loop": answer(302, Location="/loop"),
    }
    with http_server(routes=routes) as server:
        with pytest.raises(SourceNotFoundError, match="404"):
            NetworkSource(f"{server}/gone.mp4", options=QUICK)
        with pytest.raises(SourceError, match="asks for a user and a password"):
            NetworkSource(f"{server}/401", options=QUICK)
        with pytest.raises(SourceError, match=r"//\*\*\*@127.*wrong user or password"):
            NetworkSource(f"{server}/401".replace("//", "//me:secret@"), options=QUICK)
        with pytest.raises(SourceError, match="403 forbidden"):
            NetworkSource(f"{server}/403", options=QUICK)
        with pytest.raises(SourceError, match=r"the server refuses it .*5XX"):
            NetworkSource(f"{server}/503", options=QUICK)
        with pytest.raises(SourceError, match="from one address to the next without end"):
            NetworkSource(f"{server}/loop", options=QUICK)


def test_certificates_are_checked_where_that_is_asked_for(
    tmp_path: Path, certificate: tuple[Path, Path]
):
    clips.record(tmp_path / "a.mp4", frames=5)
    checked = {"tls_verify": "1"}
    with http_server(tmp_path, certificate=certificate) as server:
        assert len(numbers(NetworkSource(f"{server}/a.mp4", options=QUICK))) == 5
        with pytest.raises(SourceError, match="the certificate is not trusted"):
            NetworkSource(f"{server}/a.mp4", options=SourceOptions(timeout_s=2, ffmpeg=checked))
        trusted = checked | {"ca_file": str(certificate[0])}
        source = NetworkSource(f"{server}/a.mp4", options=SourceOptions(ffmpeg=trusted))
        assert len(numbers(source)) == 5


def test_a_recording_that_is_cut_off_is_an_error_after_its_frames(tmp_path: Path):
    data = clips.record(
        tmp_path / "a.mp4", frames=100, container_options={"movflags": "faststart"}
    ).read_bytes()
    half = part_of(data[: len(data) // 2], total=len(data), then=cut)
    with socket_server(half) as port:
        source = NetworkSource(f"http://127.0.0.1:{port}/a.mp4", options=QUICK)
        frames, error = read_to_the_end(source)
    assert "a.mp4: " in str(error)
    assert 10 < len(frames) < 90


def test_a_recording_whose_length_the_server_hides_is_still_known_to_be_cut_off(tmp_path: Path):
    data = clips.record(
        tmp_path / "a.mp4", frames=150, container_options={"movflags": "faststart"}
    ).read_bytes()

    def behave(connection) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + data[: len(data) // 3])
        cut(connection)

    with socket_server(behave) as port:
        source = NetworkSource(f"http://127.0.0.1:{port}/a.mp4", options=QUICK)
        assert not source.info.live
        with pytest.raises(SourceError, match="broke off"):
            list(source.frames())


def test_a_server_that_stops_sending_is_given_up_after_the_timeout(tmp_path: Path):
    data = clips.record(
        tmp_path / "a.mp4", frames=100, container_options={"movflags": "faststart"}
    ).read_bytes()
    half = part_of(data[: len(data) // 2], total=len(data), then=silent)
    with socket_server(half) as port:
        options = SourceOptions(timeout_s=1)
        source = NetworkSource(f"http://127.0.0.1:{port}/a.mp4", options=options)
        begun = time.monotonic()
        with pytest.raises(SourceError, match="timeout; "):
            list(source.frames())
        assert time.monotonic() - begun < 6


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_accepts_and_says_nothing_is_given_up(scheme: str):
    with socket_server(silent) as port:
        begun = time.monotonic()
        with pytest.raises(SourceError, match="s for the connection or first data"):
            NetworkSource(f"{scheme}://127.0.0.1:{port}/", options=SourceOptions(timeout_s=0.5))
        assert time.monotonic() - begun < 5


def test_closing_ends_a_wait_that_never_ends_with_the_timeout(tmp_path: Path):
    jpeg = cv2.imencode(".jpg", clips.picture(5))[1].tobytes()

    def behave(connection) -> None:
        connection.recv(4096)
        head = "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=f\r\n\r\n"
        part = b"--f\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n"
        connection.sendall(head.encode() + 5 * part)
        silent(connection)

    errors: list[Exception] = []
    with socket_server(behave) as port:
        options = SourceOptions(timeout_s=1.5)
        source = NetworkSource(f"http://127.0.0.1:{port}/", options=options)

        def read() -> None:
            try:
                list(source.frames())
            except SourceError as error:
                errors.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        time.sleep(0.3)
        source.close()
        thread.join(6)
        assert not thread.is_alive()
    assert len(errors) <= 1


def test_addresses_that_are_none_are_refused():
    with pytest.raises(SourceError, match="it names no host"):
        NetworkSource("http:///a.mp4", options=QUICK)
    with pytest.raises(SourceError, match="is no proper address"):
        NetworkSource("http://host:port/a.mp4", options=QUICK)
    with pytest.raises(SourceError, match="no control characters"):
        NetworkSource("http://host/a\nX: y", options=QUICK)
