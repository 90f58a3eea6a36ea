"""A world whose people are gray rectangles, and networks that see them.

A person of a rectangle has its keypoints at fixed places of it, so every test knows the truth. The
center network sees people the less surely the smaller they are in its input.
"""

import cv2
import numpy as np

from posestream.images import HostImage
from posestream.inference.fake import FakeBackend
from posestream.topology import Topology

TOPOLOGY = Topology(
    "painted",
    ("nose", "left_hip", "right_hip", "left_ankle", "right_ankle"),
    ((0, 1), (0, 2), (1, 3), (2, 4)),
    sigmas=(0.03, 0.1, 0.1, 0.09, 0.09),
)
PLACES = np.array([[0.5, 0.05], [0.2, 0.5], [0.8, 0.5], [0.1, 0.95], [0.9, 0.95]])
"""Keypoints in shares of the rectangle, (x, y)."""
SURE_SIDE = 8
"""Sides in cells from which the center network is sure of a person."""


def picture(size, rectangles, gray=200):
    """Paint people as (left, top, width, height) on black."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for left, top, width, height in rectangles:
        pixels[top : top + height, left : left + width] = gray
    return HostImage.from_rgb(pixels)


def keypoints_of(rectangle):
    """Return the true ``(K, 2)`` keypoints of a painted person."""
    left, top, width, height = rectangle
    return np.array([left, top]) + PLACES * [width, height]


def seen(pixels):
    """Return the rectangles in ``(H, W, 3)`` pixels."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((pixels[..., 0] > 90).astype(np.uint8))
    return [tuple(int(v) for v in row[:4]) for row in stats[1:]]


class Watched(FakeBackend):
    """Remembers the shapes of what it was asked."""

    def __init__(self, answer):
        super().__init__(answer)
        self.shapes = []

    def infer(self, pixels):
        self.shapes.append(pixels.shape)
        return super().infer(pixels)


def center_network():
    return Watched(lambda pixels: _stacked([_center_maps(one) for one in pixels]))


def single_network(move=lambda points: points, score=0.9):
    """Find the person nearest to the middle; ``move`` makes it err, in shares of the crop."""

    def one(pixels):
        size = np.array(pixels.shape[1::-1])
        people = seen(pixels)
        if not people:
            return np.zeros((1, len(PLACES), 3), np.float32)
        middles = [np.array([x + w / 2, y + h / 2]) for x, y, w, h in people]
        nearest = int(np.argmin([np.abs(m - size / 2).sum() for m in middles]))
        points = move(keypoints_of(people[nearest]) / size)
        rows = np.concatenate([points[:, ::-1], np.full((len(points), 1), score)], 1)
        return rows[None].astype(np.float32)

    return Watched(lambda pixels: {"person_keypoints": np.stack([one(p) for p in pixels])})


def _stacked(frames):
    return {name: np.stack([maps[name] for maps in frames]) for name in frames[0]}


def _center_maps(pixels):
    h, w = pixels.shape[0] // 4, pixels.shape[1] // 4
    count = len(PLACES)
    maps = {
        "center_heatmap": np.zeros((1, h, w), np.float32),
        "box_size": np.zeros((2, h, w), np.float32),
        "keypoint_heatmap": np.zeros((count, h, w), np.float32),
        "keypoint_regression": np.zeros((2 * count, h, w), np.float32),
        "keypoint_offset": np.zeros((2 * count, h, w), np.float32),
    }
    for rectangle in seen(pixels):
        _paint(maps, np.array(rectangle) / 4)
    return maps


def _paint(maps, cells):
    left, top, width, height = cells
    sure = min(1.0, max(width, height) / SURE_SIDE)
    h, w = maps["center_heatmap"].shape[1:]
    y, x = min(int(top + height / 2), h - 1), min(int(left + width / 2), w - 1)
    maps["center_heatmap"][0, y, x] = sure
    maps["box_size"][:, y, x] = height, width
    for k, (px, py) in enumerate(keypoints_of(cells)):
        maps["keypoint_regression"][2 * k : 2 * k + 2, y, x] = py - y, px - x
        cell = min(int(py), h - 1), min(int(px), w - 1)
        maps["keypoint_heatmap"][k][cell] = max(maps["keypoint_heatmap"][k][cell], sure)
        maps["keypoint_offset"][2 * k][cell] = py - cell[0]
        maps["keypoint_offset"][2 * k + 1][cell] = px - cell[1]
