"""Frames that stay on a GPU, for whoever runs streams as on the CPU."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from posestream.containers import open_media
from posestream.errors import SourceError
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.nvdec import Decoder
from posestream.gpu.opening import StreamDecoder
from posestream.gpu.packets import ContainerPackets, PacketSource
from posestream.gpu.surfaces import Surface
from posestream.sources import SourceInfo
from posestream.sources.timestamps import Timeline
from posestream.types import Frame


class GpuSource:
    """Every frame of a stream, decoded on a GPU, as a `CudaImage`.

    A frame's memory goes back to the decoder when nobody refers to its image any more, so hold few
    of them: each is 3 MB of the GPU at 1080 lines. Rotation metadata is not applied; videos that
    have it are for the CPU.

    Args:
        name: Name of the stream.
        packets: What is to be decoded; closed with the source.
        device: Index of the GPU.
        live: Whether packets come at their own pace.
        path: The file they come from, if they do.
        decoder: Decodes them; by default a `StreamDecoder`.

    Raises:
        SourceError: If neither the GPU nor FFmpeg can decode it.
    """

    def __init__(
        self,
        name: str,
        packets: PacketSource,
        *,
        device: int = 0,
        live: bool = False,
        path: Path | None = None,
        decoder: Decoder | None = None,
    ) -> None:
        self.name = name
        self._packets = packets
        info = packets.info
        self._decoder = decoder or StreamDecoder(name, info, device=device)
        self._decoding = threading.Lock()
        self._closed = False
        self.info = SourceInfo(
            size=info.size, frame_rate=info.frame_rate, frame_count=None, path=path, live=live
        )

    @property
    def corrupt_frames(self) -> int:
        """Packets so far that yielded no picture."""
        return self._decoder.corrupt

    def frames(self) -> Iterator[Frame]:
        """Yield every frame once, in order.

        Raises:
            SourceError: If nothing more can be read and that is not simply the end.
        """
        info = self._packets.info
        timeline = Timeline(time_base=info.time_base, frame_rate=info.frame_rate)
        for index, (pts, surface) in enumerate(self._pictures()):
            yield Frame(
                stream=self.name,
                index=index,
                pts=timeline.place(pts),
                time_base=info.time_base,
                image=CudaImage(surface),
                wall_s=time.time(),
            )

    def close(self) -> None:
        """Release the input; may be called twice, and from another thread."""
        self._closed = True
        if self._decoding.acquire(blocking=False):
            try:
                self._packets.close()
            finally:
                self._decoding.release()

    def _pictures(self) -> Iterator[tuple[int, Surface]]:
        packets = self._packets.packets()
        while not self._closed:
            with self._decoding:  # nobody may close FFmpeg under a running read
                packet = next(packets, None)
                pictures = self._decoder.decode(packet) if packet else self._decoder.flush()
            yield from pictures
            if packet is None:
                break
        if self._closed:
            self.close()


def open_file(path: str | Path, *, name: str | None = None, device: int = 0) -> GpuSource:
    """Open a video file for decoding on a GPU.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it has no video that can be decoded.
    """
    path = Path(path)
    container = open_media(path)
    stream = container.streams.best("video")
    if stream is None or not hasattr(stream, "codec_context") or stream.type != "video":
        container.close()
        raise SourceError(f"{path}: has no video")
    packets = ContainerPackets(container, stream)  # type: ignore[arg-type]
    try:
        return GpuSource(path.stem if name is None else name, packets, device=device, path=path)
    except SourceError:
        packets.close()
        raise
