import json
import signal
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from looking import BUSY, GONE, Scene, ask, picture
from prometheus_client.parser import text_string_to_metric_families

from posestream.errors import ConfigError, MissingDependencyError, ServeError
from posestream.runtime.status import StreamState
from posestream.serving.server import StatusServer

Serve = Callable[..., StatusServer]


def test_every_stream_is_listed(serve: Serve):
    answer = ask(serve(), "/streams")
    assert answer.headers["content-type"] == "application/json"
    assert [stream["name"] for stream in json.loads(answer.body)] == ["yard", "gate"]


def test_one_stream_is_told_in_full(serve: Serve):
    stream = json.loads(ask(serve(), "/streams/yard").body)
    assert stream["state"] == "running"
    assert stream["dropped"] == 7
    assert stream["size"] == [640, 360]


@pytest.mark.parametrize(
    "name", ["a b", "a/b", "../etc/passwd", "a%2Fb", "50%", "カメラ", "a?b#c", "x.jpg", 'q"<b>']
)
def test_names_with_odd_characters_are_matched_exactly(serve: Serve, scene: Scene, name: str):
    scene.rename(name)
    scene.pictures.offer(name, picture())
    server, address = serve(), quote(name, safe="")
    assert json.loads(ask(server, f"/streams/{address}").body)["name"] == name
    assert ask(server, f"/snapshot/{address}.jpg").status == 200
    assert ask(server, f"/streams/{address}x").status == 404


def test_unknown_streams_and_paths_are_short_json_errors(serve: Serve):
    server = serve()
    for path in ("/streams/nobody", "/snapshot/nobody.jpg", "/mjpeg/nobody"):
        answer = ask(server, path)
        assert answer.status == 404
        assert json.loads(answer.body) == {"error": "no stream is called 'nobody'"}
    long = ask(server, "/streams/" + 5000 * "x")
    assert len(long.body) < 200
    for path in ("/etc/passwd", "/assets/page.js", "/streams/", "//", "/..%2f..%2fetc/passwd"):
        answer = ask(server, path)
        assert answer.status == 404
        assert "error" in json.loads(answer.body)


def test_metrics_follow_the_streams(serve: Serve, scene: Scene):
    server = serve()

    def frames() -> float:
        answer = ask(server, "/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        (family,) = (
            family
            for family in text_string_to_metric_families(answer.body.decode())
            if family.name == "posestream_frames"
        )
        return family.samples[0].value

    assert frames() == 1200
    scene.statuses = [replace(BUSY, frames=1300)]
    assert frames() == 1300


def test_ready_means_every_stream_that_should_gives_frames(serve: Serve, scene: Scene):
    server = serve()
    answer = ask(server, "/readyz")
    assert answer.status == 503
    assert list(json.loads(answer.body)["streams"]) == ["gate"]
    scene.statuses = [BUSY, replace(GONE, state=StreamState.FAILED)]
    assert ask(server, "/readyz").status == 200


def test_the_page_shows_streams_and_needs_nothing_from_elsewhere(serve: Serve, scene: Scene):
    scene.rename('<script>alert("x")</script>')
    scene.pictures.offer("", picture())
    server = serve()
    page = ask(server, "/").body.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "http" not in page.replace("http-equiv", "")
    assert 'src="/mjpeg"' in page
    for name, media_type in (("page.js", "text/javascript"), ("page.css", "text/css")):
        assert f'"/{name}"' in page
        answer = ask(server, f"/{name}")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(media_type)


def test_a_secret_that_a_status_holds_reaches_no_answer(serve: Serve, scene: Scene):
    leak = "rtsp://admin:hunter2@camera/x: 401"
    scene.statuses = [replace(GONE, input="rtsp://admin:hunter2@camera/x", error=leak)]
    server = serve(estimator="http://u:hunter2@models/")
    for path in ("/", "/streams", "/streams/gate", "/metrics", "/readyz"):
        answer = ask(server, path)
        assert answer.status in {200, 503}
        assert b"hunter2" not in answer.body
        assert b"***" in answer.body


def test_only_get_and_head_are_allowed(serve: Serve):
    server = serve()
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        answer = ask(server, "/streams", method=method)
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD"
    head = ask(server, "/streams", method="HEAD")
    assert head.status == 200
    assert head.body == b""


