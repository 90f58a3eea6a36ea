"""What a stream's recorder draws, and when."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from clips import picture
from posestream.events import FALL, Event
from posestream.images import HostImage
from posestream.mosaicking.drawn_later import DrawnLater
from posestream.overlay.annotator import Annotator
from posestream.recording import Recorder
from posestream.runtime.metrics import StageClock
from posestream.topology import COCO_17
from posestream.types import Frame, Poses, Result, Tracks


class Elsewhere:
    """A picture that is not in main memory."""

    def __init__(self) -> None:
        self.copies = 0
        self.size = (320, 240)

    def yuv420p_copy(self) -> HostImage:
        self.copies += 1
        return HostImage.from_rgb(picture(5)).yuv420p_copy()


class Kept:
    """A sink that keeps frames."""

    def __init__(self) -> None:
        self.images = []
        self.closed = 0

    def write(self, frame: Frame) -> None:
        self.images.append(frame.image)

    def close(self) -> None:
        self.closed += 1


def somebody() -> Result:
    keypoints = np.random.default_rng(0).uniform(40, 200, (1, 17, 2)).astype(np.float32)
    boxes = np.array([[40, 40, 200, 200]], np.float32)
    poses = Poses(keypoints, np.ones((1, 17), np.float32), np.ones(1, np.float32), boxes)
    return Result("door", 0, 0.0, 0.0, (320, 240), Tracks.untracked(poses), COCO_17)


def write(image, *, frame_sinks=(), lookers=(), result=None, **overlay) -> Recorder:
    annotator = Annotator(COCO_17, **overlay)
    recorder = Recorder(annotator, frame_sinks, (), lookers=lookers, clock=StageClock())
    frame = Frame("door", 0, 0, Fraction(1, 25), image, 0.0)
    recorder.write(frame, result or somebody())
    return recorder


def test_lookers_get_a_picture_of_a_gpu_undrawn():
    image, looker = Elsewhere(), Kept()
    write(image, lookers=[looker])
    (seen,) = looker.images
    assert isinstance(seen, DrawnLater)
    assert image.copies == 0
    assert seen.people is not None
    drawn = Annotator(COCO_17).draw(Elsewhere(), somebody())
    assert np.array_equal(seen.rgb(), drawn.rgb())
    assert np.array_equal(seen.resized_rgb(80, 60), drawn.resized_rgb(80, 60))
    assert np.array_equal(
        seen.crop_rgb((9, 9, 99, 99), 50, 50), drawn.crop_rgb((9, 9, 99, 99), 50, 50)
    )


def test_what_is_drawn_for_files_is_drawn_once():
    image, looker, file = Elsewhere(), Kept(), Kept()
    write(image, frame_sinks=[file], lookers=[looker])
    assert image.copies == 1
    assert isinstance(file.images[0], HostImage)
    assert isinstance(looker.images[0], DrawnLater)
    host = HostImage.from_rgb(picture(5))
    write(host, frame_sinks=[file], lookers=[looker])
    assert file.images[1] is looker.images[1]


def test_faces_are_blurred_before_lookers_see_them():
    looker = Kept()
    write(Elsewhere(), lookers=[looker], blur_faces=True)
    (seen,) = looker.images
    assert isinstance(seen, HostImage)
    blurred = Annotator(COCO_17, blur_faces=True).draw(Elsewhere(), somebody())
    assert np.array_equal(seen.rgb(), blurred.rgb())


def test_boxes_labels_and_numbers_need_the_host():
    for more in ("boxes", "labels", "frame_number"):
        looker = Kept()
        write(Elsewhere(), lookers=[looker], **{more: True})
        assert isinstance(looker.images[0], HostImage)


def test_nothing_is_drawn_for_nobody():
    image = Elsewhere()
    write(image)
    assert image.copies == 0


def test_lookers_are_closed_with_the_recorder():
    looker = Kept()
    write(Elsewhere(), lookers=[looker]).close()
    assert looker.closed == 1


def test_a_picture_that_has_settled_is_drawn_and_stays_the_same():
    later = DrawnLater(Elsewhere(), somebody(), Annotator(COCO_17).draw_skeletons)
    before = later.rgb()
    later.settle()
    assert later.people is None
    assert np.array_equal(later.rgb(), before)
    assert later.size == (320, 240)


def test_a_frame_with_events_is_drawn_on_the_host_and_so_are_those_after_it():
    annotator, looker = Annotator(COCO_17), Kept()
    recorder = Recorder(annotator, (), (), lookers=[looker], clock=StageClock())
    event = Event(stream="door", kind=FALL, pts_s=1.0, wall_s=0.0, track=-1)
    for index in (24, 25, 50, 200):
        frame = Frame("door", index, index, Fraction(1, 25), Elsewhere(), 0.0)
        result = replace(somebody(), frame=index, pts_s=index / 25)
        recorder.write(frame, replace(result, events=(event,)) if index == 25 else result)
    kinds = [isinstance(image, DrawnLater) for image in looker.images]
    assert kinds == [True, False, False, True]


def test_only_a_recorder_that_shows_nothing_is_quick():
    def quick(**sinks) -> bool:
        given = {"frame_sinks": (), **sinks}
        frame_sinks = given.pop("frame_sinks")
        annotator = Annotator(COCO_17)
        return Recorder(annotator, frame_sinks, (), quick=True, clock=StageClock(), **given).quick

    assert quick()
    assert not quick(frame_sinks=[Kept()])
    assert not quick(lookers=[Kept()])
    assert not quick(pair_sinks=[Kept()])
