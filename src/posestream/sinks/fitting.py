"""Bring pictures of any size and format to what one video takes: 8-bit 4:2:0 of one even size."""

from __future__ import annotations

import av
from av.video.reformatter import ColorRange, VideoReformatter

from posestream.images import HostImage, Image, plane_arrays

_BLACK = (16, 128, 128)


class Fitting:
    """Fits pictures to the size of a video.

    A picture of that size passes as it is, less an odd last column or row repeated to make it
    even. A picture of another size is scaled to fit, with black bars. Full-range pictures become
    limited-range ones, which every player shows alike.

    Args:
        size: Width and height of the first picture, pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self.size = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        self._limiter = VideoReformatter()
        self._scaler = VideoReformatter()

    def fit(self, image: Image) -> av.VideoFrame:
        """Return the picture in the video's size and format; the image itself stays as it is."""
        host = image if isinstance(image, HostImage) else HostImage.from_rgb(image.rgb())
        frame = host.frame if host.frame.format.name == "yuv420p" else host.yuv420p_copy().frame
        if frame.color_range == ColorRange.JPEG:
            frame = self._limiter.reformat(frame, dst_color_range=ColorRange.MPEG, threads=1)
        if host.size != self._size:
            return self._letterboxed(frame)
        return frame if host.size == self.size else self._padded(frame)

    def _padded(self, frame: av.VideoFrame) -> av.VideoFrame:
        padded = self._blank(frame)
        for target, source in zip(plane_arrays(padded), plane_arrays(frame), strict=True):
            height, width = source.shape
            target[:height, :width] = source
            target[:height, width:] = source[:, -1:]
            target[height:] = target[height - 1]
        return padded

    def _letterboxed(self, frame: av.VideoFrame) -> av.VideoFrame:
        scale = min(self.size[0] / frame.width, self.size[1] / frame.height)
        width, height = (
            max(2, min(limit, 2 * round(side * scale / 2)))
            for side, limit in zip((frame.width, frame.height), self.size, strict=True)
        )
        small = self._scaler.reformat(frame, width=width, height=height, threads=1)
        boxed = self._blank(frame)
        left, top = (self.size[0] - width) // 4 * 2, (self.size[1] - height) // 4 * 2
        for plane, (target, source) in enumerate(
            zip(plane_arrays(boxed), plane_arrays(small), strict=True)
        ):
            halved = 2 if plane else 1
            target[:] = _BLACK[plane]
            rows, columns = source.shape
            y, x = top // halved, left // halved
            target[y : y + rows, x : x + columns] = source
        return boxed

    def _blank(self, like: av.VideoFrame) -> av.VideoFrame:
        blank = av.VideoFrame(*self.size, "yuv420p")
        blank.colorspace, blank.color_range = like.colorspace, like.color_range
        blank.color_trc, blank.color_primaries = like.color_trc, like.color_primaries
        blank.duration = like.duration
        return blank
