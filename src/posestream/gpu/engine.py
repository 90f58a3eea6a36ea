"""Many streams on any number of GPUs: decode, gather, infer, understand, in order."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from posestream.errors import PosestreamError
from posestream.gpu.batches import DecodedFrame
from posestream.gpu.decode_pool import DecodePool, Task
from posestream.gpu.feeds import DirectFeed, Feed, ThreadFeed
from posestream.gpu.lanes import DeviceLane
from posestream.gpu.nvdec import Decoder
from posestream.gpu.opening import StreamDecoder
from posestream.gpu.packets import PacketSource, VideoInfo
from posestream.gpu.runner import Runner
from posestream.gpu.surfaces import Surface
from posestream.types import Poses

_MOST_THREADS = 32
_LIVE_WAITING = 2


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of one frame."""

    stream: str
    """Name of the stream."""
    index: int
    """Position among the stream's decoded frames, from 0."""
    pts: int
    """Presentation time, ticks."""
    size: tuple[int, int]
    """Width and height of the frame, pixels."""
    poses: Poses
    """The people."""
    latency_s: float
    """From the packet's way into the decoder to here, seconds."""


OpenDecoder = Callable[[str, VideoInfo, int], Decoder]


def _open(name: str, info: VideoInfo, device: int) -> Decoder:
    return StreamDecoder(name, info, device=device)


class EngineStream:
    """One stream of an engine; made by `GpuEngine.add`.

    Attributes:
        name: Name of the stream.
        decoded: Frames decoded so far.
        delivered: Frames whose people were found so far.
        description: Who decodes it, for people.
        error: Why it ended early; None if it did not.
    """

    def __init__(
        self,
        name: str,
        source: PacketSource,
        *,
        lane: DeviceLane,
        pool: DecodePool,
        ahead: int,
        live: bool,
        on_outcome: Callable[[Outcome], None],
        open_decoder: OpenDecoder,
    ) -> None:
        self.name = name
        self.decoded = self.delivered = self._dropped = 0
        self.description = "not opened yet"
        self.error: Exception | None = None
        self.finished = threading.Event()
        self.lane = lane
        self._pool, self._ahead, self._live = pool, ahead, live
        self._on_outcome = on_outcome
        self._task = Task(self._step)
        self._decoder: Decoder | None = None
        self._make = lambda: open_decoder(name, source.info, lane.runner.device)
        self._in_flight = 0
        self._emptied = False
        self._corrupt = 0
        self._lock = threading.Lock()
        self._feed: Feed = ThreadFeed(source, self.poke, name=name) if live else DirectFeed(source)

    @property
    def dropped(self) -> int:
        """Frames and packets left out so far; only where the stream is live."""
        return self._dropped + self._feed.dropped

    @property
    def corrupt(self) -> int:
        """Packets so far that yielded no picture."""
        return self._decoder.corrupt if self._decoder else self._corrupt

    def start(self) -> None:
        """Begin."""
        self._feed.start()
        self.poke()

    def poke(self) -> None:
        """Go on, for there may be a packet or room."""
        self._pool.poke(self._task)

    def stop(self) -> None:
        """Read no more; what is on its way still comes out."""
        self._feed.close()
        self.poke()

    def outcome(self, frame: DecodedFrame, poses: Poses | None, error: Exception | None) -> None:
        """Pass a frame's people on, and let the next packet follow."""
        if error is not None and self.error is None:
            self.error = error
            self._feed.close()
        if poses is not None:
            self.delivered += 1
            latency_s = time.perf_counter() - frame.since_s
            self._on_outcome(
                Outcome(self.name, frame.index, frame.pts, frame.surface.size, poses, latency_s)
            )
        self._left(1)

    def _left(self, count: int) -> None:
        with self._lock:
            waits = self._in_flight >= self._ahead
            self._in_flight -= count
            if self._emptied and not self._in_flight:
                self.finished.set()
        if waits:
            self.poke()

    def _step(self) -> bool:
        """Decode one packet, unless there is none, or no room; return whether to go on."""
        if self._emptied or (self._in_flight >= self._ahead and not self._live):
            return False
        try:
            if self._decoder is None:
                self._decoder = self._make()
            more = self._advance(self._decoder)
            self.description = self._decoder.description if self._decoder else self.description
            return more
        except (PosestreamError, RuntimeError) as error:  # torch's are RuntimeErrors
            self.error = error
            self._feed.close()
            self._end([])
            return False

    def _advance(self, decoder: Decoder) -> bool:
        since_s = time.perf_counter()
        packet = self._feed.take()
        if packet is not None:
            self._send(decoder.decode(packet), since_s)
            return True
        if not self._feed.ended:
            return False
        self._end(decoder.flush())
        return False

    def _end(self, pictures: Sequence[tuple[int, Surface]]) -> None:
        self._send(pictures, time.perf_counter())
        if self._decoder is not None:  # a decoder holds 60 MB, which others may want
            self._corrupt, self._decoder = self._decoder.corrupt, None
        with self._lock:
            self._emptied = True
            if not self._in_flight:
                self.finished.set()

    def _send(self, pictures: Sequence[tuple[int, Surface]], since_s: float) -> None:
        for pts, surface in pictures:
            frame = DecodedFrame(self, self.decoded, pts, surface, since_s)
            self.decoded += 1
            with self._lock:
                self._in_flight += 1
            self.lane.batcher.put(frame)
        if self._live and pictures and self._in_flight > self._ahead:
            gone = self.lane.batcher.withdraw(self, keep=_LIVE_WAITING)
            for frame in gone:
                frame.surface.release()
            self._dropped += len(gone)
            self._left(len(gone))


