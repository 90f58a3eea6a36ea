"""Who decodes what."""

import logging

import pytest
from gpu_stand_ins import INFO, KEY, PlainDecoder, packet

from posestream.gpu.nvdec import UnsupportedVideoError
from posestream.gpu.opening import StreamDecoder
from posestream.gpu.packets import VideoInfo

OTHER_KEY = KEY.replace(b"parameters", b"other ones")


class Refusing(PlainDecoder):
    """Finds out late that it cannot."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after

    def decode(self, packet):
        if self._left == 0:
            raise UnsupportedVideoError("pictures are P016; the GPU path takes 8-bit 4:2:0")
        self._left -= 1
        return []


def refusing(_: VideoInfo) -> PlainDecoder:
    raise UnsupportedVideoError("codec 'prores'")


def times(pictures) -> list[int]:
    return [pts for pts, _ in pictures]


def test_the_gpu_decodes_what_it_can():
    gpu = PlainDecoder()
    decoder = StreamDecoder("door", INFO, on_gpu=lambda _: gpu, on_cpu=refusing)
    assert times(decoder.decode(packet(5, key=True))) == [5]
    assert gpu.most_lent == 1


def test_the_cpu_decodes_the_rest_and_the_log_says_why(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    decoder = StreamDecoder("door", INFO, on_gpu=refusing, on_cpu=lambda _: PlainDecoder())
    assert times(decoder.decode(packet(5, key=True))) == [5]
    assert caplog.messages == ["door: decoded on the CPU: codec 'prores'"]


def test_nothing_is_lost_where_the_gpu_refuses_only_after_some_packets():
    decoder = StreamDecoder(
        "door", INFO, on_gpu=lambda _: Refusing(after=3), on_cpu=lambda _: PlainDecoder()
    )
    shown = [decoder.decode(packet(pts, key=not pts)) for pts in range(5)]
    assert [times(pictures) for pictures in shown] == [[], [], [], [0, 1, 2, 3], [4]]


def test_a_decoder_that_has_shown_pictures_is_not_replaced():
    gpu = PlainDecoder()
    decoder = StreamDecoder("door", INFO, on_gpu=lambda _: gpu, on_cpu=refusing)
    decoder.decode(packet(0, key=True))
    gpu.decode = Refusing(after=0).decode
    with pytest.raises(UnsupportedVideoError, match="P016"):
        decoder.decode(packet(1))


def test_a_new_size_gets_a_new_decoder_after_the_last_pictures_of_the_old():
    class Holding(PlainDecoder):
        def flush(self):
            return self.decode(packet(99)) if self.size == (64, 48) else []

    made: list[VideoInfo] = []

    def on_gpu(info: VideoInfo) -> PlainDecoder:
        made.append(info)
        return Holding((64, 48) if len(made) == 1 else (32, 24))

    decoder = StreamDecoder("door", INFO, on_gpu=on_gpu, on_cpu=refusing)
    decoder.decode(packet(0, key=True))
    pictures = decoder.decode(packet(100, key=True, data=OTHER_KEY))
    assert [(pts, surface.size) for pts, surface in pictures] == [(99, (64, 48)), (100, (32, 24))]
    assert (made[0].size, made[1].size, made[1].pixel_format) == ((64, 48), (0, 0), None)


def test_damage_before_a_change_stays_counted():
    gpu = PlainDecoder()
    gpu.corrupt = 3
    decoder = StreamDecoder("door", INFO, on_gpu=lambda _: gpu, on_cpu=refusing)
    decoder.decode(packet(0, key=True))
    decoder.decode(packet(1, key=True, data=OTHER_KEY))
    assert decoder.corrupt == 6
