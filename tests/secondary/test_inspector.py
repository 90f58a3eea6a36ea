"""Models look at the right pixels, in batches, and only when they are due."""

import numpy as np
import pytest

from posestream.findings import Detections
from posestream.geometry import InputRule
from posestream.images import HostImage
from posestream.inference.fake import FakeBackend
from posestream.secondary.classifier import SecondaryClassifier
from posestream.secondary.crops import CropRule
from posestream.secondary.detector import SecondaryDetector
from posestream.secondary.end_to_end import EndToEndDecoder
from posestream.secondary.inspector import Inspector
from posestream.secondary.looking import Looker
from posestream.types import Poses

RED, BLUE = (250, 0, 0), (0, 0, 250)
RULE = InputRule(fixed_size=(16, 16), max_stretch=np.inf)


def scene(*people, size=(200, 100)) -> tuple[HostImage, Poses]:
    """Paint people as coloured rectangles; each is a colour and a box."""
    pixels = np.full((size[1], size[0], 3), 90, np.uint8)
    for colour, (left, top, right, bottom) in people:
        pixels[top:bottom, left:right] = colour
    count = len(people)
    boxes = np.array([box for _, box in people], np.float32).reshape(-1, 4)
    shapes = ((count, 1, 2), (count, 1), (count,))
    return HostImage.from_rgb(pixels), Poses(*(np.ones(s, np.float32) for s in shapes), boxes)


class ColourBackend(FakeBackend):
    """Says how red and how blue each picture is, and remembers the batches."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.batches: list[int] = []

    def _answer(self, pixels):
        self.batches.append(len(pixels))
        return {"class_scores": pixels.mean((1, 2))[:, [0, 2]].astype(np.float32) / 255}


def classifier(backend, *, name="shirt", crops=True, batch_size=8, min_size=16):
    rule = CropRule(padding=0, min_size=min_size) if crops else None
    looker = Looker(backend=backend, rule=RULE, crops=rule, batch_size=batch_size)
    return SecondaryClassifier(
        name, looker, activation="none", threshold=0.6, names=("red", "blue")
    )


A = scene((BLUE, (10, 10, 50, 90)), (RED, (100, 10, 140, 90)))
NOBODY = scene()
B = scene((RED, (100, 20, 150, 60)))


def test_each_person_gets_the_label_of_their_own_pixels():
    [found] = Inspector([classifier(ColourBackend())]).inspect([A[0]], [A[1]])
    assert found.attributes["shirt"].labels == ["blue", "red"]


def test_crops_of_several_pictures_share_batches():
    backend = ColourBackend()
    images, poses = zip(A, NOBODY, B, strict=True)
    found = Inspector([classifier(backend, batch_size=2)]).inspect(images, poses)
    assert backend.batches == [2, 1]
    labels = [one.attributes["shirt"].labels for one in found]
    assert labels == [["blue", "red"], [], ["red"]]


def test_nobody_to_look_at_costs_no_run():
    backend = ColourBackend()
    [found] = Inspector([classifier(backend)]).inspect([NOBODY[0]], [NOBODY[1]])
    assert backend.batches == []
    assert len(found.attributes["shirt"]) == 0


def test_people_who_are_too_small_have_no_label():
    [found] = Inspector([classifier(ColourBackend(), min_size=45)]).inspect([B[0]], [B[1]])
    assert found.attributes["shirt"].labels == [None]


def test_a_classifier_of_frames_labels_the_frame():
    image = HostImage.from_rgb(np.full((40, 60, 3), RED, np.uint8))
    model = classifier(ColourBackend(), crops=False)
    [found] = Inspector([model]).inspect([image], [Poses.empty(1)])
    assert found.frame_attributes["shirt"].labels == ["red"]
    assert not found.attributes


def rows_backend(*rows) -> FakeBackend:
    return FakeBackend.constant({"detections": np.array(rows, np.float32)})


def detector(backend, *, crops=None, keep=None):
    rule = InputRule(fixed_size=(16, 16))
    looker = Looker(backend=backend, rule=rule, crops=crops)
    decoder = EndToEndDecoder(threshold=0.3, classes=2)
    return SecondaryDetector("things", looker, decoder, names=("cup", "dog"), keep=keep)


def only(found) -> Detections:
    return found[0].objects["things"]


def test_objects_of_a_frame_are_in_its_pixels():
    backend = rows_backend([0, 0, 8, 4, 0.5, 1], [8, 0, 16, 8, 0.9, 0])
    found = only(Inspector([detector(backend)]).inspect([A[0]], [A[1]]))
    assert found.labels == ["cup", "dog"]
    np.testing.assert_allclose(found.boxes, [[100, 0, 200, 100], [0, 0, 100, 50]], atol=0.01)
    assert found.people.tolist() == [-1, -1]


def test_objects_of_a_crop_are_in_the_frames_pixels_and_know_whose_they_are():
    backend = rows_backend([0, 8, 16, 16, 0.5, 1])
    crops = CropRule(padding=0)
    found = only(Inspector([detector(backend, crops=crops)]).inspect([A[0]], [A[1]]))
    np.testing.assert_allclose(found.boxes, [[10, 50, 50, 90], [100, 50, 140, 90]], atol=0.01)
    assert found.people.tolist() == [0, 1]


def test_only_the_labels_to_keep_are_kept():
    backend = rows_backend([0, 0, 8, 4, 0.5, 1], [8, 0, 16, 8, 0.9, 0])
    found = only(Inspector([detector(backend, keep=[1])]).inspect([A[0]], [A[1]]))
    assert found.labels == ["dog"]


def test_only_models_that_are_due_look():
    first, second = ColourBackend(), ColourBackend()
    inspector = Inspector([classifier(first, name="a"), classifier(second, name="b")])
    images, poses = zip(A, B, strict=True)
    found = inspector.inspect(images, poses, [{"a"}, {"b", "a"}])
    assert [list(one.attributes) for one in found] == [["a"], ["a", "b"]]
    assert (first.batches, second.batches) == ([3], [1])


@pytest.mark.parametrize("padding", ["right-bottom", "center"])
def test_a_crop_keeps_its_proportions_where_the_card_says_so(padding):
    seen = []

    def answer(pixels):
        seen.append(pixels)
        return {"class_scores": np.zeros((len(pixels), 2), np.float32)}

    rule = InputRule(fixed_size=(16, 16), centered=padding == "center", pad_value=7)
    looker = Looker(backend=FakeBackend(answer), rule=rule, crops=CropRule(padding=0))
    model = SecondaryClassifier("s", looker, activation="none", threshold=0.5)
    model.look([A[0]], [A[1]])
    blue = (seen[0][0] == BLUE).all(axis=2)
    columns = np.flatnonzero(blue.any(axis=0))
    assert (columns.min(), columns.max()) == ((4, 11) if padding == "center" else (0, 7))
    assert (seen[0][0][~blue] == 7).all()
