"""Which kernels decode part affinity fields, with which arguments, in how many blocks."""
# pyright: reportMissingImports=false

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posestream.decoding.gpu_found import FoundPeople, Placement
from posestream.decoding.paf import SAMPLES, WINDOW
from posestream.decoding.paf_rules import PafRules
from posestream.kernels import ELEMENTS, Arguments, Maps, Step
from posestream.transfers import Transfer

if TYPE_CHECKING:
    import torch

_THREADS = 256
"""Threads that share one map."""
_LIMB_THREADS = 128
"""Threads that share the pairs of one limb."""
_PEOPLE_THREADS = 256
"""Threads that share the people of one frame."""
_PEOPLE_BYTES = 40 << 10
"""Shared memory for the people of one frame; a crowd of more uses the GPU's memory."""


def sources_of(rules: PafRules) -> tuple[Path, ...]:
    """Return the files of the kernels that a setting needs."""
    robust = ("peaks", "limbs", "found", "bodies", "fragments", "people")
    own = robust if rules.is_robust else ("compatible",)
    parts = ("maps", "links", *own)
    return (ELEMENTS, *(Path(__file__).with_name(f"gpu_{part}.cu") for part in parts))


def step_bytes(rules: PafRules, height: int, width: int) -> tuple[int, ...]:
    """Return the shared memory of the kernels: for peaks, limbs and, if they do it, people."""
    most = int(rules.max_peaks)
    if rules.is_robust:
        side_by_side = ((height + 1) // 2) * ((width + 1) // 2)
        peak_bytes, limb_bytes = height * width + 4 * side_by_side, most * most + 3 * most
        return 4 * peak_bytes, 4 * limb_bytes, _PEOPLE_BYTES
    return 4 * _THREADS, (3 * 8 + 5 * 4) * (most + 1) + 4 * most * most


def limb_table(rules: PafRules) -> torch.Tensor:
    """Return ``(L, 4)`` keypoints, x and y channel of each limb."""
    import torch

    ends = np.concatenate([rules.limbs, rules.channels], axis=1)
    return torch.from_numpy(ends.astype(np.int32))


def shape_table(rules: PafRules) -> torch.Tensor:
    """Return ``(K, 4)`` `body_shape` and the weight of each keypoint, or nothing."""
    import torch

    shape = rules.shape
    return torch.from_numpy(np.concatenate([shape, shape[:, 2:] ** -2.0], axis=1))


def most_people(rules: PafRules) -> int:
    """Return how many people a frame may have: each has a limb, and the candidates of its ends."""
    peaks, links = rules.keypoints * int(rules.max_peaks), len(rules.limbs) * int(rules.max_peaks)
    return max(1, min(links, peaks // max(2, int(rules.min_keypoints))))


def people_bytes(rules: PafRules) -> int:
    """Return the memory that the worst of frames needs until its people are found."""
    keypoints, most = rules.keypoints, int(rules.max_peaks)
    peaks, links = keypoints * most, len(rules.limbs) * most
    people, wishes = min(links, peaks // 2), peaks // 3 * keypoints
    each = 2 * 4 * keypoints + 3 * 4 + 8 + 8 + 13 * 8
    return 40 * links + 4 * peaks + each * people + 20 * wishes + 16 * 20


def robust_steps(
    rules: PafRules,
    maps: Maps,
    fields: Maps,
    *,
    cells: tuple[int, int],
    content: torch.Tensor,
    limbs: torch.Tensor,
    shape: torch.Tensor,
    candidates: Transfer,
    memory: torch.Tensor,
    placement: Placement,
    found: FoundPeople,
) -> list[Step]:
    """Return the launches of one batch, in their order.

    Args:
        rules: What the decoder holds candidates to.
        maps: Confidence maps; what they show may change between launches.
        fields: Part affinity fields, likewise.
        cells: Height and width of the maps.
        content: ``cells``, rows and columns that hold each frame.
        limbs: ``(L, 4)`` keypoints, x and y channel of each limb.
        shape: See `shape_table`.
        candidates: ``thresholds``, ``counts``, ``peaks``, ``link_counts``, ``links``.
        memory: `people_bytes` for each frame.
        placement: Where each frame lies.
        found: Where people go.
    """
    keypoints, count, most = rules.keypoints, len(limbs), int(rules.max_peaks)
    size = len(memory)
    peak_bytes, limb_bytes, room = step_bytes(rules, *cells)
    limits, counts, peaks, link_counts, links = (
        candidates.on_device(name)
        for name in ("thresholds", "counts", "peaks", "link_counts", "links")
    )
    ends = (counts, peaks, link_counts, links)
    noise = (float(rules.threshold), float(rules.noise_sigmas))
    knobs = (float(rules.link_threshold), float(rules.support), int(rules.samples))
    fit = (ctypes.c_double(rules.max_misfit), ctypes.c_double(rules.max_scale_ratio))
    least = (int(rules.min_keypoints), ctypes.c_double(rules.min_score))
    where = (maps, content, placement.where, limits, limbs, shape, count, keypoints, most)
    own = (memory, memory.shape[1], room, found.argument)
    threads = _LIMB_THREADS
    launches = (
        ("noise_thresholds", 1, 512, 2048, (maps, content, keypoints, *noise, limits, found.used)),
        (
            "strongest_peaks",
            keypoints,
            _THREADS,
            peak_bytes,
            (maps, content, limits, *cells, most, counts, peaks),
        ),
        (
            "match_limbs",
            count,
            threads,
            limb_bytes,
            (fields, limbs, keypoints, *cells, most, *knobs, *ends),
        ),
        ("find_people", 1, _PEOPLE_THREADS, room, (*where, *fit, *least, *ends, *own)),
    )
    return _steps(launches, size)


def compatible_steps(
    rules: PafRules,
    maps: Maps,
    fields: Maps,
    *,
    content: torch.Tensor,
    limbs: torch.Tensor,
    found: Transfer,
) -> list[Step]:
    """Return the launches of one batch as TRTPose's own decoder does it; see `robust_steps`."""
    size, most = found.host["counts"].shape[0], int(rules.max_peaks)
    peak_bytes, limb_bytes = step_bytes(rules, 0, 0)
    ends = [found.on_device(name) for name in ("counts", "peaks", "link_counts", "links")]
    peaks = (maps, content, float(rules.threshold), WINDOW, most, *ends[:2])
    knobs = (rules.keypoints, most, float(rules.link_threshold), SAMPLES)
    match = (fields, content, limbs, *knobs, *ends)
    launches = (
        ("first_peaks", rules.keypoints, _THREADS, peak_bytes, peaks),
        ("match_compatible", len(limbs), _LIMB_THREADS, limb_bytes, match),
    )
    return _steps(launches, size)


def _steps(launches: Iterable[tuple[str, int, int, int, tuple]], size: int) -> list[Step]:
    return [
        Step(name, (columns, size, 1), block, shared, Arguments(*arguments))
        for name, columns, block, shared, arguments in launches
    ]
