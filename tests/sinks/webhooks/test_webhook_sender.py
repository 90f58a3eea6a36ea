import json
import logging
import ssl
import threading
import time

import pytest
from receivers import answer, hang_up, kinds_in, receiving, until

from happenings import event, result
from live_servers import free_port
from posestream.sinks.webhooks.retrying import Backoff
from posestream.sinks.webhooks.signature import is_genuine, secret_key
from posestream.sinks.webhooks.sink import WebhookSink

KEY = secret_key("a secret of sufficient length")


def test_an_event_arrives_as_it_stands_in_the_file(send):
    with receiving() as receiver:
        send(receiver.address).offer(event(evidence={"drop_statures": 0.5}))
        until(lambda: receiver.requests)
        (request,) = receiver.requests
    assert request.event == event(evidence={"drop_statures": 0.5}).to_dict()
    assert request.path == "/hook"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert "webhook-signature" not in request.headers


def test_a_receiver_can_tell_that_it_is_genuine(send):
    with receiving() as receiver:
        send(receiver.address, key=KEY).offer(event())
        until(lambda: receiver.requests)
        (request,) = receiver.requests
    assert is_genuine(request.body, request.headers, key=KEY, now_s=time.time())
    assert not is_genuine(request.body + b" ", request.headers, key=KEY, now_s=time.time())


def test_events_arrive_in_order(send):
    with receiving() as receiver:
        sender = send(receiver.address)
        for number in range(20):
            sender.offer(event(f"kind{number}"))
        sender.close()
        assert receiver.kinds == [f"kind{number}" for number in range(20)]
    assert sender.status.delivered == 20
    assert sender.status.queued == 0


def test_a_server_that_fails_once_gets_the_event_again(send, unsent):
    with receiving(answer(500), hang_up, answer(200)) as receiver:
        sender = send(receiver.address, key=KEY)
        sender.offer(event())
        until(lambda: sender.status.delivered == 1)
        ids = {request.headers["webhook-id"] for request in receiver.requests}
    assert len(receiver.requests) == 3
    assert len(ids) == 1
    assert sender.status.failures == 2
    assert not unsent.exists()


def test_a_server_that_asks_for_patience_gets_it(send):
    with receiving(answer(429, Retry_After="1"), answer(200)) as receiver:
        sender = send(receiver.address)
        sender.offer(event())
        until(lambda: sender.status.delivered == 1)
        first, second = receiver.requests
    assert second.at_s - first.at_s >= 0.95


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301, 308])
def test_a_refusal_is_final_and_the_event_is_kept(send, unsent, status, caplog):
    elsewhere = {"Location": "http://192.0.2.1/"} if status < 400 else {}
    with receiving(answer(status, **elsewhere), answer(200)) as receiver:
        sender = send(receiver.address)
        sender.offer(event("refused"))
        sender.offer(event("taken"))
        until(lambda: sender.status.delivered == 1)
    assert receiver.kinds == ["refused", "taken"]
    (kept,) = [json.loads(line) for line in unsent.read_text().splitlines()]
    assert kept["event"] == event("refused").to_dict()
    assert kept["webhook"] == f"http://127.0.0.1:{receiver.port}"
    assert f"it answers {status}" in kept["reason"]
    assert kept["attempts"] == 1
    assert f"it answers {status}" in caplog.text


@pytest.mark.parametrize("behaviour", ["hang", "drip"])
def test_a_server_that_hangs_is_cut_off_and_tried_again(send, behaviour):
    with receiving(behaviour, answer(200)) as receiver:
        sender = send(receiver.address, timeout_s=0.4)
        sender.offer(event())
        until(lambda: sender.status.delivered == 1)
    assert sender.status.failures == 1


def test_a_server_that_is_not_there_gets_the_events_once_it_is(send, caplog):
    port = free_port()
    sender = send(f"http://127.0.0.1:{port}/hook")
    sender.offer(event("first"))
    sender.offer(event("second"))
    until(lambda: sender.status.failures > 2)
    with receiving(port=port) as receiver:
        until(lambda: sender.status.delivered == 2)
    assert receiver.kinds == ["first", "second"]
    assert caplog.text.count("connection refused; trying again") == 1
    assert caplog.text.count("takes events again") == 1


def test_an_event_that_is_too_old_is_kept_after_one_more_try(send, unsent):
    sender = send(f"http://127.0.0.1:{free_port()}/", give_up_s=0.3)
    for kind in ("one", "two"):
        sender.offer(event(kind))
    until(lambda: sender.status.unsent == 2)
    assert kinds_in(unsent) == ["one", "two"]
    assert sender.status.dropped == 0


