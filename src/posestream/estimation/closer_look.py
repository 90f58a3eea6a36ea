"""Find people in an overview of the frame, then look closer where that pays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posestream.batching.regions import Region
from posestream.decoding.centers_suppression import tolerances
from posestream.estimation import Estimator
from posestream.estimation.fragments import are_fragments
from posestream.estimation.looks import LookSettings, plan_looks
from posestream.estimation.merging import concatenated, distinct, with_scores
from posestream.estimation.passes import Pass
from posestream.estimation.reliability import reliabilities
from posestream.images import Image
from posestream.topology import Topology
from posestream.types import Poses

_SUPPRESSION = 0.5
_FRAGMENT = 0.3  # factor on the score of what is likely part of somebody already seen


class CloserLookEstimator:
    """An overview and a few enlarged windows; several threads may call it at once."""

    def __init__(
        self,
        overview: Estimator,
        network: Pass,
        *,
        long_side: int,
        looks: LookSettings,
        stride: int = 4,
    ) -> None:
        """Put the parts together.

        Args:
            overview: Finds people in whole frames.
            network: Sees the windows.
            long_side: Long side of a frame in the overview, pixels.
            looks: How many windows, and when.
            stride: Input pixels per heatmap cell.
        """
        self._overview = overview
        self._network = network
        self._long_side = long_side
        self._looks = looks
        self._stride = stride
        self._sigmas = tolerances(overview.topology)

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._overview.topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        width, height = self._looks.input_size
        looks = f"up to {self._looks.limit} closer looks of {width}x{height}"
        return f"{looks}, {self._overview.description}"

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first."""
        overviews = self._overview.estimate(images)
        found: list[list[Poses]] = []
        regions: list[Region] = []
        for place, (image, poses) in enumerate(zip(images, overviews, strict=True)):
            scale = self._long_side / max(image.size)
            found.append([self._judged(poses, scale)])
            regions += plan_looks(
                poses,
                image.size,
                image=place,
                scale=scale,
                stride=self._stride,
                settings=self._looks,
            )
        windows = [region.filling(self._looks.input_size) for region in regions]
        for region, poses in zip(regions, self._network.look(images, windows), strict=True):
            image, overview = images[region.image], overviews[region.image]
            inside = region.frame_from_region(poses)
            found[region.image].append(self._looked_at(inside, region, image, overview))
        return [self._merged(passes) for passes in found]

    def _looked_at(self, poses: Poses, region: Region, image: Image, overview: Poses) -> Poses:
        """Judge the people of a region by their size in it and by what the overview saw."""
        scale = self._looks.input_size[0] / region.size[0]
        parts = are_fragments(
            poses, region, overview=overview, frame_size=image.size, pixels_per_input=1 / scale
        )
        scores = np.where(parts, _FRAGMENT, 1) * poses.scores
        return self._judged(with_scores(poses, scores), scale)

    def _judged(self, poses: Poses, scale: float) -> Poses:
        """Lower scores by how badly people of their size are found at a scale."""
        sides = np.maximum(poses.boxes[:, 2:] - poses.boxes[:, :2], 0).max(1, initial=0)
        trust = np.sqrt(reliabilities(sides * scale / self._stride))
        return with_scores(poses, poses.scores * trust)

    def _merged(self, passes: Sequence[Poses]) -> Poses:
        if len(passes) == 1:
            return passes[0]
        together = concatenated(passes)
        together = with_scores(together, together.scores)
        return distinct(together, self._sigmas, suppression=_SUPPRESSION)
