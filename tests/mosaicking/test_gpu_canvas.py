"""Mosaics of pictures that stay on a GPU look like those of pictures in main memory.

The kernels run here on a CPU, or on a GPU where there is one.
"""

from __future__ import annotations

import gc
import logging
from fractions import Fraction

import numpy as np
import pytest
from watermarks import SIZE, Watched, numbered, part, shows_words_only, wait_until

import emulated_gpu
from clips import number_in, picture
from posestream.errors import InferenceError, MissingDependencyError, SinkError
from posestream.gpu.host_decoding import sent_to_gpu
from posestream.images import HostImage
from posestream.kernels import on_cuda
from posestream.mosaicking import open_mosaic
from posestream.mosaicking.board import Board, View
from posestream.mosaicking.drawn_later import DrawnLater
from posestream.mosaicking.gpu_canvas import GpuCanvas
from posestream.overlay.annotator import Annotator
from posestream.overlay.layout import layout
from posestream.topology import COCO_17
from posestream.types import Frame, Poses, Result, Tracks

torch = pytest.importorskip("torch")

ANNOTATOR = Annotator(COCO_17)
TICK = Fraction(1, 90_000)


class OnGpu:
    """A picture whose surface kernels read, and which comes to main memory when it is asked for."""

    def __init__(self, host: HostImage, device: int | None) -> None:
        self._host = host
        self.size = host.size
        self.surface = sent_to_gpu(host.frame, device=device)

    def yuv420p_copy(self) -> HostImage:
        return self._host.yuv420p_copy()


class Place:
    """Where kernels run."""

    def __init__(self, emulated: bool) -> None:
        self.device = torch.device("cpu") if emulated else torch.device("cuda", 0)
        self.load = emulated_gpu.on_cpu if emulated else on_cuda

    def canvas(self, tiles, size, device) -> GpuCanvas:
        return GpuCanvas(tiles, size, self.device, topology=COCO_17, load=self.load)

    def later(self, host: HostImage, result: Result) -> DrawnLater:
        index = None if self.device.type == "cpu" else 0
        return DrawnLater(OnGpu(host, index), result, ANNOTATOR.draw_skeletons)

    def numbered(self, stream: str, number: int, time_s: float) -> Frame:
        frame = numbered(stream, number, time_s)
        assert isinstance(frame.image, HostImage)
        image = self.later(frame.image, found(0))
        return Frame(stream, number, frame.pts, frame.time_base, image, 0.0)


