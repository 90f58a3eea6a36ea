import datetime
import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    return _make(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture(scope="session")
def foreign_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One for another host."""
    return _make(tmp_path_factory.mktemp("tls"), "192.0.2.1")


def _make(folder: Path, host: str) -> tuple[Path, Path]:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "posestream test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"