def test_every_answer_carries_the_headers_that_browsers_heed(serve: Serve):
    server = serve(token="let me see all of it")
    for path in ("/healthz", "/streams", "/nothing"):
        headers = ask(server, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_on_loopback_a_foreign_host_name_is_refused(serve: Serve, host: str):
    assert ask(serve(), "/streams", headers={"Host": host}).status == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:80", "[::1]:80"])
def test_on_loopback_its_own_names_are_served(serve: Serve, host: str):
    assert ask(serve(), "/streams", headers={"Host": host}).status == 200


def test_beyond_loopback_any_host_name_is_served(serve: Serve):
    server = serve(host="0.0.0.0", token="let me see all of it")
    headers = {"Host": "cameras.example", "Authorization": "Bearer let me see all of it"}
    port = urlsplit(server.address).port
    assert server.address == f"http://0.0.0.0:{port}"
    assert ask(server, "/streams", headers=headers).status == 200


def test_an_error_of_a_callback_is_a_short_answer_and_the_next_request_works(
    scene: Scene, caplog: pytest.LogCaptureFixture
):
    statuses = [ValueError("rtsp://admin:hunter2@camera"), [BUSY]]

    def streams() -> list:
        one = statuses.pop(0)
        if isinstance(one, ValueError):
            raise one
        return one

    server = StatusServer(port=0, streams=streams, pictures=None, estimator="")
    server.start()
    try:
        failed = ask(server, "/streams")
        assert failed.status == 500
        assert json.loads(failed.body) == {"error": "internal error"}
        assert ask(server, "/streams").status == 200
    finally:
        server.close()


def test_a_port_that_is_taken_is_said_so(serve: Serve):
    port = urlsplit(serve().address).port
    with pytest.raises(ServeError, match=f"127.0.0.1:{port}: another program listens there"):
        serve(port=port)


def test_hosts_and_ports_that_cannot_be_are_said_so(serve: Serve):
    with pytest.raises(ServeError, match="no such host"):
        serve(host="no.such.host.invalid")
    with pytest.raises(ServeError, match="no such address"):
        serve(host="192.0.2.1")
    with pytest.raises(ServeError, match="between 0 and 65535"):
        serve(port=70000)


def test_an_address_is_known_once_served(scene: Scene):
    with pytest.raises(ServeError, match="not started"):
        _ = scene.server().address


def test_settings_that_cannot_be_are_refused(scene: Scene):
    with pytest.raises(ConfigError, match="serve_token: is empty"):
        scene.server(token=" \n")
    with pytest.raises(ConfigError, match="above 0"):
        scene.server(fps=0)
    with pytest.raises(ConfigError, match="at least 1"):
        scene.server(max_viewers=0)


def test_missing_packages_are_named(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'posestream\[serve\]'"):
        scene.server()


def test_signals_stay_with_the_program(serve: Serve):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    server = serve()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    server.close()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_closing_frees_the_port_and_ends_the_thread(serve: Serve, scene: Scene):
    server = serve()
    port = urlsplit(server.address).port
    server.close()
    server.close()
    assert "posestream-serve" not in {thread.name for thread in threading.enumerate()}
    again = serve(port=port)
    assert ask(again, "/healthz").status == 200


def test_a_server_on_ipv6_has_brackets_in_its_address(serve: Serve):
    try:
        server = serve(host="::1")
    except ServeError:
        pytest.skip("no IPv6 here")
    assert server.address.startswith("http://[::1]:")
    assert ask(server, "/healthz").status == 200


def test_https_is_spoken_with_a_certificate(serve: Serve, certificate: tuple[Path, Path]):
    path, key = certificate
    server = serve(certificate=path, key=key, token="let me see all of it")
    assert server.address.startswith("https://")
    trusting = ssl.create_default_context(cafile=str(path))
    assert ask(server, "/healthz", tls=trusting).status == 200
    assert ask(server, "/streams", tls=trusting).status == 401
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(server, "/healthz", tls=ssl.create_default_context())


def test_certificates_that_cannot_be_served_with_are_said_so(
    scene: Scene, certificate: tuple[Path, Path], tmp_path: Path
):
    path, key = certificate
    with pytest.raises(ServeError, match="serve_key: a certificate and its key"):
        scene.server(certificate=path)
    with pytest.raises(ServeError, match="serve_cert: a certificate and its key"):
        scene.server(key=key)
    with pytest.raises(ServeError, match="cannot be read"):
        scene.server(certificate=tmp_path / "none.pem", key=key)
    with pytest.raises(ServeError, match="not a PEM certificate and its own"):
        scene.server(certificate=key, key=path)


def test_an_encrypted_key_is_refused_rather_than_asked_about(
    scene: Scene, certificate: tuple[Path, Path], tmp_path: Path
):
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    path, key = certificate
    plain = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ServeError, match="unencrypted key"):
        scene.server(certificate=path, key=locked)


def test_many_requests_at_once_are_all_answered(serve: Serve):
    server = serve()
    statuses: list[int] = []

    def look() -> None:
        statuses.extend(ask(server, "/metrics").status for _ in range(10))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80


def test_a_start_and_close_are_quick(scene: Scene):
    server = scene.server()
    begun_s = time.monotonic()
    server.start()
    server.close()
    assert time.monotonic() - begun_s < 5
