"""Settings of events in, what writes and sends them out."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from posestream.assembly import build_annotator
from posestream.config_events import EventsConfig, WebhookConfig
from posestream.config_outputs import OutputConfig, OverlayConfig
from posestream.errors import ConfigError
from posestream.serving.exposure import is_loopback
from posestream.sinks import ResultSink
from posestream.sinks.clips.encoder import ClipEncoder
from posestream.sinks.clips.event_clips import EventClips
from posestream.sinks.events import EventLinesSink
from posestream.sinks.webhooks.address import WebhookAddress
from posestream.sinks.webhooks.sender import WebhookSender, WebhookStatus
from posestream.sinks.webhooks.signature import secret_key
from posestream.sinks.webhooks.sink import Sender, WebhookSink
from posestream.sinks.webhooks.unsent import UnsentEvents
from posestream.sources import SourceInfo
from posestream.topology import Topology

_log = logging.getLogger("posestream.webhooks")

EVENTS_NAME = "events.jsonl"
"""What a stream's file of events is called, see `recording.Places.data`."""
UNSENT_NAME = "events.unsent.jsonl"
"""What a run's file of events that could not be sent is called."""
CLIPS_NAME = "clips"
"""What the folder of all streams' clips is called."""


@dataclass(frozen=True, slots=True)
class _Webhook:
    address: WebhookAddress
    key: bytes | None
    tls: ssl.SSLContext | None
    settings: WebhookConfig


class EventOutputs:
    """Where a run's events go: senders that all streams share, and sinks for each stream.

    Args:
        settings: Where events go.
        folder: The run's output folder.
        overwrite: Whether files of an earlier run may be replaced.

    Raises:
        ConfigError: If an address, a secret or a certificate cannot be used.
    """

    def __init__(self, settings: EventsConfig, *, folder: Path, overwrite: bool = False) -> None:
        self._settings = settings
        self._folder = folder
        self._overwrite = overwrite
        self._webhooks = [_webhook(one) for one in settings.webhook]
        self._unsent = UnsentEvents(folder / UNSENT_NAME, overwrite=overwrite)
        self._senders: list[WebhookSender] = []
        self._elsewhere: Sequence[Sender] | None = None

    @property
    def planned(self) -> tuple[Path, ...]:
        """Files of the whole run that may be written; a stream's own are not among them."""
        return (self._unsent.path,) if self._webhooks else ()

    @property
    def senders(self) -> Sequence[Sender]:
        """What takes events for each webhook, once open."""
        return self._senders

    @property
    def statuses(self) -> list[WebhookStatus]:
        """How sending goes, for each webhook."""
        return [sender.status for sender in self._senders]

    def open(self, senders: Sequence[Sender] | None = None) -> None:
        """Start the senders.

        Args:
            senders: Those of another process, one for each webhook, instead of own ones.
        """
        self._elsewhere = senders
        if senders is not None:
            return
        for one in self._webhooks:
            if not one.address.encrypted and not is_loopback(one.address.host):
                _log.warning("webhook %s: events travel unencrypted", one.address.shown)
            self._senders.append(
                WebhookSender(
                    one.address,
                    self._unsent,
                    key=one.key,
                    tls=one.tls,
                    timeout_s=one.settings.timeout,
                    give_up_s=one.settings.give_up,
                    drain_s=self._settings.webhook_drain,
                )
            )

    def result_sinks(self, path: Path) -> list[ResultSink]:
        """Return what takes a stream's results.

        Args:
            path: The stream's file of events.

        Raises:
            SinkError: If it cannot be made.
        """
        sinks: list[ResultSink] = []
        if self._settings.events_file:
            sinks.append(EventLinesSink(path, overwrite=self._overwrite))
        senders = self._senders if self._elsewhere is None else self._elsewhere
        for sender, one in zip(senders, self._webhooks, strict=True):
            sinks.append(WebhookSink(sender, kinds=one.settings.kinds))
        return sinks

    def clips(self) -> EventClips | None:
        """Return what cuts a stream's clips: a sink of results that must be given pictures, too.

        It gets them as the tap of the annotated video where that `shows_clips`, else from
        `build_clip_encoder`.

        Raises:
            SinkError: If the folder cannot be made.
        """
        if not self._settings.clips:
            return None
        return EventClips(
            self._folder / CLIPS_NAME,
            before_s=self._settings.clip_before,
            after_s=self._settings.clip_after,
            longest_s=self._settings.clip_longest,
            kinds=self._settings.clip_kinds,
            overwrite=self._overwrite,
        )

    def close(self) -> None:
        """Send what is queued, for a bounded time; may be called twice."""
        for sender in self._senders:
            sender.finish()
        for sender in self._senders:
            sender.close()
        self._unsent.close()


def shows_clips(settings: EventsConfig, overlay: OverlayConfig, outputs: OutputConfig) -> bool:
    """Tell whether the annotated video looks as clips should, so that they are cut out of it."""
    return outputs.video and (overlay.blur_faces or not settings.clip_blur_faces)


def build_clip_encoder(
    clips: EventClips,
    settings: EventsConfig,
    overlay: OverlayConfig,
    topology: Topology,
    info: SourceInfo,
) -> ClipEncoder:
    """Make what encodes a stream's frames for its clips.

    Raises:
        ConfigError: If faces are to be blurred and the topology has none.
    """
    look = overlay.model_copy(update={"blur_faces": overlay.blur_faces or settings.clip_blur_faces})
    return ClipEncoder(
        clips,
        annotator=build_annotator(look, topology, events_s=settings.events_shown),
        frame_rate=info.frame_rate,
        pixel_aspect=info.pixel_aspect,
    )


def _webhook(settings: WebhookConfig) -> _Webhook:
    address = WebhookAddress.parse(settings.address())
    secret = settings.secret()
    try:
        key = None if secret is None else secret_key(secret)
    except ValueError as error:
        raise ConfigError(f"webhook: {address.shown}: the secret {error}") from None
    return _Webhook(address, key, _trust(address, settings.ca_file), settings)


def _trust(address: WebhookAddress, ca_file: Path | None) -> ssl.SSLContext | None:
    if not address.encrypted:
        return None
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"webhook: ca_file: {ca_file}: {error}") from None
    return context
