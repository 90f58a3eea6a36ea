"""Which kernels decode part affinity fields, with which arguments, in how many blocks."""
# pyright: reportMissingImports=false

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from posestream.decoding.paf import SAMPLES, WINDOW
from posestream.decoding.paf_rules import PafRules
from posestream.kernels import Arguments, Maps, Step
from posestream.transfers import Transfer

if TYPE_CHECKING:
    import torch

_THREADS = 256
"""Threads that share one map."""
_LIMB_THREADS = 128
"""Threads that share the pairs of one limb."""


def sources_of(rules: PafRules) -> tuple[Path, ...]:
    """Return the files of the kernels that a setting needs."""
    own = ("peaks", "limbs") if rules.is_robust else ("compatible",)
    return tuple(Path(__file__).with_name(f"gpu_{part}.cu") for part in ("maps", "links", *own))


def step_bytes(rules: PafRules, height: int, width: int) -> tuple[int, int]:
    """Return the shared memory of the kernels that find peaks and match limbs, bytes."""
    most = int(rules.max_peaks)
    if rules.is_robust:
        side_by_side = ((height + 1) // 2) * ((width + 1) // 2)
        return 4 * (height * width + 4 * side_by_side), 4 * (most * most + 3 * most)
    return 4 * _THREADS, (3 * 8 + 5 * 4) * (most + 1) + 4 * most * most


def paf_steps(
    rules: PafRules,
    maps: Maps,
    fields: Maps,
    *,
    cells: tuple[int, int],
    content: Transfer,
    limbs: torch.Tensor,
    found: Transfer,
) -> list[Step]:
    """Return the launches of one batch, in their order.

    Args:
        rules: What the decoder holds candidates to.
        maps: Confidence maps; what they show may change between launches.
        fields: Part affinity fields, likewise.
        cells: Height and width of the maps.
        content: ``cells``, rows and columns that hold each frame.
        limbs: ``(L, 4)`` keypoints, x and y channel of each limb.
        found: Where results go.
    """
    size, keypoints, count = found.host["counts"].shape[0], rules.keypoints, len(limbs)
    peak_bytes, limb_bytes = step_bytes(rules, *cells)
    there, where, most = found.on_device, content.on_device("cells"), int(rules.max_peaks)
    counts, peaks = there("counts"), there("peaks")
    ends = (counts, peaks, there("link_counts"), there("links"))
    knobs = (float(rules.link_threshold), float(rules.support), int(rules.samples))
    if rules.is_robust:
        limits, copies = there("thresholds"), there("maps")
        noise = (float(rules.threshold), float(rules.noise_sigmas))
        launches = (
            ("noise_thresholds", 1, 512, 2048, (maps, where, keypoints, *noise, limits)),
            (
                "strongest_peaks",
                keypoints,
                _THREADS,
                peak_bytes,
                (maps, where, limits, *cells, most, counts, peaks, copies),
            ),
            (
                "match_limbs",
                count,
                _LIMB_THREADS,
                limb_bytes,
                (fields, limbs, keypoints, *cells, most, *knobs, *ends),
            ),
        )
    else:
        launches = (
            (
                "first_peaks",
                keypoints,
                _THREADS,
                peak_bytes,
                (maps, where, float(rules.threshold), WINDOW, most, counts, peaks),
            ),
            (
                "match_compatible",
                count,
                _LIMB_THREADS,
                limb_bytes,
                (fields, where, limbs, keypoints, most, knobs[0], SAMPLES, *ends),
            ),
        )
    return [
        Step(name, (columns, size, 1), block, shared, Arguments(*arguments))
        for name, columns, block, shared, arguments in launches
    ]
