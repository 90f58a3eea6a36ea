from pathlib import Path

import pytest
import yaml

from posestream.config import validated
from posestream.config_events import KINDS, EventsConfig
from posestream.errors import ConfigError


def settings(**given: object) -> EventsConfig:
    return validated(EventsConfig, given)


def test_by_default_events_are_written_and_shown_and_nothing_is_sent():
    assert settings().events_file
    assert settings().events_shown == 4
    assert settings().webhook == ()
    assert not settings().clips


@pytest.mark.parametrize(
    "given",
    [
        "https://a.example/x,kinds=fall,long_lie,secret-env=SECRET,timeout=3",
        "https://a.example/x,kinds=fall+long_lie,secret_env=SECRET,timeout=3",
        {
            "url": "https://a.example/x",
            "kinds": ["fall", "long_lie"],
            "secret_env": "SECRET",
            "timeout": 3,
        },
    ],
)
def test_a_webhook_is_written_alike_on_the_command_line_and_in_a_file(given):
    for several in (given, [given]):
        (webhook,) = settings(webhook=several).webhook
        assert webhook.url == "https://a.example/x"
        assert webhook.kinds == ("fall", "long_lie")
        assert (webhook.secret_env, webhook.timeout) == ("SECRET", 3)


def test_commas_of_an_address_stay_with_it():
    (webhook,) = settings(webhook="https://a.example/x?at=1,2").webhook
    assert webhook.url == "https://a.example/x?at=1,2"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"webhook": "https://a/T0KEN,kinds=fal"}, r"webhook\.0\.kinds: 'fal' is no kind.*'fall'"),
        ({"webhook": "https://a/T0KEN,kind=fall"}, r"webhook\.0\.kind: no such.*'kinds'"),
        ({"webhook": "https://a/T0KEN,timeout=0"}, r"webhook\.0\.timeout: .*greater than 0"),
        ({"webhook": "https://a/T0KEN,timeout=1,timeout=2"}, r"webhook\.0: timeout is given twice"),
        (
            {"webhook": "https://a/T0KEN,secret_env=A,secret_file=b"},
            r"webhook\.0: secret_env: not together with secret_file",
        ),
        ({"webhook": [{"kinds": ["fall"]}]}, r"webhook\.0\.url: .*required"),
        ({"clip_kinds": "falls"}, r"clip_kinds: 'falls' is no kind of event"),
        ({"clip_before": -1}, r"clip_before: .*greater than or equal to 0, not -1"),
        ({"clip_after": 70}, r"clip_longest: 60 is less than clip_before .* 75"),
        ({"events_shown": 99}, r"events_shown: .*less than or equal to 60"),
        ({"clip": True}, r"clip: no such setting"),
    ],
)
def test_errors_name_the_key_and_nothing_secret(given, message):
    with pytest.raises(ConfigError, match=message) as caught:
        settings(**given)
    assert "T0KEN" not in str(caught.value)


def test_every_kind_may_be_asked_for():
    assert settings(clip_kinds="+".join(KINDS)).clip_kinds == KINDS


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "of the environment")
    (tmp_path / "secret").write_text("of a file\n")
    given = [
        {"url": "https://a.example", "secret_env": "HOOK_SECRET"},
        {"url": "https://a.example", "secret_file": str(tmp_path / "secret")},
        {"url": "https://a.example"},
    ]
    secrets = [webhook.secret() for webhook in settings(webhook=given).webhook]
    assert secrets == ["of the environment", "of a file", None]


def test_an_address_may_keep_its_own_secret_in_the_environment(monkeypatch):
    monkeypatch.setenv("CHAT_TOKEN", "a/b")
    (webhook,) = settings(webhook="https://chat.example/${CHAT_TOKEN}").webhook
    assert webhook.address() == "https://chat.example/a%2Fb"
    assert "CHAT_TOKEN" not in repr(webhook)


def test_a_secret_that_is_not_there_is_told(tmp_path):
    for given, message in (
        ({"secret_env": "NO_SUCH"}, "no variable NO_SUCH"),
        ({"secret_file": str(tmp_path / "none")}, "secret_file: .*none"),
    ):
        (webhook,) = settings(webhook=[{"url": "https://a.example", **given}]).webhook
        with pytest.raises(ConfigError, match=message):
            webhook.secret()


def test_the_documented_settings_are_taken():
    page = Path(__file__).parents[1] / "docs" / "how-to" / "alerts.md"
    given = yaml.safe_load(page.read_text(encoding="utf-8").split("```yaml\n")[1].split("\n```")[0])
    del given["output"]
    made = settings(**given)
    assert made.webhook[0].kinds == ("fall", "long_lie")
    assert (made.clip_before, made.clip_after, made.clip_blur_faces) == (5, 10, True)
