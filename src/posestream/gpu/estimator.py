"""People in pictures on GPUs, behind the same seam as on the CPU."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Sequence

from posestream.errors import InferenceError
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.host_decoding import sent_to_gpu
from posestream.gpu.runner import Runner
from posestream.gpu.surfaces import Surface
from posestream.images import HostImage, Image
from posestream.topology import Topology
from posestream.types import Poses


class GpuEstimator:
    """Finds people in one pass over whole frames; several threads may call it at once.

    Two threads keep a GPU busy: one batch is understood on the host while the next is computed.
    Each picture runs on the GPU it lies on; one in main memory is sent to the first.

    Args:
        runners: One for each GPU.
        topology: What the keypoints mean.
        description: What really runs, for people.
    """

    def __init__(self, runners: Sequence[Runner], topology: Topology, *, description: str) -> None:
        self._runners = {runner.device or 0: runner for runner in runners}
        self._first = runners[0].device
        self._topology = topology
        self._description = description

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return self._description

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first.

        Raises:
            InferenceError: If the network fails, or a picture lies on a GPU that has no runner.
        """
        surfaces = [self._surface(image) for image in images]
        found: dict[int, Poses] = {}
        for device, runner in self._runners.items():
            places = [i for i, surface in enumerate(surfaces) if surface.device == device]
            for group in runner.groups([surfaces[i] for i in places]):
                chosen = [places[i] for i in group]
                poses = run(runner, [surfaces[i] for i in chosen])
                found.update(zip(chosen, poses, strict=True))
        return [found[place] for place in range(len(images))]

    def _surface(self, image: Image) -> Surface:
        if isinstance(image, CudaImage):
            surface = image.surface
        elif isinstance(image, HostImage):
            surface = sent_to_gpu(image.frame, device=self._first)
        else:
            surface = sent_to_gpu(HostImage.from_rgb(image.rgb()).frame, device=self._first)
        if surface.device not in self._runners:
            raise InferenceError(
                f"a picture lies on cuda:{surface.device}; allowed: "
                f"{', '.join(f'cuda:{device}' for device in self._runners)}"
            )
        return surface


def run(runner: Runner, surfaces: Sequence[Surface]) -> list[Poses]:
    """Return everyone in each of at most a batch of surfaces that need the same input size."""
    slot = runner.lend(surfaces[0].size)
    try:
        slot.start(surfaces)
        slot.wait()
        return slot.collect()
    finally:
        runner.give_back(slot)
