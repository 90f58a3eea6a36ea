import base64
from collections.abc import Callable

import pytest
from looking import Scene, ask, picture

from posestream.serving.server import StatusServer

Serve = Callable[..., StatusServer]
TOKEN = "let me see: all of it, ü"


def basic(user: str, password: str) -> dict[str, str]:
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {value}"}


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token.encode().decode('latin-1')}"}


def test_without_a_token_nothing_but_health_is_told(serve: Serve, scene: Scene):
    scene.pictures.offer("yard", picture())
    server = serve(token=TOKEN)
    paths = ("/", "/page.js", "/streams", "/streams/yard", "/metrics", "/readyz", "/nothing")
    for path in (*paths, "/snapshot/yard.jpg", "/mjpeg/yard", "/mjpeg", "/healthz/", "//healthz"):
        answer = ask(server, path)
        assert answer.status == 401
        assert answer.body == b'{"error": "a token is needed"}'
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert ask(server, "/healthz").status == 200


@pytest.mark.parametrize(
    "headers",
    [bearer(TOKEN), bearer(TOKEN, "bEARER"), basic("", TOKEN), basic("anybody", TOKEN)],
)
def test_the_token_opens_as_bearer_and_as_password_of_any_user(
    serve: Serve, headers: dict[str, str]
):
    assert ask(serve(token=TOKEN), "/streams", headers=headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        bearer(TOKEN + "x"),
        bearer(TOKEN[:-1]),
        bearer(""),
        basic(TOKEN, ""),
        basic("anybody", "wrong"),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic"},
        {"Authorization": ""},
        {"Authorization": "Digest username=x"},
    ],
)
def test_anything_else_does_not(serve: Serve, headers: dict[str, str]):
    answer = ask(serve(token=TOKEN), "/streams", headers=headers)
    assert answer.status == 401


def test_a_token_in_the_address_does_not_open(serve: Serve):
    assert ask(serve(token="plain-token"), "/streams?token=plain-token").status == 401