@pytest.fixture(params=["emulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request) -> Place:
    return Place(request.param == "emulated")


def found(people: int, size: tuple[int, int] = (320, 180)) -> Result:
    """People scattered over a frame, each as high as a third of it."""
    rng = np.random.default_rng(people)
    middles = rng.uniform(0.2, 0.8, (people, 1, 2)) * size
    keypoints = (middles + rng.normal(0, size[1] / 8, (people, 17, 2))).astype(np.float32)
    ones = np.ones((people, 17), np.float32)
    boxes = np.concatenate([keypoints.min(axis=1), keypoints.max(axis=1)], axis=1)
    poses = Poses(keypoints, ones, ones[:, 0], boxes) if people else Poses.empty(17)
    tracks = Tracks(poses, np.arange(people))
    return Result("door", 0, 0.0, 0.0, size, tracks, COCO_17)


def host(number: int, size: tuple[int, int] = (320, 180)) -> HostImage:
    return HostImage.from_rgb(picture(number, size)).yuv420p_copy()


def differences(ours: HostImage, theirs: HostImage) -> np.ndarray:
    return np.abs(ours.rgb().astype(int) - theirs.rgb())


def test_tiles_look_like_those_of_the_host(gpu):
    tiles = layout(4, size=SIZE)
    on_host, on_gpu = Board(size=SIZE, shape=None), Board(size=SIZE, shape=None, on_gpu=gpu.canvas)
    shapes = ((320, 180), (180, 320), (480, 360), (322, 182))
    drawn, undrawn = [], []
    for n, size in enumerate(shapes):
        result, aspect = found(3, size), Fraction(4, 3) if n == 2 else Fraction(1)
        image = host(n, size)
        drawn.append(View(f"camera {n}", ANNOTATOR.draw(image, result), None, aspect))
        undrawn.append(View(f"camera {n}", gpu.later(image, result), None, aspect))
    off = differences(on_gpu.draw(undrawn), on_host.draw(drawn))
    for tile in tiles:
        # Strokes are as wide as the tile asks for here, and are shrunk with the frame there.
        assert part(off, tile).mean() < 4
        assert (part(off, tile) > 40).mean() < 0.03
    bare = [View(v.name, host(n, shapes[n]), None, v.pixel_aspect) for n, v in enumerate(drawn)]
    assert differences(on_host.draw(drawn), on_host.draw(bare)).mean() > 1


def test_names_bars_and_words_are_those_of_the_host(gpu):
    nobody = found(0)
    on_host, on_gpu = Board(size=SIZE, shape=None), Board(size=SIZE, shape=None, on_gpu=gpu.canvas)
    images = [host(77), host(3, (240, 240)), host(9)]
    seen = [View("door", images[0]), View("yard", images[1]), View("roof", images[2], "ended")]
    later = [View(v.name, gpu.later(i, nobody), v.note) for v, i in zip(seen, images, strict=True)]
    lost = View("gate", None, "retrying in 3 s")
    ours, theirs = on_gpu.draw([*later, lost]), on_host.draw([*seen, lost])
    off = differences(ours, theirs)
    assert off.mean() < 1
    for tile in layout(4, size=SIZE)[2:]:
        assert part(off, tile).max() <= 2
    assert shows_words_only(ours.rgb(), layout(4, size=SIZE)[3])


def test_streams_of_main_memory_and_of_a_gpu_share_a_mosaic(gpu):
    board = Board(size=SIZE, shape=None, on_gpu=gpu.canvas)
    left, right = layout(2, size=SIZE)
    board.draw([View("a", host(1)), View("b", None, "waiting")])
    for number in (5, 200):
        views = [View("a", host(number)), View("b", gpu.later(host(255 - number), found(0)))]
        rgb = board.draw(views).rgb()
        assert (number_in(part(rgb, left)), number_in(part(rgb, right))) == (number, 255 - number)
    rgb = board.draw([View("a", gpu.later(host(7), found(0))), View("b", host(8))]).rgb()
    assert (number_in(part(rgb, left)), number_in(part(rgb, right))) == (7, 8)


def test_pictures_stay_when_nothing_changes_and_places_move_with_their_streams(gpu):
    board = Board(size=SIZE, shape=None, on_gpu=gpu.canvas)
    views = [View(name, gpu.later(host(n), found(2))) for n, name in enumerate("abcd", 40)]
    first = board.draw(views)
    assert differences(board.draw(views), first).max() == 0
    rgb = board.draw(views[1:3]).rgb()
    assert [number_in(part(rgb, tile)) for tile in layout(2, size=SIZE)] == [41, 42]


def test_a_place_that_loses_its_stream_is_dark(gpu):
    board = Board(size=SIZE, shape="2x2", on_gpu=gpu.canvas)
    views = [View(name, gpu.later(host(n), found(1))) for n, name in enumerate("abc")]
    board.draw(views)
    rgb = board.draw(views[:2]).rgb()
    assert part(rgb, layout(3, shape="2x2", size=SIZE)[2]).max() < 30


def test_a_picture_that_was_drawn_is_let_go(gpu):
    board = Board(size=SIZE, shape=None, on_gpu=gpu.canvas)
    view = View("a", gpu.later(host(1), found(1)))
    released = []
    view.image.surface._release = lambda: released.append(1)
    board.draw([view])
    del view
    gc.collect()
    assert released == [1]


def test_a_stream_that_is_over_keeps_no_surface(gpu):
    board = Board(size=SIZE, shape=None, on_gpu=gpu.canvas)
    image = gpu.later(host(99), found(1))
    board.draw([View("a", image)])
    assert image.surface is not None
    shown = board.draw([View("a", image, "ended")]).rgb()
    assert image.surface is None
    assert image.people is None
    again = Board(size=SIZE, shape=None).draw([View("a", image, "ended")]).rgb()
    assert np.array_equal(shown, again)


def test_without_its_libraries_a_mosaic_is_drawn_on_the_host(caplog):
    def missing(*_):
        raise MissingDependencyError("kernels need cuda-bindings")

    board = Board(size=SIZE, shape=None, on_gpu=missing)
    place = Place(emulated=True)
    with caplog.at_level(logging.WARNING):
        for number in (5, 6):
            rgb = board.draw([View("a", place.later(host(number), found(0)))]).rgb()
            assert number_in(part(rgb, layout(1, size=SIZE)[0])) == number
    assert caplog.text.count("kernels need cuda-bindings") == 1


def test_a_gpu_that_fails_is_named():
    class Lost:
        def launch(self, step):
            raise InferenceError("GPU 0: unspecified launch failure")

    canvas = GpuCanvas(
        layout(1, size=SIZE), SIZE, torch.device("cpu"), topology=COCO_17, load=lambda *_: Lost()
    )
    canvas.put(0, Place(emulated=True).later(host(1), found(0)), name="a")
    with pytest.raises(SinkError, match="mosaic: cpu: GPU 0: unspecified launch failure"):
        canvas.image()


def test_files_on_a_gpu_give_the_mosaic_that_files_give(gpu):
    mosaics = []
    for on_gpu in (gpu.canvas, None):
        sink = Watched()
        mosaic = open_mosaic([sink], live=False, status=lambda _: None, size=SIZE, on_gpu=on_gpu)
        for stream in "ab":
            mosaic.add(stream, frame_rate=Fraction(25))
        for n in range(6):  # six of each, in turns, so that nobody waits for ever
            for stream, base in (("a", 0), ("b", 100)):
                frame = gpu.numbered(stream, base + n, n / 25)
                mosaic.show(stream, frame)
        mosaic.ended("a")
        mosaic.ended("b")
        mosaic.close()
        mosaics.append([sink.numbers(tile) for tile in layout(2, size=SIZE)])
        assert sink.ticks == list(range(6))
    assert mosaics[0] == mosaics[1] == [[*range(6)], [*range(100, 106)]]


def test_cameras_on_a_gpu_show_their_latest_frames(gpu):
    sink = Watched()
    mosaic = open_mosaic(
        [sink], live=True, status=lambda _: None, size=SIZE, rate=Fraction(10), on_gpu=gpu.canvas
    )
    mosaic.add("a")
    mosaic.add("b")
    for number in (3, 200):
        mosaic.show("a", gpu.numbered("a", number, 0))
        mosaic.show("b", numbered("b", 255 - number, 0))
        wanted = len(sink.frames) + 2
        wait_until(lambda wanted=wanted: len(sink.frames) >= wanted)
        shown = [number_in(part(sink.rgb(-1), tile)) for tile in layout(2, size=SIZE)]
        assert shown == [number, 255 - number]
    mosaic.close()
