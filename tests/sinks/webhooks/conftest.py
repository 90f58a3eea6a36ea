from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from certificates import make_certificate
from posestream.sinks.webhooks.address import WebhookAddress
from posestream.sinks.webhooks.retrying import Backoff
from posestream.sinks.webhooks.sender import WebhookSender
from posestream.sinks.webhooks.unsent import UnsentEvents


@pytest.fixture
def unsent(tmp_path: Path) -> Path:
    return tmp_path / "events.unsent.jsonl"


@pytest.fixture
def send(unsent: Path) -> Iterator[Callable[..., WebhookSender]]:
    """Start senders that are quick to try again, and close them in the end."""
    senders: list[WebhookSender] = []
    kept = UnsentEvents(unsent)

    def start(address: str, **options: object) -> WebhookSender:
        options.setdefault("backoff", Backoff(first_s=0.02, most_s=0.1))
        options.setdefault("drain_s", 2.0)
        senders.append(WebhookSender(WebhookAddress.parse(address), kept, **options))
        return senders[-1]

    yield start
    for sender in senders:
        sender.close()
    kept.close()


@pytest.fixture(scope="session")
def foreign_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One for another host."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "192.0.2.1")
