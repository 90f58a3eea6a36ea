"""Make the results of one stream from what was found in its frames, in order."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from posestream.findings import NOTHING, Findings
from posestream.runtime.scheduling import Found
from posestream.topology import Topology
from posestream.types import Frame, Poses, Result, Tracks


class Secondary(Protocol):
    """Says when secondary models look, and carries over what they found."""

    def due(self, place: int, pts_s: float) -> Collection[str]:
        """Return the models that are to look at a frame."""
        ...

    def settle(self, tracks: Tracks, fresh: Findings) -> Findings:
        """Return all that is known of a frame."""
        ...


class ResultMaker:
    """Turns frames and findings into results; frames that were not looked at carry people over.

    Args:
        topology: What the keypoints mean.
        live: Whether results say when their frame was read.
        secondary: Carries over what secondary models found; None without any.
    """

    def __init__(
        self, topology: Topology, *, live: bool = False, secondary: Secondary | None = None
    ) -> None:
        self._topology = topology
        self._live = live
        self._secondary = secondary
        self._poses = Poses.empty(len(topology.keypoints))

    def make(self, frame: Frame, found: Found | None) -> Result:
        """Return the result of the next frame.

        Args:
            frame: The frame.
            found: What was found in it; None where nobody looked.
        """
        poses, findings = found or (self._poses, NOTHING)
        self._poses = poses
        tracks = Tracks.untracked(poses)
        if self._secondary:
            findings = self._secondary.settle(tracks, findings)
        return Result(
            stream=frame.stream,
            frame=frame.index,
            pts_s=frame.pts_s,
            wall_s=frame.wall_s,
            size=frame.image.size,
            tracks=tracks,
            topology=self._topology,
            inferred=found is not None,
            file=frame.file,
            findings=findings,
            live=self._live,
        )
