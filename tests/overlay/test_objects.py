"""What secondary models found is drawn, and costs nothing where there is nothing."""

from dataclasses import replace

import numpy as np
import pytest

from posestream.findings import Attributes, Detections, Findings
from posestream.images import HostImage
from posestream.overlay.annotator import Annotator
from posestream.overlay.colours import IDENTITIES, label_colour
from posestream.topology import Topology
from posestream.types import Poses, Result, Tracks

STICK = Topology(name="stick", keypoints=("left_end", "right_end"), limbs=((0, 1),))
SIZE = (320, 240)
GREY = HostImage.from_rgb(np.full((240, 320, 3), 128, np.uint8))


def detections(*boxes, labels=("cup", "dog")) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.linspace(0.9, 0.5, count, dtype=np.float32),
        np.arange(count) % len(labels),
        np.full(count, -1, np.int64),
        labels,
    )


def attributes(*classes: int) -> Attributes:
    scores = np.full(len(classes), 0.75, np.float32)
    return Attributes(np.array(classes, np.int64), scores, ("red", "blue"))


def person(box=(80, 120, 160, 200)) -> Poses:
    left, _, right, bottom = box
    points = np.array([[(left + 20, bottom - 20), (right - 20, bottom - 20)]], np.float32)
    ones = np.ones((1, 2), np.float32)
    return Poses(points, ones, ones[0, :1], np.array([box], np.float32))


def drawn(poses: Poses, findings: Findings | None = None, **options) -> np.ndarray:
    result = Result("s", 7, 1.5, 0.0, SIZE, Tracks.untracked(poses), STICK)
    if findings is not None:
        result = replace(result, findings=findings)
    return Annotator(STICK, **options).draw(GREY, result).rgb().astype(int)


def difference(poses: Poses, findings: Findings, **options) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of what findings change."""
    changed = np.abs(drawn(poses, findings, **options) - drawn(poses, **options)).max(axis=2) > 6
    return np.nonzero(changed)


def test_an_object_has_a_box_in_the_colour_of_its_kind_and_a_label_on_it():
    found = Findings(objects={"things": detections((60, 80, 200, 180))})
    picture = drawn(Poses.empty(2), found, line_width=8)
    np.testing.assert_allclose(picture[130, 59:61].mean(axis=0), label_colour("cup"), atol=45)
    rows, columns = difference(Poses.empty(2), found)
    assert 55 < rows.min() < 80
    assert columns.min() >= 56
    assert rows.max() <= 184


def test_a_kind_has_one_colour_in_every_run():
    assert label_colour("person") == label_colour("person") == IDENTITIES[4]


def test_objects_that_are_no_boxes_never_raise():
    boxes = [(np.nan,) * 4, (-np.inf, 0, np.inf, 50), (-900, -900, -800, -800), (1e9, 0, 2e9, 5)]
    drawn(Poses.empty(2), Findings(objects={"things": detections(*boxes)}))


def test_a_label_that_is_not_ascii_is_written_as_it_can_be():
    found = detections((60, 80, 200, 180), labels=("犬 é",))
    assert len(difference(Poses.empty(2), Findings(objects={"things": found}))[0])


@pytest.mark.parametrize("boxes", [True, False])
def test_an_attribute_is_written_above_its_person_also_without_labels(boxes):
    found = Findings(attributes={"shirt": attributes(1)})
    rows, columns = difference(person(), found, boxes=boxes)
    assert 95 < rows.min() < rows.max() < 122
    assert 60 < columns.min() < columns.max() < 200


def test_attributes_stand_under_the_persons_label():
    found = Findings(attributes={"shirt": attributes(1), "hat": attributes(0)})
    rows, _ = difference(person(), found, labels=True, boxes=True)
    assert rows.max() < 122
    assert 120 - rows.min() == pytest.approx(3 * 16, abs=3)  # the label and two lines


def test_lines_stay_below_each_other_at_the_edge_of_the_frame():
    found = Findings(attributes={"shirt": attributes(1), "hat": attributes(0)})
    rows, _ = difference(person((80, 2, 160, 200)), found, boxes=True)
    assert rows.min() <= 2
    assert rows.max() == pytest.approx(2 * 16, abs=3)


def test_people_without_a_label_get_no_line():
    found = Findings(attributes={"shirt": attributes(-1)})
    assert not len(difference(person(), found)[0])


def test_the_frames_own_attribute_is_in_the_corner_under_the_number():
    found = Findings(frame_attributes={"scene": attributes(0)})
    rows, columns = difference(Poses.empty(2), found)
    assert rows.max() < 18
    assert columns.min() < 4
    rows, _ = difference(Poses.empty(2), found, frame_number=True)
    assert 14 <= rows.min() <= 18
