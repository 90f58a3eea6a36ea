import json
from fractions import Fraction

import av
import pytest

import clips
from happenings import event, result
from live_servers import free_port
from posestream.assembly_events import EventOutputs, build_clip_encoder, shows_clips
from posestream.config import validated
from posestream.config_events import EventsConfig
from posestream.config_outputs import OutputConfig, OverlayConfig
from posestream.errors import ConfigError, OutputExistsError
from posestream.images import HostImage
from posestream.sources import SourceInfo
from posestream.topology import COCO_17, Topology
from posestream.types import Frame

INFO = SourceInfo((320, 240), Fraction(10), None)


def settings(**given: object) -> EventsConfig:
    return validated(EventsConfig, given)


def opened(folder, **given: object) -> EventOutputs:
    outputs = EventOutputs(settings(**given), folder=folder)
    outputs.open()
    return outputs


def test_events_of_a_stream_are_written_and_what_cannot_be_sent_is_kept(tmp_path):
    address = f"http://127.0.0.1:{free_port()}/"
    outputs = opened(tmp_path, webhook=f"{address},kinds=fall", webhook_drain=0.1)
    sinks = outputs.result_sinks(tmp_path / "events.jsonl")
    for sink in sinks:
        sink.write(result(event("fall"), event("enter")))
        sink.close()
    outputs.close()
    outputs.close()
    written = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    kept = [
        json.loads(line) for line in (tmp_path / "events.unsent.jsonl").read_text().splitlines()
    ]
    assert [one["event"] for one in written] == ["fall", "enter"]
    assert [one["event"]["event"] for one in kept] == ["fall"]
    assert [status.unsent for status in outputs.statuses] == [1]
    assert outputs.planned == (tmp_path / "events.unsent.jsonl",)


def test_nothing_is_made_that_was_not_asked_for(tmp_path):
    outputs = opened(tmp_path, events_file=False)
    assert outputs.result_sinks(tmp_path / "events.jsonl") == []
    assert outputs.clips() is None
    assert outputs.planned == ()
    outputs.close()
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_runs_events_are_kept(tmp_path):
    (tmp_path / "events.jsonl").write_text("precious")
    with pytest.raises(OutputExistsError):
        opened(tmp_path).result_sinks(tmp_path / "events.jsonl")


@pytest.mark.parametrize(
    ("webhook", "message"),
    [
        ("ftp://a.example/", "webhook: must be https://"),
        ("https://a.example/${NO_SUCH_VARIABLE}", "no variable NO_SUCH_VARIABLE"),
        ("https://a.example/x,secret_file=SHORT", "https://a.example: the secret must hold at"),
        ("https://a.example/x,ca_file=none.pem", "ca_file: none.pem"),
        ("https://a.example/x,ca_file=SHORT", "ca_file: .*short"),
    ],
)
def test_what_cannot_work_is_told_before_the_run(tmp_path, webhook, message):
    (tmp_path / "short").write_text("abc")
    webhook = webhook.replace("SHORT", str(tmp_path / "short"))
    with pytest.raises(ConfigError, match=message):
        EventOutputs(settings(webhook=webhook), folder=tmp_path)


def test_unencrypted_events_to_other_machines_are_warned_of(tmp_path, caplog):
    opened(tmp_path, webhook=["http://127.0.0.1:1/", "http://192.0.2.1:1/"]).close()
    assert caplog.text.count("travel unencrypted") == 1
    assert "webhook http://192.0.2.1:1: events travel unencrypted" in caplog.text


def test_clips_are_cut_out_of_the_annotated_video_unless_they_are_to_look_different():
    plain, blurred = settings(clips=True), settings(clips=True, clip_blur_faces=True)
    assert shows_clips(plain, OverlayConfig(), OutputConfig())
    assert not shows_clips(blurred, OverlayConfig(), OutputConfig())
    assert shows_clips(blurred, OverlayConfig(blur_faces=True), OutputConfig())
    assert not shows_clips(plain, OverlayConfig(), OutputConfig(video=False))


def test_clips_are_made_as_the_settings_say(tmp_path):
    given = settings(clips=True, clip_before=1, clip_after=1, clip_blur_faces=True)
    outputs = EventOutputs(given, folder=tmp_path)
    cut = outputs.clips()
    assert cut is not None
    encoder = build_clip_encoder(cut, given, OverlayConfig(), COCO_17, INFO)
    for number in range(60):
        found = result(*[event(at_s=3.0)] * (number == 30), at_s=number / 10)
        image = HostImage.from_rgb(clips.picture(number))
        cut.write(found)
        encoder.write(Frame("hall", number, number, Fraction(1, 10), image, 0.0), found)
    encoder.close()
    (clip,) = (tmp_path / "clips").glob("*.mp4")
    with av.open(str(clip)) as container:
        assert len(list(container.decode(video=0))) == 21
        assert container.streams.video[0].average_rate == 10


def test_faces_are_not_blurred_where_there_are_none(tmp_path):
    hand = Topology(name="hand", keypoints=("palm", "thumb_tip"), limbs=((0, 1),))
    given = settings(clips=True, clip_blur_faces=True)
    cut = EventOutputs(given, folder=tmp_path).clips()
    assert cut is not None
    with pytest.raises(ConfigError, match="'hand' has no face"):
        build_clip_encoder(cut, given, OverlayConfig(), hand, INFO)
