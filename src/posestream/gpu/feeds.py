"""How packets get from a source to whoever decodes them next."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from posestream.errors import SourceError
from posestream.gpu.packets import Packet, PacketSource

_MOST_WAITING = 30  # a second


class Feed(Protocol):
    """Packets of one stream for decoding threads, one of which asks at a time."""

    def start(self) -> None:
        """Begin to read, where that happens by itself."""
        ...

    def take(self) -> Packet | None:
        """Return the next packet; None if there is none now, or no more at all.

        Raises:
            SourceError: If the source failed.
        """
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        ...

    @property
    def dropped(self) -> int:
        """Packets left out so far because nobody had time for them."""
        ...

    def close(self) -> None:
        """Let the source go; may be called twice."""
        ...


class DirectFeed:
    """Reads on the decoding thread: for files, which are always there and wait for their reader.

    Args:
        source: The file.
    """

    def __init__(self, source: PacketSource) -> None:
        self._source = source
        self._packets: Iterator[Packet] = iter(source.packets())
        self.ended = False
        self.dropped = 0

    def start(self) -> None:
        """Do nothing: whoever takes a packet reads it."""

    def take(self) -> Packet | None:
        """Return the next packet, None at the end."""
        packet = None if self.ended else next(self._packets, None)
        self.ended = packet is None
        return packet

    def close(self) -> None:
        """Close the file."""
        self.ended = True
        self._source.close()


class ThreadFeed:
    """Reads on a thread of its own: for cameras, which may be silent and wait for nobody.

    If decoding falls behind, everything up to the next key frame is left out, and counted, for
    pictures cannot be decoded without those before them.

    Args:
        source: The camera.
        wake: Told when there is something to take.
        name: Name of the stream, for the thread.
    """

    def __init__(self, source: PacketSource, wake: Callable[[], None], *, name: str = "") -> None:
        self._source, self._wake = source, wake
        self._waiting: deque[Packet] = deque()
        self._lock = threading.Lock()
        self._error: SourceError | None = None
        self._finished = self._skipping = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._read, name=f"packets-{name}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._finished and not self._waiting

    def take(self) -> Packet | None:
        """Return the next packet that has come, if any.

        Raises:
            SourceError: If the source failed, after its last packet.
        """
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            error, self._error = self._error, None
        if error is not None:
            raise error
        return None

    def close(self) -> None:
        """Let the source go; its thread ends when it next returns from the network."""
        self._finished = True
        self._source.close()

    def _read(self) -> None:
        try:
            for packet in self._source.packets():
                if self._finished:
                    return
                self._put(packet)
                self._wake()
        except SourceError as error:
            self._error = error
        finally:
            self._finished = True
            self._wake()

    def _put(self, packet: Packet) -> None:
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                self.dropped += len(self._waiting)
                self._waiting.clear()
                self._skipping = True
            if self._skipping and not packet.key:
                self.dropped += 1
                return
            self._skipping = False
            self._waiting.append(packet)
