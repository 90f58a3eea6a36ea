import random
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from posestream.errors import ConfigError
from posestream.sinks.webhooks.address import WebhookAddress
from posestream.sinks.webhooks.retrying import LONGEST_WAIT_S, Backoff, retry_after_s
from posestream.sinks.webhooks.signature import (
    is_genuine,
    secret_key,
    signature,
    signed_headers,
)
from posestream.sinks.webhooks.unsent import UnsentEvents

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_standards_example():
    made = signature(
        b'{"test": 2432232314}',
        key=secret_key(SECRET),
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(body: bytes = b"{}", *, at_s: float = 1000.0) -> dict[str, str]:
    return signed_headers(body, key=secret_key(SECRET), now_s=at_s)


def genuine(changed: dict[str, str], *, now_s: float = 1000.0) -> bool:
    return is_genuine(b"{}", headers() | changed, key=secret_key(SECRET), now_s=now_s)


def test_an_old_attempt_is_a_replay():
    assert genuine({}, now_s=1299)
    assert not genuine({}, now_s=1301)
    assert not genuine({}, now_s=699)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-timestamp": "1001"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": ""},
        {"webhook-id": "another"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v2," + "A" * 44},
    ],
)
def test_what_was_changed_on_the_way_is_not_genuine(changed):
    assert not genuine(changed)


def test_one_of_several_signatures_is_enough():
    both = f"v1,{'A' * 43}= {headers()['webhook-signature']}"
    assert genuine({"webhook-signature": both})


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("short", "at least 16 bytes, not 5"),
        ("whsec_AAAA", "at least 16 bytes, not 3"),
        ("whsec_no base64!", "Base64 after whsec_"),
    ],
)
def test_weak_secrets_are_refused(secret, message):
    with pytest.raises(ValueError, match=message) as caught:
        secret_key(secret)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown", "target"),
    [
        ("https://a.example/x/y?z=1#f", "https://a.example", "/x/y?z=1"),
        ("HTTP://a.example:8080", "http://a.example:8080", "/"),
        ("https://[::1]:9/x", "https://[::1]:9", "/x"),
        ("https://bücher.example/", "https://xn--bcher-kva.example", "/"),
    ],
)
def test_an_address_is_taken_apart(text, shown, target):
    address = WebhookAddress.parse(text)
    assert (address.shown, address.target) == (shown, target)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ftp://a.example/", "must be https://HOST"),
        ("file:///etc/passwd", "must be https://HOST"),
        ("a.example/hook", "must be https://HOST"),
        ("https:///hook", "must be https://HOST"),
        ("http://a.example:99999/", "not an address"),
        ("http://a.example/\r\nX: y", "neither spaces nor control characters"),
        ("http://a.example/a b", "neither spaces nor control characters"),
        ("http://a.example/é", "percent-encoded"),
        (f"http://{'a' * 70}.example/", "not an address"),
    ],
)
def test_other_addresses_are_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        WebhookAddress.parse(text)


def test_an_address_shows_nothing_secret():
    address = WebhookAddress.parse("https://jo:pa%40ss@hooks.example/T/B/XYZ?key=1")
    assert address.authorization == "Basic am86cGFAc3M="
    for shown in (repr(address), address.shown):
        assert not [s for s in ("jo", "pa", "XYZ", "key", "am86") if s in shown]


def test_waits_double_up_to_a_limit_and_begin_again_after_a_success():
    backoff = Backoff(first_s=1, most_s=10, chance=random.Random(1))
    waits = [backoff.failed() for _ in range(2000)]
    for wait, whole in zip(waits[:6], (1, 2, 4, 8, 10, 10), strict=True):
        assert whole / 2 <= wait <= whole
    assert max(waits) <= 10
    assert len({round(wait, 3) for wait in waits[10:]}) > 100
    backoff.succeeded()
    assert backoff.failed() <= 1


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("999999999", LONGEST_WAIT_S),
        ("Thu, 01 Jan 1970 00:16:45 GMT", 5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("-1", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_server_says_how_long_to_wait_in_seconds_or_as_a_date(value, wait_s):
    assert retry_after_s(value, now_s=1000) == wait_s


def test_an_event_that_cannot_even_be_kept_goes_to_the_log(tmp_path, caplog):
    (tmp_path / "f").write_text("an earlier run's")
    kept = UnsentEvents(tmp_path / "f")
    kept.add(b'{"event":"fall"}', webhook="http://a", reason="it hung up", attempts=1)
    kept.close()
    assert "neither sent nor kept" in caplog.text
    assert '{"event":"fall"}' in caplog.text
    assert (tmp_path / "f").read_text() == "an earlier run's"


def snippet(language: str, containing: str) -> str:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "alerts.md"
    parts = page.read_text(encoding="utf-8").split(f"```{language}\n")[1:]
    return next(code for part in parts if containing in (code := part.split("\n```")[0]))


@pytest.mark.parametrize("body", [b'{"event":"fall"}', b'{"event":"walk"}'])
def test_the_documented_verification_in_python_works(body):
    code = snippet("python", "def is_genuine")
    names: dict = {}
    exec(code, names)
    names["time"] = SimpleNamespace(time=lambda: 1000.0)
    signed = headers(b'{"event":"fall"}')
    assert names["is_genuine"](signed, body, SECRET) == (b"fall" in body)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_the_documented_verification_in_a_shell_works(tmp_path):
    body = b'{"event":"fall","stream":"hall"}'
    (tmp_path / "body.json").write_bytes(body)
    secret = "a secret of sufficient length"
    signed = signed_headers(body, key=secret_key(secret), now_s=1000)
    given = f"id={signed['webhook-id']}\ntime={signed['webhook-timestamp']}\nsecret='{secret}'\n"
    done = subprocess.run(
        ["sh", "-c", given + snippet("sh", "openssl dgst")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == signed["webhook-signature"]
