import pytest

from posestream.serving.exposure import describe_exposure, is_loopback

LONG = "0123456789abcdef0123"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST"]
)
def test_loopback_is_nobodys_business(host: str):
    assert is_loopback(host)
    assert describe_exposure(host, None, False) == []


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "10.0.0.4", "camera.lan", "127.0.0.1.evil.example"]
)
def test_other_addresses_without_token_and_tls_are_warned_of(host: str):
    assert not is_loopback(host)
    everyone, unencrypted = describe_exposure(host, None, False)
    assert "everyone" in everyone
    assert "unencrypted" in unencrypted


def test_a_token_without_tls_travels_in_the_clear():
    (warning,) = describe_exposure("0.0.0.0", LONG, False)
    assert "the token" in warning
    assert LONG not in warning


def test_a_short_token_is_warned_of_without_being_told():
    (warning,) = describe_exposure("0.0.0.0", "hunter2", True)
    assert "7 characters" in warning
    assert "hunter2" not in warning


def test_a_long_token_and_tls_are_fine():
    assert describe_exposure("0.0.0.0", LONG, True) == []
