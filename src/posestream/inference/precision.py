"""Choose the number format that a network runs in.

That a CPU has bfloat16 does not say that it is fast at it: with matrix units it halves the time,
without them it can cost a third more. So ``auto`` runs the network in all that keep its accuracy,
and remembers which won.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from posestream.blob_cache import BlobCache
from posestream.errors import ConfigError

CAPABILITIES = {"f32": "FP32", "bf16": "BF16", "f16": "FP16"}
"""OpenVINO's names of the number formats."""
_ROUNDS = 6
_WORTH = 0.9  # share of the most exact one's time that others must stay under


def usable_precisions(capabilities: Collection[str]) -> list[str]:
    """Return the number formats that a device with these capabilities has."""
    return [name for name, capability in CAPABILITIES.items() if capability in capabilities]


def has_vnni(cpu: Sequence[str]) -> bool:
    """Tell whether a CPU multiplies 8-bit numbers exactly and fast.

    Without these instructions sums of 8-bit products may overflow 16 bits.

    Args:
        cpu: What is known of it; the flags of Linux's ``/proc/cpuinfo`` are among it.
    """
    return any("vnni" in line.split() or "_vnni" in line for line in cpu)


def check_precision(asked: str, usable: Sequence[str]) -> None:
    """Refuse a number format that the CPU does not have.

    Raises:
        ConfigError: If it is neither ``auto`` nor usable.
    """
    if asked != "auto" and asked not in usable:
        raise ConfigError(
            f"precision: {asked!r} is not allowed on this CPU; allowed: auto, {', '.join(usable)}"
        )


def fastest_precision(
    candidates: Sequence[str],
    runner_for: Callable[[str], Callable[[], object]],
    *,
    cache: BlobCache | None,
    key: str,
) -> str:
    """Return the number format that a network is clearly fastest in, else the first.

    All take turns, and the least time of each counts, because other programs only ever add to it.

    Args:
        candidates: Number formats; the first is the most exact.
        runner_for: Makes what runs the network once in a number format.
        cache: Remembers the answer for the next process.
        key: Names the network, the library and the CPU in the cache.
    """
    known = cache.load(key) if cache else None
    if known is not None and known.decode("ascii", "replace") in candidates:
        return known.decode()
    runners = {name: runner_for(name) for name in candidates}
    least = dict.fromkeys(runners, float("inf"))
    for _ in range(_ROUNDS):
        for name, run in runners.items():
            begun = time.perf_counter()
            run()
            least[name] = min(least[name], time.perf_counter() - begun)
    exact = candidates[0]
    chosen = min(candidates, key=lambda name: least[name] / (1 if name == exact else _WORTH))
    if cache:
        cache.store(key, chosen.encode())
    return chosen
