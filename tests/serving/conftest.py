from collections.abc import Callable, Iterator

import pytest
from looking import Scene

from posestream.serving.server import StatusServer


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def serve(scene: Scene) -> Iterator[Callable[..., StatusServer]]:
    """Start servers of the scene, and close them in the end."""
    servers: list[StatusServer] = []

    def start(**options: object) -> StatusServer:
        server = scene.server(**options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.close()