def test_offering_never_waits_and_the_oldest_events_make_room(send, unsent):
    with receiving("hang") as receiver:
        sender = send(receiver.address, timeout_s=30, capacity=3, drain_s=0.1)
        sender.offer(event("under way"))
        until(lambda: receiver.requests)
        for number in range(5):
            sender.offer(event(f"kind{number}"))
        assert sender.status.dropped == 2
        assert kinds_in(unsent) == ["kind0", "kind1"]
        sender.close()
    assert kinds_in(unsent) == ["kind0", "kind1", "under way", "kind2", "kind3", "kind4"]
    assert sender.status.unsent == 6


def test_what_is_queued_at_the_end_is_still_sent(send, unsent):
    with receiving(answer(503), answer(503), answer(200)) as receiver:
        sender = send(receiver.address, backoff=Backoff(first_s=60, most_s=60), drain_s=20)
        for kind in ("one", "two", "three"):
            sender.offer(event(kind))
        until(lambda: receiver.requests)
        sender.close()  # nobody waits for the minute
        assert receiver.kinds[-3:] == ["one", "two", "three"]
    assert not unsent.exists()


def test_the_end_waits_for_a_bounded_time_and_says_what_was_not_sent(send, unsent, caplog):
    sender = send(f"http://127.0.0.1:{free_port()}/", drain_s=0.2)
    for number in range(100):
        sender.offer(event(f"kind{number}"))
    sender.close()
    sender.close()
    assert len(kinds_in(unsent)) == 100
    assert caplog.text.count("100 events were not delivered; ") == 1
    sender.offer(event("late"))
    assert kinds_in(unsent)[-1] == "late"


def test_offering_takes_no_longer_where_the_server_hangs(send):
    """Threads that offer are pipelines; a hundred events pass while one attempt hangs."""
    with receiving("hang") as receiver:
        sender = send(receiver.address, timeout_s=30, drain_s=0.1)
        sender.offer(event())
        until(lambda: receiver.requests)
        done = threading.Event()

        def offer() -> None:
            for _ in range(100):
                sender.offer(event())
            done.set()

        threading.Thread(target=offer, daemon=True).start()
        assert done.wait(20)
        assert sender.status.failures == 0  # the attempt still hangs
        sender.close()


def test_a_trusted_certificate_is_taken(send, certificate):
    with receiving(certificate=certificate) as receiver:
        tls = ssl.create_default_context(cafile=str(certificate[0]))
        sender = send(receiver.address, tls=tls)
        sender.offer(event())
        until(lambda: sender.status.delivered == 1)


@pytest.mark.parametrize("wrong", ["unknown authority", "other host"])
def test_a_wrong_certificate_gets_no_event(
    send, unsent, certificate, foreign_certificate, wrong, caplog
):
    used = certificate if wrong == "unknown authority" else foreign_certificate
    tls = ssl.create_default_context()
    if wrong == "other host":
        tls.load_verify_locations(str(used[0]))
    with receiving(certificate=used) as receiver:
        sender = send(receiver.address, tls=tls, give_up_s=0.1)
        sender.offer(event())
        until(lambda: sender.status.unsent == 1)
        assert receiver.requests == []
    assert "its certificate is not trusted: " in caplog.text
    assert kinds_in(unsent) == ["fall"]


def test_a_server_without_tls_is_no_https_server(send):
    with receiving() as receiver:
        sender = send(receiver.address.replace("http:", "https:"), give_up_s=0.1)
        sender.offer(event())
        until(lambda: sender.status.unsent == 1)
        assert receiver.requests == []


def test_nothing_secret_reaches_the_log_or_the_file(send, unsent, caplog):
    caplog.set_level(logging.DEBUG)
    with receiving(answer(404)) as receiver:
        address = receiver.address.replace("http://", "http://jo:hunter2@") + "/T0KEN?key=S3CRET"
        sender = send(address, key=KEY)
        sender.offer(event())
        until(lambda: sender.status.unsent == 1)
        sender.close()
        assert receiver.requests[0].headers["authorization"] == "Basic am86aHVudGVyMg=="
        assert receiver.requests[0].path == "/hook/T0KEN?key=S3CRET"
    told = caplog.text + unsent.read_text() + str(sender.status)
    assert not [s for s in ("hunter2", "T0KEN", "S3CRET", "sufficient") if s in told]


def test_only_the_kinds_asked_for_are_offered():
    offered = []

    class Sender:
        def offer(self, event):
            offered.append(event.kind)

    some, everything = WebhookSink(Sender(), kinds=["fall"]), WebhookSink(Sender())
    for sink in (some, everything):
        sink.write(result(event("fall"), event("enter")))
        sink.close()
    assert offered == ["fall", "fall", "enter"]
