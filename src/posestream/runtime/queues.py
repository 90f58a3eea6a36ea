"""A bounded queue between two threads that can end in order or at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedQueue(Generic[T]):
    """Hand items from one thread to another, never more than ``capacity`` waiting.

    `close` ends it in order: what is inside still comes out. `cancel` ends it at once. After
    either, `put` refuses and says so, so that a producer knows to stop.

    Raises:
        ValueError: If the capacity is under 1.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    def put(self, item: T) -> bool:
        """Wait for room and add an item; return False if the queue has ended instead."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._capacity)
            if self._closed:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def take(self, timeout_s: float) -> list[T]:
        """Wait a while and return the next item alone; nothing where none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._items, timeout_s)
            items = [self._items.popleft()] if self._items else []
            self._changed.notify_all()
            return items

    def close(self) -> None:
        """Let no more items in; those inside still come out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def cancel(self) -> list[T]:
        """Let no more items in and return those inside, which do not come out any more."""
        with self._changed:
            self._closed = True
            waiting = list(self._items)
            self._items.clear()
            self._changed.notify_all()
            return waiting

    def __iter__(self) -> Iterator[T]:
        """Yield items as they come, until the queue has ended and is empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._items)
                if not self._items:
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
