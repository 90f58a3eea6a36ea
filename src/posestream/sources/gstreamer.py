"""Read whatever GStreamer can open: CSI cameras, vendors' sources, test pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from posestream.errors import ConfigError, SourceError
from posestream.images import HostImage
from posestream.sources import SourceInfo
from posestream.sources.gstreamer_pipeline import AppsinkPipeline, gstreamer
from posestream.sources.gstreamer_samples import SampleLayout, frame_of_buffer, sample_layout
from posestream.sources.timestamps import Timeline
from posestream.types import Frame

_TIME_BASE = Fraction(1, 10**9)


class GStreamerSource:
    """The pictures that a GStreamer pipeline delivers.

    Times are the pipeline's own where they increase. Pictures whose size changes midway keep their
    size. A live pipeline drops the oldest picture when nobody takes it; one that is not live gives
    every picture once.

    Args:
        pipeline: As ``gst-launch-1.0`` takes it, such as ``v4l2src ! image/jpeg ! jpegdec``. It may
            end in an ``appsink`` of its own, with raw pictures in main memory.
        name: Name of the stream.
        timeout_s: Give up when no picture comes for so long, at the start and later, seconds.

    Raises:
        MissingDependencyError: If GStreamer cannot be used from Python here.
        ConfigError: If the pipeline cannot be understood.
        SourceError: If it cannot be started, or gives no picture that can be used.
    """

    def __init__(self, pipeline: str, *, name: str, timeout_s: float = 10.0) -> None:
        if not timeout_s > 0:
            raise ConfigError(f"{name}: timeout {timeout_s} s must be above 0")
        self.name = name
        self.corrupt_frames = 0
        self._gst, self._video = gstreamer()
        self._caps: Any = None
        self._layout: SampleLayout | None = None
        self._pipeline = AppsinkPipeline(pipeline, name=name, timeout_s=timeout_s)
        try:
            self._first = self._next_image()
            if self._first is None or self._layout is None:
                raise SourceError(f"{name}: the pipeline ended before its first picture")
        except SourceError:
            self.close()
            raise
        self.info = SourceInfo(
            size=self._layout.size,
            frame_rate=self._layout.frame_rate,
            frame_count=None,
            pixel_aspect=self._layout.pixel_aspect,
            live=self._pipeline.live,
            ends=not self._pipeline.live,
        )
        self._timeline = Timeline(time_base=_TIME_BASE, frame_rate=self.info.frame_rate)
        self._index = 0

    def frames(self) -> Iterator[Frame]:
        """Yield every picture once, in order.

        Raises:
            SourceError: If an element of the pipeline fails, or no picture comes in time.
        """
        image, self._first = self._first, None
        while not self._pipeline.closed:
            image = image or self._next_image()
            if image is None:
                return
            yield Frame(
                stream=self.name,
                index=self._index,
                pts=self._timeline.place(image.frame.pts),
                time_base=_TIME_BASE,
                image=image,
                wall_s=time.time(),
            )
            self._index += 1
            image = None

    def close(self) -> None:
        """Stop the pipeline; may be called twice, and while another thread waits for a picture."""
        self._pipeline.close()

    def _next_image(self) -> HostImage | None:
        """Return the next whole picture; ``None`` at the end."""
        while (sample := self._pipeline.pull()) is not None:
            buffer = sample.get_buffer()
            layout = self._layout_of(sample.get_caps())
            frame = frame_of_buffer(self._gst, self._video, buffer, layout)
            if frame is None:
                self.corrupt_frames += 1
                continue
            frame.pts = None if buffer.pts == self._gst.CLOCK_TIME_NONE else buffer.pts
            frame.time_base = _TIME_BASE
            return HostImage(frame)
        return None

    def _layout_of(self, caps: Any) -> SampleLayout:
        # The same caps come with every picture until something changes.
        if self._layout is None or not caps.is_equal(self._caps):
            self._layout = sample_layout(self._video, caps, name=self.name)
            self._caps = caps
        return self._layout
