"""Which streams a run has: names, inputs and settings, from what users wrote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from posestream.config import Config
from posestream.config_streams import StreamConfig
from posestream.config_zones import ZonesConfig
from posestream.credentials import with_secrets
from posestream.runtime.supervision import RetryPolicy
from posestream.sources import Source
from posestream.sources.addresses import InputKind, expand_inputs, kind_of_input
from posestream.sources.files import VIDEO_SUFFIXES, find_files
from posestream.sources.names import safe_name, stream_name, unique_names
from posestream.sources.opening import open_source
from posestream.sources.options import SourceOptions
from posestream.sources.pictures import OpenPictures

_OPENING_MARGIN_S = 5.0
_RECORDINGS = VIDEO_SUFFIXES - {".mjpg", ".mjpeg", ".ts", ".m2ts", ".flv", ".264", ".h264"}


@dataclass(frozen=True, slots=True)
class InputStream:
    """One stream before it is opened."""

    name: str
    """Name of the stream: safe as the name of a file, unlike any other's."""
    address: str
    """Where its frames come from; may hold credentials, or ``${NAME}`` for them."""
    settings: StreamConfig
    """How it is read."""
    places: ZonesConfig = field(default_factory=ZonesConfig)
    """What is watched in it."""

    @property
    def comes_back(self) -> bool:
        """Whether it is worth trying again when it cannot be opened."""
        kind = kind_of_input(self.address)
        if kind is InputKind.HTTP:
            # A recording on a web server is there or not; a camera may be restarting.
            return PurePosixPath(urlsplit(self.address).path).suffix.lower() not in _RECORDINGS
        return kind.live or kind is InputKind.GSTREAMER

    @property
    def takes_turns(self) -> bool:
        """Whether it may wait until fewer others are open, as it comes to an end."""
        return not (self.is_live or self.settings.loop)

    @property
    def is_live(self) -> bool:
        """Whether its frames probably come by the clock on the wall, before it is opened."""
        fake_camera = self.address.startswith("fake:") and "realtime" in self.address
        return self.comes_back or self.settings.realtime or fake_camera

    def opener(self, open_pictures: OpenPictures | None = None) -> Callable[[], Source]:
        """Return what opens its source.

        Args:
            open_pictures: Makes what decodes its video; by default FFmpeg on the CPU.
        """
        options = replace(source_options(self.settings), open_pictures=open_pictures)
        return lambda: open_source(self.address, name=self.name, options=options)

    def policy(self) -> RetryPolicy:
        """Return when its source is opened again."""
        return RetryPolicy(
            max_retries=self.settings.max_retries,
            stall_s=self.settings.timeout,
            opening_s=self.settings.timeout + _OPENING_MARGIN_S,
        )


def input_streams(config: Config) -> list[InputStream]:
    """Return the streams of a run, named ones last.

    Raises:
        ConfigError: If an input names an environment variable that is not set, or two streams
            have the same name.
        SourceError: If a file or folder is not there, or holds nothing that can be read.
    """
    addresses = expand_inputs([checked_address(text) for text in config.input])
    streams = [
        InputStream(stream_name(address), address, config.stream, config.places)
        for address in addresses
    ]
    for name, one in config.streams.items():
        settings, places = one.over(config.stream), one.places_over(config.places)
        streams.append(InputStream(safe_name(name), checked_address(one.input), settings, places))
    names = unique_names([stream.name for stream in streams])
    return [replace(stream, name=name) for name, stream in zip(names, streams, strict=True)]


def checked_address(text: str) -> str:
    """Return an input as it is, once it is clear that it may be opened.

    Raises:
        ConfigError: If it names an environment variable that is not set.
        SourceError: If it is a kind of address that cannot be opened, or a file or folder that is
            not there.
    """
    if kind_of_input(text) is InputKind.FILES:
        find_files(text)
    else:
        with_secrets(text)
    return text


def source_options(settings: StreamConfig) -> SourceOptions:
    """Return a stream's settings as its source takes them."""
    rate = settings.rate
    return SourceOptions(
        start_s=settings.start,
        end_s=settings.end,
        realtime=settings.realtime,
        loop=settings.loop,
        rate=None if rate is None else Fraction(rate).limit_denominator(1001),
        rtsp_transport=settings.rtsp_transport,
        timeout_s=settings.timeout,
        live=settings.live,
        ffmpeg=settings.ffmpeg,
    )
