"""Decide which input sizes deserve a network compiled for them alone.

A network compiled for one size runs up to a tenth faster than one that takes any size, but costs a
third of a second to compile. A video needs one or two sizes and should have them compiled; a folder
of pictures needs dozens and should not wait for each. Both kinds give the same bits.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SizeCache(Generic[T]):
    """Compiled networks by input size; several threads may ask at once.

    The first sizes are compiled at once. Every later one runs on a network of free size until it
    was asked for so often that its own would have paid, and then takes the place of the size that
    was not needed for longest.
    """

    def __init__(
        self,
        compile_for: Callable[[Hashable | None], T],
        *,
        at_once: int = 2,
        capacity: int = 4,
        worth_after: int = 100,
    ) -> None:
        """Start with nothing compiled.

        Args:
            compile_for: Compiles for a size, or for any size if given None.
            at_once: How many sizes are compiled as soon as they are seen.
            capacity: How many sizes are kept compiled.
            worth_after: Requests after which a later size is compiled too: compiling costs about
                as much as a hundred times the difference.
        """
        self._compile_for = compile_for
        self._at_once = at_once
        self._capacity = capacity
        self._worth_after = worth_after
        self._own: OrderedDict[Hashable, T] = OrderedDict()
        self._any: T | None = None
        self._asked: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def get(self, size: Hashable) -> T:
        """Return a compiled network that takes a size."""
        with self._lock:
            if size in self._own:
                self._own.move_to_end(size)
                return self._own[size]
            self._asked[size] += 1
            if len(self._own) < self._at_once or self._asked[size] > self._worth_after:
                return self._compile_own(size)
            if self._any is None:
                self._any = self._compile_for(None)
            return self._any

    def _compile_own(self, size: Hashable) -> T:
        network = self._own[size] = self._compile_for(size)
        del self._asked[size]
        if len(self._own) > self._capacity:
            self._own.popitem(last=False)
        return network
