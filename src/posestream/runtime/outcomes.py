"""The one place where every kind of failure is caught: at the edge of a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of a piece of work."""

    value: T | None = None
    """What it returned; ``None`` also where it failed."""
    error: Exception | None = None
    """Why it failed; ``None`` where it did not."""


def attempt(work: Callable[[], T]) -> Outcome[T]:
    """Do a piece of work on behalf of others, and carry its failure to where it is handled.

    A thread that dies of an error takes the error with it. Threads that serve many streams use
    this instead: the stream concerned gets the error, whatever it is, and the others go on.
    """
    try:
        return Outcome(value=work())
    except Exception as error:  # noqa: BLE001 - supervised: see above
        return Outcome(error=error)
