"""Choose the number format that a network runs in.

That a CPU has bfloat16 does not say that it is fast at it: with matrix units it halves the time,
without them it can cost a third more. So ``auto`` runs the network in both and remembers which won.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from posestream.errors import ConfigError
from posestream.inference.blob_cache import BlobCache

CAPABILITIES = {"f32": "FP32", "bf16": "BF16", "f16": "FP16"}
"""OpenVINO's names of the number formats."""
_ROUNDS = 6
_WORTH = 0.9  # share of the time in f32 that bf16 must stay under: it costs some exactness


def usable_precisions(capabilities: Collection[str]) -> list[str]:
    """Return the number formats that a device with these capabilities has."""
    return [name for name, capability in CAPABILITIES.items() if capability in capabilities]


def check_precision(asked: str, usable: Sequence[str]) -> None:
    """Refuse a number format that the CPU does not have.

    Raises:
        ConfigError: If it is neither ``auto`` nor usable.
    """
    if asked != "auto" and asked not in usable:
        raise ConfigError(
            f"precision: {asked!r} is not allowed on this CPU; allowed: auto, {', '.join(usable)}"
        )


def faster_precision(
    runner_for: Callable[[str], Callable[[], object]], *, cache: BlobCache | None, key: str
) -> str:
    """Return ``bf16`` if a network is clearly faster in it than in ``f32``, else ``f32``.

    Both take turns, and the least time of each counts, because other programs only ever add to it.

    Args:
        runner_for: Makes what runs the network once in a number format.
        cache: Remembers the answer for the next process.
        key: Names the network, the library and the CPU in the cache.
    """
    if cache and (known := cache.load(key)) in (b"f32", b"bf16"):
        return known.decode()
    runners = {name: runner_for(name) for name in ("f32", "bf16")}
    least = dict.fromkeys(runners, float("inf"))
    for _ in range(_ROUNDS):
        for name, run in runners.items():
            begun = time.perf_counter()
            run()
            least[name] = min(least[name], time.perf_counter() - begun)
    chosen = "bf16" if least["bf16"] < _WORTH * least["f32"] else "f32"
    if cache:
        cache.store(key, chosen.encode())
    return chosen
