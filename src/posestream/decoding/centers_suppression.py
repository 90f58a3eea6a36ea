"""Leave out poses of somebody who was found better already."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.decoding.in_frame import in_frame
from posestream.topology import Topology

_UNKNOWN_SIGMA = 0.07  # about that of a shoulder

AREA_OF_EXTENT = 0.53
"""A person's area in a rectangle around the keypoints, on average, as COCO's masks measure it."""


def tolerances(topology: Topology) -> npt.NDArray[np.float32]:
    """Return ``(K,)`` sigmas of a topology, a middling one for each where it has none."""
    sigmas = topology.sigmas or (_UNKNOWN_SIGMA,) * len(topology.keypoints)
    return np.array(sigmas, np.float32)


@compiled
def chosen_people(frames, rows, counts, candidates, knobs):
    """Sort the candidates of some frames and leave out those who resemble a better one.

    Args:
        frames: ``(F,)`` which of the frames.
        rows: ``(F, 7)`` where each lies, see `geometry_row`.
        counts: ``(B,)`` how many candidates each has.
        candidates: See `CenterDecoder.chosen`.
        knobs: Exponent of the center's confidence, ``(K,)`` tolerances, and similarity to a better
            pose from which one is left out.

    Returns:
        ``(F + 1,)`` where each frame's people start; of all people ``(P, K, 2)`` keypoints in frame
        pixels, ``(P, K)`` and ``(P,)`` scores, ``(P, 4)`` boxes.
    """
    points, heights, pairs, boxes = candidates
    weight, sigmas, limit = knobs
    starts, room, keypoints = np.zeros(len(frames) + 1, np.int64), 0, points.shape[2]
    for b in frames:
        room += counts[b]
    kept_points = np.empty((room, keypoints, 2), np.float32)
    kept_heights, scores = np.empty((room, keypoints), np.float32), np.empty(room, np.float32)
    kept_boxes = np.empty((room, 4), np.float32)
    for n in range(len(frames)):
        b, end = frames[n], starts[n]
        own = np.empty(counts[b], np.float32)
        for p in range(counts[b]):
            own[p] = pairs[b, p, 0] ** np.float32(weight) * pairs[b, p, 1]
        order = np.argsort(-own, kind="mergesort")
        placed = in_frame(points[b, : counts[b]][order], rows[n])
        for p in unsuppressed(placed, sigmas, limit):
            kept_points[end], kept_heights[end] = placed[p], heights[b, order[p]]
            kept_boxes[end] = in_frame(boxes[b, order[p]], rows[n]).reshape(4)
            scores[end] = own[order[p]]
            end += 1
        starts[n + 1] = end
    end = starts[-1]
    return starts, kept_points[:end], kept_heights[:end], scores[:end], kept_boxes[:end]


@compiled
def unsuppressed(
    keypoints: npt.NDArray[np.float32], sigmas: npt.NDArray[np.float32], limit: float
) -> npt.NDArray[np.int64]:
    """Choose poses that resemble no better one.

    Args:
        keypoints: ``(P, K, 2)`` poses, best first, any unit.
        sigmas: ``(K,)`` tolerances of object keypoint similarity.
        limit: Similarity to a better pose, in [0, 1], from which a pose is left out.

    Returns:
        Indices of the poses to keep, ascending.
    """
    people = len(keypoints)
    kept = np.empty(people, np.int64)
    count = 0
    for p in range(people):
        area = extent_area(keypoints[p])
        alone = True
        for other in kept[:count]:
            if similarity(keypoints[p], keypoints[other], area, sigmas) >= limit:
                alone = False
                break
        if alone:
            kept[count] = p
            count += 1
    return kept[:count]


@compiled
def similarity(
    points: npt.NDArray[np.float32],
    others: npt.NDArray[np.float32],
    area: float,
    sigmas: npt.NDArray[np.float32],
) -> float:
    """Return the object keypoint similarity of two ``(K, 2)`` poses, in [0, 1].

    Source:
        COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval
    """
    total = 0.0
    for k in range(len(points)):
        dx, dy = points[k, 0] - others[k, 0], points[k, 1] - others[k, 1]
        total += np.exp(-(dx * dx + dy * dy) / (2 * area * (2 * sigmas[k]) ** 2))
    return total / len(points)


@compiled
def extent_area(points: npt.NDArray[np.float32]) -> float:
    """Estimate the area of the person with these ``(K, 2)`` keypoints, never quite 0."""
    width = points[:, 0].max() - points[:, 0].min()
    height = points[:, 1].max() - points[:, 1].min()
    return AREA_OF_EXTENT * width * height + 1e-6
