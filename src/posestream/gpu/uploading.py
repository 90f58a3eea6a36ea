"""Pictures of main memory, sent to a GPU."""

from __future__ import annotations

from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.host_decoding import sent_to_gpu
from posestream.images import HostImage, Image


def on_gpu(image: Image, *, device: int | None) -> CudaImage:
    """Return a picture that lies on a GPU: itself if it does, on whichever, else a copy.

    Args:
        image: Any picture.
        device: Index of the GPU that gets copies; None for main memory, which only tests want.
    """
    if isinstance(image, CudaImage):
        return image
    frame = image.frame if isinstance(image, HostImage) else HostImage.from_rgb(image.rgb()).frame
    return CudaImage(sent_to_gpu(frame, device=device))
