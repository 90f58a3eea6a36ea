import functools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from looking import Scene, Watcher, ask, picture

from posestream.images import HostImage
from posestream.serving import application, connections
from posestream.serving import server as server_module
from posestream.serving.server import StatusServer

Serve = Callable[..., StatusServer]


def brightness(jpeg: bytes) -> int:
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return round(float(pixels.mean()))


@contextmanager
def camera(scene: Scene, name: str, *, image: HostImage | None = None) -> Iterator[None]:
    """Offer fifty pictures a second meanwhile."""
    stop = threading.Event()

    def film() -> None:
        while not stop.wait(0.02):
            scene.pictures.offer(name, image or picture())

    thread = threading.Thread(target=film)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_snapshot_is_the_latest_picture(serve: Serve, scene: Scene):
    server = serve()
    for value in (40, 200):
        scene.pictures.offer("yard", picture(value))
        answer = ask(server, "/snapshot/yard.jpg")
        assert answer.headers["content-type"] == "image/jpeg"
        assert abs(brightness(answer.body) - value) <= 2


def test_a_snapshot_comes_in_the_width_asked_for(serve: Serve, scene: Scene):
    scene.pictures.offer("yard", picture(size=(640, 360)))
    server = serve()
    small = ask(server, "/snapshot/yard.jpg?width=320")
    pixels = cv2.imdecode(np.frombuffer(small.body, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (180, 320, 3)
    refused = ask(server, "/snapshot/yard.jpg?width=100000")
    assert refused.status == 400
    assert json.loads(refused.body) == {"error": "width must be one of 320, 640, 1280"}


def test_a_stream_without_a_picture_yet_says_so(serve: Serve):
    answer = ask(serve(), "/snapshot/yard.jpg")
    assert answer.status == 503
    assert json.loads(answer.body) == {"error": "no picture yet"}
    assert answer.headers["retry-after"]


def test_without_a_name_the_mosaic_is_shown(serve: Serve, scene: Scene):
    scene.pictures.offer("", picture(200))
    scene.pictures.offer("yard", picture(40))
    assert brightness(ask(serve(), "/snapshot.jpg").body) > 190


def test_an_only_stream_is_its_own_mosaic(serve: Serve, scene: Scene):
    scene.rename("yard")
    scene.pictures.offer("yard", picture(40))
    assert brightness(ask(serve(), "/snapshot.jpg").body) < 50


def test_a_server_without_pictures_says_so(serve: Serve):
    answer = ask(serve(pictures=None), "/snapshot/yard.jpg")
    assert answer.status == 404
    assert json.loads(answer.body) == {"error": "pictures are not served"}


def test_live_pictures_follow_each_other(serve: Serve, scene: Scene):
    scene.pictures.offer("yard", picture(10))
    watcher = Watcher(serve(fps=50), "/mjpeg/yard")
    assert watcher.headers["content-type"].startswith("multipart/x-mixed-replace; boundary=")
    seen = []
    for value in (10, 80, 150, 220):
        scene.pictures.offer("yard", picture(value))
        while not seen or abs(seen[-1] - value) > 3:
            seen.append(brightness(watcher.part()))
    assert seen == sorted(seen)
    watcher.close()


def test_head_of_a_live_picture_ends_at_once(serve: Serve):
    answer = ask(serve(), "/mjpeg/yard", method="HEAD")
    assert answer.status == 200
    assert answer.body == b""


def test_no_more_pictures_come_than_asked_for(serve: Serve, scene: Scene):
    with camera(scene, "yard"):
        watcher = Watcher(serve(fps=5), "/mjpeg/yard")
        watcher.part()
        begun_s = time.monotonic()
        for _ in range(5):
            watcher.part()
        assert time.monotonic() - begun_s > 0.7  # fifty a second would take a tenth
        watcher.close()


def test_a_viewer_too_many_is_sent_away_and_may_come_when_another_left(serve: Serve, scene: Scene):
    server = serve(max_viewers=3, fps=50)
    with camera(scene, "yard"):
        watchers = [Watcher(server, "/mjpeg/yard") for _ in range(3)]
        for watcher in watchers:
            watcher.part()
        refused = ask(server, "/mjpeg/yard")
        assert refused.status == 503
        assert json.loads(refused.body) == {"error": "3 viewers already"}
        assert ask(server, "/snapshot/yard.jpg").status == 200
        watchers.pop().close()
        for _ in range(200):
            again = Watcher(server, "/mjpeg/yard")
            if again.status == 200:
                break
            again.close()
            time.sleep(0.02)
        assert brightness(again.part()) > 0
        for watcher in (*watchers, again):
            watcher.close()


def test_a_viewer_that_never_reads_holds_up_nobody(serve: Serve, scene: Scene):
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)
    server = serve(fps=50)
    with camera(scene, "yard", image=HostImage.from_rgb(noise)):
        idle = Watcher(server, "/mjpeg/yard")
        busy = Watcher(server, "/mjpeg/yard")
        for _ in range(12):  # more than the sockets of the other one hold
            assert len(busy.part()) > 100_000
        idle.close()
        busy.close()


def test_a_viewer_that_never_reads_is_given_up(
    serve: Serve, scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    patient = application.MjpegAnswer
    hasty = functools.partial(patient, stalled_s=0.3)
    monkeypatch.setattr(application, "MjpegAnswer", hasty)
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)
    server = serve(fps=50, max_viewers=1)
    with camera(scene, "yard", image=HostImage.from_rgb(noise)):
        idle = Watcher(server, "/mjpeg/yard")
        for _ in range(100):
            again = Watcher(server, "/mjpeg/yard")
            if again.status == 200:
                break
            again.close()
            time.sleep(0.1)
        assert len(again.part()) > 100_000
        idle.close()
        again.close()


def test_closing_ends_those_who_watch_and_those_who_do_not_read(serve: Serve, scene: Scene):
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)
    server = serve(fps=50)
    with camera(scene, "yard", image=HostImage.from_rgb(noise)):
        reading, idle = (Watcher(server, "/mjpeg/yard") for _ in range(2))
        silent = socket.create_connection(("127.0.0.1", urlsplit(server.address).port or 0))
        for _ in range(12):
            reading.part()
        begun_s = time.monotonic()
        server.close()
        took_s = time.monotonic() - begun_s
        assert reading.ended()
    assert "posestream-serve" not in {thread.name for thread in threading.enumerate()}
    assert took_s < 3  # half a second on a quiet machine
    for one in (reading, idle, silent):
        one.close()


def test_a_connection_that_says_nothing_is_cut(serve: Serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        server_module, "Connections", lambda: connections.Connections(silence_s=0.2)
    )
    place = urlsplit(serve().address)
    with socket.create_connection((place.hostname, place.port), timeout=20) as silent:
        silent.sendall(b"GET /streams HTTP/1.1\r\nHost: loc")
        assert silent.recv(10) == b""
