"""A GStreamer pipeline that ends in an appsink, and its errors in plain words."""

from __future__ import annotations

import functools
import importlib
import re
import time
import weakref
from types import ModuleType
from typing import Any

from posestream.credentials import redacted
from posestream.errors import ConfigError, MissingDependencyError, SourceError

_SINK = (
    "videoconvert ! video/x-raw,format=(string){I420,NV12}"
    " ! appsink name=posestream max-buffers=2 sync=false"
)
_OWN_SINK = re.compile(r"(?:^|[!.\s])appsink(?:\s[^!]*)?$")
_SLICE_S = 0.1
_SECOND_NS = 10**9


@functools.cache
def gstreamer() -> tuple[ModuleType, ModuleType]:
    """Return GStreamer's library and its video library, loaded once.

    Raises:
        MissingDependencyError: If PyGObject or the description of one of them is not installed.
    """
    try:
        gi = importlib.import_module("gi")
        gi.require_version("Gst", "1.0")
        gi.require_version("GstVideo", "1.0")
        gst = importlib.import_module("gi.repository.Gst")
        video = importlib.import_module("gi.repository.GstVideo")
    except (ImportError, ValueError) as error:
        raise MissingDependencyError(
            f"GStreamer pipelines need PyGObject and GStreamer ({error}); on Debian: apt install "
            "python3-gi gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-good; a virtual "
            "environment sees them if made with --system-site-packages, else: pip install PyGObject"
        ) from None
    gst.init(None)
    return gst, video


class AppsinkPipeline:
    """Runs a pipeline and hands out the samples that reach its end.

    Where the text does not end in an appsink, one is added, behind a conversion to I420 or NV12.
    A live pipeline's own drops the oldest sample when nobody takes it; others wait.

    Args:
        text: The pipeline as ``gst-launch-1.0`` takes it.
        name: Name of the stream, for errors.
        timeout_s: How long a sample may take.

    Attributes:
        live: Whether the pipeline goes on by itself, as cameras do.

    Raises:
        MissingDependencyError: If GStreamer cannot be used from Python here.
        ConfigError: If the pipeline cannot be understood.
        SourceError: If it cannot be started.
    """

    def __init__(self, text: str, *, name: str, timeout_s: float) -> None:
        self._gst, _ = gstreamer()
        self._text = text
        self._name = name
        self._timeout_s = timeout_s
        self._error: str | None = None
        self.closed = False
        has_sink = _OWN_SINK.search(text) is not None
        self._pipeline = self._parsed(text if has_sink else f"{text} ! {_SINK}")
        # Also for whoever forgets to close: GStreamer complains of pipelines dropped while running.
        self._stop = weakref.finalize(self, self._pipeline.set_state, self._gst.State.NULL)
        self._bus = self._pipeline.get_bus()
        try:
            self._sink = self._find_sink(has_sink)
            self.live = self._pause()
            if self.live and not has_sink:
                self._sink.set_property("drop", True)
            self._pipeline.set_state(self._gst.State.PLAYING)
        except (ConfigError, SourceError):
            self.close()
            raise

    def pull(self) -> Any:
        """Return the next sample; ``None`` at the end and when closed.

        Raises:
            SourceError: If an element fails, or no sample comes in time.
        """
        deadline_s = time.monotonic() + self._timeout_s
        while not self.closed:
            sample = self._sink.emit("try-pull-sample", int(_SLICE_S * _SECOND_NS))
            self._read_bus()
            if sample is not None:
                return sample
            if self.closed:
                break
            if self._error is not None:
                raise SourceError(self._error)
            if self._sink.get_property("eos"):
                break
            self._check_time(deadline_s)
        return None

    def close(self) -> None:
        """Stop the pipeline; may be called twice, and while another thread waits for a sample."""
        self.closed = True
        self._stop()

    def _parsed(self, text: str) -> Any:
        glib = importlib.import_module("gi.repository.GLib")
        text = text.replace("\0", "\ufffd")  # where C would take the text to end
        try:
            pipeline = self._gst.parse_launch(text)
        except (glib.Error, UnicodeEncodeError) as error:
            reason = redacted(getattr(error, "message", "not valid text"), source=text)
            raise ConfigError(
                f"{self._name}: the GStreamer pipeline cannot be understood: {reason}"
            ) from None
        if not isinstance(pipeline, self._gst.Pipeline):
            raise ConfigError(f"{self._name}: a GStreamer pipeline must be as 'v4l2src ! queue'")
        return pipeline

    def _find_sink(self, has_sink: bool) -> Any:
        if not has_sink:
            return self._pipeline.get_by_name("posestream")
        found = self._pipeline.iterate_all_by_element_factory_name("appsink")
        sinks = []
        while (step := found.next())[0] == self._gst.IteratorResult.OK:
            sinks.append(step[1])
        if len(sinks) != 1:
            raise ConfigError(f"{self._name}: the pipeline has {len(sinks)} appsinks, must be one")
        if sinks[0].get_property("max-buffers") == 0:  # no bound, so memory would fill up
            sinks[0].set_property("max-buffers", 2)
        return sinks[0]

    def _pause(self) -> bool:
        """Get everything ready; return whether the pipeline is live."""
        outcomes = self._gst.StateChangeReturn
        outcome = self._pipeline.set_state(self._gst.State.PAUSED)
        deadline_s = time.monotonic() + self._timeout_s
        while outcome == outcomes.ASYNC:
            outcome = self._pipeline.get_state(int(_SLICE_S * _SECOND_NS))[0]
            self._read_bus()
            if self._error is not None:
                raise SourceError(self._error)
            self._check_time(deadline_s)
        if outcome == outcomes.FAILURE:
            self._read_bus(wait_s=0.5)  # elements may tell why only after the fact
            raise SourceError(self._error or f"{self._name}: the pipeline cannot be started")
        return outcome == outcomes.NO_PREROLL

    def _check_time(self, deadline_s: float) -> None:
        if time.monotonic() > deadline_s:
            raise SourceError(
                f"{self._name}: the pipeline gave no picture for {self._timeout_s:g} s"
            )

    def _read_bus(self, *, wait_s: float = 0) -> None:
        """Keep the first error; everything else is thrown away, or it would pile up."""
        wanted, wait_ns = self._gst.MessageType.ERROR, int(wait_s * _SECOND_NS)
        while (message := self._bus.timed_pop_filtered(wait_ns, wanted)) is not None:
            wait_ns = 0
            error, debug = message.parse_error()
            # The debug text begins with a place in GStreamer's code; the reason follows.
            reason = " ".join((debug or "").partition("\n")[2].split())
            said = f"{error.message} ({reason})" if reason else error.message
            text = f"{self._name}: {message.src.get_name()}: {said}"
            self._error = self._error or redacted(text, source=self._text)
