"""What stands in for a GPU: a decoder, a codec library, and a runner that finds nobody."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from posestream.gpu.choosing import GpuDecoding
from posestream.gpu.host_decoding import HostDecoder
from posestream.gpu.nvdec import CODECS, PIXEL_FORMATS, Decoder, UnsupportedVideoError
from posestream.gpu.opening import StreamDecoder
from posestream.gpu.packets import Packet, VideoInfo
from posestream.gpu.surfaces import Colour, Surface
from posestream.types import Poses

INFO = VideoInfo("h264", (64, 48), "yuv420p")
KEY, OTHER = b"\0\0\1\x67parameters\0\0\1\x65picture", b"\0\0\1\x41picture"


def packet(pts: int, *, key: bool = False, data: bytes | None = None) -> Packet:
    content = (KEY if key else OTHER) if data is None else data
    memory = ctypes.create_string_buffer(content, len(content))
    return Packet(ctypes.addressof(memory), len(content), pts, key, memory)


def surface(size: tuple[int, int] = (64, 48), release: Any = int) -> Surface:
    return Surface(1 << 20, 1 << 21, pitch=1024, size=size, colour=Colour("bt601"), release=release)


def check(info: VideoInfo) -> None:
    """Refuse what GPUs do not decode, without asking one."""
    if info.codec not in CODECS or info.pixel_format not in (None, *PIXEL_FORMATS):
        raise UnsupportedVideoError(f"{info.codec}, {info.pixel_format}")
    if info.size[0] % 2 or info.size[1] % 2:
        raise UnsupportedVideoError(f"{info.size[0]} x {info.size[1]}")


class LendingDecoder(HostDecoder):
    """FFmpeg's decoder, with surfaces in main memory, counting those that are lent."""

    def __init__(self, info: VideoInfo) -> None:
        check(info)
        super().__init__(info, device=None)
        self.lent = self.most_lent = 0

    def _pictures(self, packet: object) -> list[tuple[int, Surface]]:
        return [(pts, self._lend(picture)) for pts, picture in super()._pictures(packet)]

    def _lend(self, picture: Surface) -> Surface:
        def release() -> None:
            self.lent -= 1
            picture.release()

        self.lent += 1
        self.most_lent = max(self.most_lent, self.lent)
        return Surface(
            picture.luma,
            picture.chroma,
            pitch=picture.pitch,
            size=picture.size,
            colour=picture.colour,
            device=None,
            release=release,
        )


class Decoding(GpuDecoding):
    """A GPU's decoding without a GPU; remembers the decoders."""

    def __init__(self) -> None:
        self.decoders: list[LendingDecoder] = []
        super().__init__(check=check, open_decoder=self._stream_decoder)

    def _stream_decoder(self, name: str, info: VideoInfo) -> Decoder:
        return StreamDecoder(name, info, on_gpu=self._made, on_cpu=self._made)

    def _made(self, info: VideoInfo) -> LendingDecoder:
        self.decoders.append(LendingDecoder(info))
        return self.decoders[-1]


class PlainDecoder:
    """One picture for each packet, at once."""

    description = "a stand-in"
    corrupt = 0

    def __init__(self, size: tuple[int, int] = (64, 48)) -> None:
        self.size = size
        self.lent = self.most_lent = 0

    def decode(self, packet: Packet) -> list[tuple[int, Surface]]:
        self.lent += 1
        self.most_lent = max(self.most_lent, self.lent)
        return [(packet.pts, surface(self.size, self._released))]

    def flush(self) -> list[tuple[int, Surface]]:
        return []

    def _released(self) -> None:
        self.lent -= 1


class Slot:
    """Runs nothing; says how large its batches were."""

    def __init__(self, runner: NobodyRunner) -> None:
        self._runner = runner

    def start(self, surfaces: Sequence[Surface], crops: Any) -> None:
        if self._runner.error:
            raise self._runner.error
        self.count = len(surfaces)
        self._runner.batches.append(self.count)

    def wait(self) -> None:
        pass

    def collect(self) -> list[Poses]:
        return [Poses.empty(17)] * self.count


class NobodyRunner:
    """Stands in for a GPU's network."""

    def __init__(self, batch: int = 4, device: int = 0) -> None:
        self.batch, self.device = batch, device
        self.batches: list[int] = []
        self.sizes: list[tuple[int, int]] = []
        self.error: Exception | None = None

    def lend_for(self, input_size: tuple[int, int]) -> Slot:
        self.sizes.append(input_size)
        return Slot(self)

    def give_back(self, slot: Any) -> None:
        pass
