"""Find out what an input is and open it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from posestream.errors import ConfigError, SourceError
from posestream.sources import Source
from posestream.sources.addresses import InputKind, kind_of_input
from posestream.sources.file import VideoFileSource
from posestream.sources.files import FoundFiles, find_files, refuse_mixed
from posestream.sources.images import ImagesSource
from posestream.sources.network import NetworkSource
from posestream.sources.options import SourceOptions

_ALLOWED = (
    "a video file, an image, a folder of images, a pattern such as 'shots/*.jpg', "
    "an address such as rtsp://camera/live, or a camera such as /dev/video0"
)


def open_source(
    text: str | Path, *, name: str | None = None, options: SourceOptions | None = None
) -> Source:
    """Open whatever an input is: files, an address, a camera, a pipeline, generated pictures.

    A folder or pattern with exactly one video, and nothing else, is that video.

    Args:
        text: Path, pattern or address; `addresses` lists the kinds.
        name: Name of the stream; by default made from the text.
        options: How to open and read it.

    Raises:
        SourceNotFoundError: If nothing is there.
        SourceError: If it cannot be read, or is nothing that can be read.
        ConfigError: If an option does not go with this kind of input.
        MissingDependencyError: If it needs a package that is not installed.
    """
    options = options or SourceOptions()
    kind = kind_of_input(str(text))
    _refuse_options_of_recordings(kind, options)
    if kind is InputKind.FILES:
        return _open_files(text, name=name, options=options)
    if kind is InputKind.FAKE:
        return _open_fake(str(text), name=name, options=options)
    if kind is InputKind.GSTREAMER:
        return _open_pipeline(str(text), name=name, options=options)
    return _played(lambda: _open_network(str(text), name=name, options=options), options=options)


def _open_files(text: str | Path, *, name: str | None, options: SourceOptions) -> Source:
    found = find_files(text)
    refuse_mixed(text, found)
    if found.images:
        return _open_images(found, name=name, options=options)
    if len(found.videos) != 1:
        what = f"{len(found.videos)} videos; give them one at a time"
        if not found.videos:
            what = f"no video and no image; give {_ALLOWED}"
        raise SourceError(f"{text}: holds {what}")

    def open_video() -> Source:
        return VideoFileSource(
            found.videos[0],
            name=name,
            start_s=options.start_s,
            end_s=options.end_s,
            threads=options.threads,
            open_pictures=options.open_pictures,
        )

    return _played(open_video, options=options)


def _open_images(found: FoundFiles, *, name: str | None, options: SourceOptions) -> Source:
    if options.start_s is not None or options.end_s is not None:
        raise ConfigError(f"start, end: {found.given} has images, which have no time")
    name = found.name if name is None else name
    if options.rate is None:
        if options.realtime or options.loop:
            raise ConfigError(
                f"realtime, loop: {found.given} has images, which need a rate for that"
            )
        return ImagesSource(found.images, name=name)
    rate = options.rate
    return _played(lambda: ImagesSource(found.images, name=name, rate=rate), options=options)


def _open_network(text: str, *, name: str | None, options: SourceOptions) -> Source:
    source = NetworkSource(text, name=name, options=options)
    if not source.in_bursts:
        return source
    from posestream.sources.paced import PacedSource

    # A reader that takes a segment of several seconds at once would have to drop most of it.
    return PacedSource(source)


def _open_fake(text: str, *, name: str | None, options: SourceOptions) -> Source:
    from posestream.sources.fake import parse_fake

    return _played(lambda: parse_fake(text, name="fake" if name is None else name), options=options)


def _open_pipeline(text: str, *, name: str | None, options: SourceOptions) -> Source:
    from posestream.sources.gstreamer import GStreamerSource
    from posestream.sources.names import stream_name

    return GStreamerSource(
        text.partition(":")[2],
        name=stream_name(text) if name is None else name,
        timeout_s=options.timeout_s,
    )


def _played(open_once: Callable[[], Source], *, options: SourceOptions) -> Source:
    """Open a source, over and over or at its own speed where that is asked for."""
    if options.loop:
        from posestream.sources.looped import LoopedSource

        source: Source = LoopedSource(open_once)
    else:
        source = open_once()
    if options.realtime and not source.info.live:
        from posestream.sources.paced import PacedSource

        return PacedSource(source)
    return source


def _refuse_options_of_recordings(kind: InputKind, options: SourceOptions) -> None:
    if not kind.live:
        return
    what = kind.value
    if options.start_s is not None or options.end_s is not None:
        raise ConfigError(f"start, end: a {what} input is live and has no beginning")
    if options.loop:
        raise ConfigError(f"loop: a {what} input is live and has no end")
