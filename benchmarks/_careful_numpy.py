"""The decoder of reference that a careful engineer writes in numpy and scipy: the yardstick.

The original's five steps for one frame, vectorised over everything that can be: all maps in one
pass, all limbs' candidate pairs in one gather, no Python per candidate before the last step.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Array = npt.NDArray[np.float32]


class CarefulNumpy:
    """Decode frames of one topology and one map size.

    Args:
        limbs: ``(L, 2)`` keypoints.
        channels: ``(L, 2)`` x and y channel of each limb's field.
    """

    def __init__(
        self, limbs: npt.NDArray[np.int64], channels: npt.NDArray[np.int64], *, window: int = 5
    ) -> None:
        self._limbs, self._channels = limbs, channels
        self._reach = window // 2
        self._parts = np.linspace(0, 1, 7, dtype=np.float32)

    def decode(self, maps: Array, fields: Array, *, threshold: float = 0.1) -> list[dict[int, int]]:
        """Return people as keypoint -> peak."""
        kinds, points = self._peaks(maps, threshold)
        starts = np.searchsorted(kinds, np.arange(len(maps) + 1))
        graph, offsets = self._score(fields, points, starts)
        links = []
        for (a, b), begin, end in zip(self._limbs, offsets[:-1], offsets[1:], strict=True):
            if end > begin:
                table = graph[begin:end].reshape(starts[a + 1] - starts[a], -1)
                rows, columns = linear_sum_assignment(table, maximize=True)
                good = table[rows, columns] > threshold
                links += zip(
                    (rows[good] + starts[a]).tolist(),
                    (columns[good] + starts[b]).tolist(),
                    strict=True,
                )
        return _connect(links, kinds.tolist())

    def _peaks(self, maps: Array, threshold: float) -> tuple[npt.NDArray[np.int64], Array]:
        reach = self._reach
        keypoints, rows, columns = maps.shape
        padded = np.zeros((keypoints, rows + 2 * reach, columns + 2 * reach), np.float32)
        padded[:, reach:-reach, reach:-reach] = maps
        flat = padded.ravel()
        width = columns + 2 * reach
        cells = np.flatnonzero(flat > threshold)
        shift = np.arange(-reach, reach + 1)
        around = (shift[:, None] * width + shift).ravel()
        values = flat[cells]
        best = np.ones(len(cells), bool)
        for step in (-1, 1, -width, width):  # most cells fall here, before the whole window
            best &= flat[cells + step] <= values
        cells, values = cells[best], values[best]
        windows = flat[cells[:, None] + around]
        best = windows.max(1) <= values
        cells, values, windows = cells[best], values[best], np.maximum(windows[best], 0)
        kinds, cell = np.divmod(cells, width * (rows + 2 * reach))
        total = windows.sum(1)
        across = windows @ np.tile(shift, len(shift)).astype(np.float32) / total
        down = windows @ np.repeat(shift, len(shift)).astype(np.float32) / total
        y, x = np.divmod(cell, width)
        points = np.stack([x - reach + 0.5 + across, y - reach + 0.5 + down], 1)
        return kinds, points.astype(np.float32)

    def _score(
        self, fields: Array, points: Array, starts: npt.NDArray[np.int64]
    ) -> tuple[Array, npt.NDArray[np.int64]]:
        counts = np.diff(starts)
        first, second = counts[self._limbs[:, 0]], counts[self._limbs[:, 1]]
        sizes = first * second
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        limb = np.repeat(np.arange(len(sizes)), sizes)
        rank = np.arange(offsets[-1]) - offsets[limb]
        a, b = np.divmod(rank, np.maximum(second, 1)[limb])
        begin = points[a + starts[self._limbs[limb, 0]]]
        along = points[b + starts[self._limbs[limb, 1]]] - begin
        unit = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-5)
        samples = (begin[:, None] + along[:, None] * self._parts[:, None]).astype(np.int32)
        _, rows, columns = fields.shape
        cell = np.clip(samples[..., 1], 0, rows - 1) * columns
        cell += np.clip(samples[..., 0], 0, columns - 1)
        flat = fields.ravel()
        channel = self._channels[limb] * (rows * columns)
        x = flat[channel[:, :1] + cell].sum(1)
        y = flat[channel[:, 1:] + cell].sum(1)
        return (x * unit[:, 0] + y * unit[:, 1]) / len(self._parts), offsets


def _connect(links: list[tuple[int, int]], kinds: list[int]) -> list[dict[int, int]]:
    neighbours: dict[int, list[int]] = {n: [] for n in range(len(kinds))}
    for a, b in links:
        neighbours[a].append(b)
        neighbours[b].append(a)
    people, seen = [], set()
    for start in neighbours:
        if start in seen:
            continue
        person, waiting = {}, [start]
        seen.add(start)
        while waiting:
            peak = waiting.pop()
            person[kinds[peak]] = peak
            for other in neighbours[peak]:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        people.append(person)
    return people
