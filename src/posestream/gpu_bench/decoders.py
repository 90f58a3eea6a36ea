"""The video decoder alone: packets from memory, pictures thrown away, no run around it."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Sequence
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from posestream.errors import InferenceError
from posestream.gpu_bench.looped import LoopedPackets
from posestream.gpu_bench.packet_times import PictureDecoder, picture_decoder, read_reel

_OPENING_S = 120.0
_LOOK_EVERY_S = 0.05


class _Stream:
    """Decodes packets on a thread of its own and counts pictures."""

    def __init__(self, packets: LoopedPackets, decoder: PictureDecoder) -> None:
        self._packets, self._decoder = packets, decoder
        self.pictures = 0
        self._thread = threading.Thread(target=self._decode, name="decode", daemon=True)
        self._thread.start()

    def _decode(self) -> None:
        for packet in self._packets.packets():
            self.pictures += len(self._decoder.decode(packet))

    def close(self) -> None:
        """End after the packet that is being decoded."""
        self._packets.close()
        self._thread.join()


def decoders_alone(
    clip: Path, *, device: int | None, streams: int, processes: int, seconds: float
) -> dict[str, Any]:
    """Measure how many pictures a GPU's video decoder delivers to so many streams.

    Args:
        clip: What every stream decodes, over and over.
        device: Index of the GPU; None for FFmpeg on the CPU.
        streams: Streams at once, a thread for each.
        processes: How many processes share them, as one Python's lock would be the limit.
        seconds: How long is measured.

    Raises:
        InferenceError: If a process fails, or its streams do not begin in two minutes.
    """
    processes = min(processes, streams)
    context = multiprocessing.get_context("spawn")
    barrier, counted = context.Barrier(processes), context.Queue()
    shares = [streams // processes + (n < streams % processes) for n in range(processes)]
    children = [
        context.Process(target=_share, args=(barrier, counted, clip, device, share, seconds))
        for share in shares
    ]
    for child in children:
        child.start()
    try:
        rates = [_next_rate(counted, children, seconds=seconds) for _ in children]
    finally:
        for child in children:
            child.join(5)
            child.terminate()
    return {"decoder_fps": round(sum(rates), 1), "processes": processes}


def _next_rate(counted: Queue[float], children: Sequence[Any], *, seconds: float) -> float:
    """Return the next process's pictures per second."""
    from queue import Empty

    until_s = time.monotonic() + _OPENING_S + 2 * seconds
    while time.monotonic() < until_s:
        try:
            return counted.get(timeout=1.0)
        except Empty:
            if codes := [child.exitcode for child in children if child.exitcode]:
                raise InferenceError(f"a decoding process ended with code {codes[0]}") from None
    raise InferenceError(f"the decoders did not begin in {_OPENING_S:.0f} s")


def _share(
    barrier: Barrier,
    counted: Queue[float],
    clip: Path,
    device: int | None,
    count: int,
    seconds: float,
) -> None:
    """Decode a share of the streams, measured at the same time as the others'."""
    reel = read_reel(clip)
    streams = [
        _Stream(reel.played(rate=None), picture_decoder(str(n), reel.info, device=device))
        for n in range(count)
    ]
    until_s = time.monotonic() + _OPENING_S
    while not all(one.pictures for one in streams) and time.monotonic() < until_s:
        time.sleep(_LOOK_EVERY_S)
    barrier.wait(_OPENING_S)
    before, begun_s = sum(one.pictures for one in streams), time.perf_counter()
    time.sleep(seconds)
    after, took_s = sum(one.pictures for one in streams), time.perf_counter() - begun_s
    barrier.wait(_OPENING_S)  # nobody may end, and so ease the decoder, while others measure
    counted.put((after - before) / took_s)
    for stream in streams:
        stream.close()