class GpuEngine:
    """Runs streams on GPUs, spread so that each has about as many.

    Args:
        runners: One for each GPU.
        gather_s: How long a frame may wait for others to fill its batch, seconds; 0 where latency
            is worth more than throughput.
        threads: Threads that decode; by default two per core, at most 32.
        open_decoder: Makes a decoder; by default `StreamDecoder`.
    """

    def __init__(
        self,
        runners: Sequence[Runner],
        *,
        gather_s: float = 0.004,
        threads: int | None = None,
        open_decoder: OpenDecoder = _open,
    ) -> None:
        cores = os.cpu_count() or 1
        self._pool = DecodePool(threads or min(_MOST_THREADS, 2 * cores))
        self.lanes = [DeviceLane(r, self._deliver, gather_s=gather_s) for r in runners]
        self._open_decoder = open_decoder
        self.streams: dict[str, EngineStream] = {}

    def add(
        self,
        name: str,
        source: PacketSource,
        on_outcome: Callable[[Outcome], None],
        *,
        ahead: int = 2,
        live: bool = False,
    ) -> EngineStream:
        """Begin a stream.

        Args:
            name: Unlike any other's.
            source: Its packets.
            on_outcome: Called with every frame's people, in order, never twice at once; it must
                not take long, for all streams of the GPU wait meanwhile, and must not raise.
            ahead: Most frames on their way at once: each is 3 MB of the GPU at 1080 lines.
            live: Whether the source does not wait, so that frames are dropped instead.

        Raises:
            ValueError: If a stream has that name already.
        """
        if name in self.streams:
            raise ValueError(f"stream {name!r} is there already")
        lane = min(self.lanes, key=lambda one: sum(s.lane is one for s in self.streams.values()))
        stream = EngineStream(
            name,
            source,
            lane=lane,
            pool=self._pool,
            ahead=ahead,
            live=live,
            on_outcome=on_outcome,
            open_decoder=self._open_decoder,
        )
        self.streams[name] = stream
        stream.start()
        return stream

    def remove(self, name: str, *, timeout_s: float | None = None) -> EngineStream:
        """Stop a stream, wait for what is on its way, and forget it.

        Raises:
            KeyError: If there is no such stream.
        """
        stream = self.streams[name]
        stream.stop()
        stream.finished.wait(timeout_s)
        return self.streams.pop(name)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until every stream has ended; return whether that is so."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        for stream in list(self.streams.values()):
            left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
            if not stream.finished.wait(left_s):
                return False
        return True

    def close(self) -> None:
        """Stop every stream, finish what is on its way, and let the threads go."""
        for stream in list(self.streams.values()):
            stream.stop()
        self.wait(10.0)
        self._pool.close()
        for lane in self.lanes:
            lane.close()

    def _deliver(self, frame: DecodedFrame, poses: Poses | None, error: Exception | None) -> None:
        frame.owner.outcome(frame, poses, error)
