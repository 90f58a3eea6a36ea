import pytest

from posestream.credentials import redacted, with_secrets
from posestream.errors import ConfigError

PIPELINE = 'rtspsrc location=rtsp://10.0.0.9/1 user-id=operator user-pw="hidden one" ! decodebin'


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("rtsp://root:hidden@10.0.0.1/live", "rtsp://***@10.0.0.1/live"),
        ("HTTPS://hidden@x/a.mp4?t=1", "HTTPS://***@x/a.mp4?t=1"),
        ("http://x/a?token=hidden&size=2", "http://x/a?token=***&size=2"),
        ("http://x/a?size=2;API_KEY=hidden#top", "http://x/a?size=2;API_KEY=***#top"),
        ("rtsp://u:hid@den@10.0.0.1/live", "rtsp://***@10.0.0.1/live"),
        ("rtsp://u:hid/den@10.0.0.1/live", "rtsp://***@10.0.0.1/live"),
        ("rtsp://u:hid#den?@10.0.0.1/live", "rtsp://***@10.0.0.1/live"),
        ("rtsp://u:it's hidden", "rtsp://u:it's hidden"),  # no host follows: no address
        ("'rtsp://u:hidd'en@h/', it says", "'rtsp://***@h/', it says"),
        ("rtsp://u:%40hidden%2F@[::1]:554/", "rtsp://***@[::1]:554/"),
        (
            "http://relay/?url=rtsp%3A%2F%2Fu%3Ahidden%40cam%2F1",
            "http://relay/?url=rtsp%3A%2F%2F***%40cam%2F1",
        ),
        (
            "rtsp://x:554/user=a&password=hidden&channel=1",
            "rtsp://x:554/user=a&password=***&channel=1",
        ),
        ("rtsp://x/user=a_password=hidden_channel=1.sdp", "rtsp://x/user=a_password=***"),
        ("http://x/cgi?loginuse=a&loginpas=hidden", "http://x/cgi?loginuse=a&loginpas=***"),
        ("Authorization: Basic hidden", "Authorization: Basic ***"),
        ("http://x:8080/a@2x.png", "http://x:8080/a@2x.png"),
        ("https://x/@someone/live", "https://x/@someone/live"),
        ("http://x:8080 and a@b", "http://x:8080 and a@b"),
        ("a 640x360 picture; rate=30", "a 640x360 picture; rate=30"),
    ],
)
def test_an_address_is_shown_without_its_secrets(shown: str, expected: str):
    assert redacted(shown) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("user-id=hidden user-pw=hidden latency=0", "user-id=*** user-pw=*** latency=0"),
        ('user-pw="hidden \\"hidden\\" hidden" latency=0', "user-pw=*** latency=0"),
        ("user-pw='hidden hidden' latency=0", "user-pw=*** latency=0"),
        ('user-pw="hidden', "user-pw=***"),
        ("user-pw=hid\\ hidden latency=0", "user-pw=*** latency=0"),
        ("user-pw = hidden latency=0", "user-pw = *** latency=0"),
        ('user-pw=(string)"hidden hidden" ! x', "user-pw=(string)*** ! x"),
        ("proxy-id=hidden proxy-pw=hidden", "proxy-id=*** proxy-pw=***"),
        ("srtsrc passphrase=hidden ! x", "srtsrc passphrase=*** ! x"),
        ("extra-headers=h,Authorization=hidden", "extra-headers=h,Authorization=***"),
    ],
)
def test_a_pipeline_is_shown_without_its_secrets(properties: str, expected: str):
    assert redacted(properties) == expected


@pytest.mark.parametrize("secret", ["operator", "hidden one"])
def test_a_message_made_of_a_pipeline_does_not_repeat_its_secrets(secret: str):
    message = f'could not set property "x" in element "y" to "{secret}"'
    expected = 'could not set property "x" in element "y" to "***"'
    assert redacted(message, source=PIPELINE) == expected


def test_a_secret_of_one_letter_does_not_make_nonsense_of_a_message():
    assert redacted("no element called a", source="user-pw=a") == "no element called a"


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOOR_KEY", "a b@c/d")
    address = "rtsp://me:${DOOR_KEY}@cam/$x"
    assert with_secrets(address, in_address=True) == "rtsp://me:a%20b%40c%2Fd@cam/$x"
    assert with_secrets("Authorization: Bearer ${DOOR_KEY}") == "Authorization: Bearer a b@c/d"


def test_a_variable_that_is_missing_is_named_without_the_rest_of_the_secret():
    with pytest.raises(ConfigError, match="has no variable NOT_SET_HERE") as caught:
        with_secrets("rtsp://hidden:${NOT_SET_HERE}@cam/")
    assert "hidden" not in str(caught.value)
