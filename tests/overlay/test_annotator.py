import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posestream.errors import ConfigError
from posestream.images import HostImage, plane_arrays
from posestream.overlay.annotator import Annotator
from posestream.overlay.colours import IDENTITIES, LEFT, RIGHT
from posestream.topology import COCO_17, Topology
from posestream.types import Poses, Result, Tracks

STICK = Topology(name="stick", keypoints=("left_end", "right_end"), limbs=((0, 1),))
EVERYTHING = {"boxes": True, "labels": True, "frame_number": True}


def grey(width=320, height=240, value=128) -> HostImage:
    return HostImage.from_rgb(np.full((height, width, 3), value, np.uint8))


def noise(width=320, height=240) -> HostImage:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return HostImage.from_rgb(pixels)


def result(image, poses, topology, *, ids=None) -> Result:
    tracks = Tracks.untracked(poses) if ids is None else Tracks(poses, np.array(ids, np.int64))
    return Result("s", 7, 3723.25, 0.0, image.size, tracks, topology)


def people(points, boxes=None) -> Poses:
    keypoints = np.array(points, np.float32)
    count = len(keypoints)
    if boxes is None:
        boxes = np.concatenate([np.nanmin(keypoints, 1), np.nanmax(keypoints, 1)], axis=1)
    return Poses(
        keypoints,
        np.where(np.isnan(keypoints[..., 0]), 0, 1).astype(np.float32),
        np.linspace(0.9, 0.5, count).astype(np.float32),
        np.array(boxes, np.float32),
    )


def drawn(image, poses, topology=STICK, *, ids=None, **options) -> np.ndarray:
    annotator = Annotator(topology, **options)
    return annotator.draw(image, result(image, poses, topology, ids=ids)).rgb().astype(int)


def changed(image, picture) -> np.ndarray:
    """Where a picture differs from the image by more than a conversion can."""
    return np.abs(picture - image.yuv420p_copy().rgb().astype(int)).max(axis=2) > 6


def test_a_skeleton_shows_its_sides_in_their_colours():
    picture = drawn(grey(), people([[(60, 120), (260, 120)]]), line_width=10)
    np.testing.assert_allclose(picture[120, 60], LEFT, atol=25)
    np.testing.assert_allclose(picture[120, 260], RIGHT, atol=25)


def test_the_frame_itself_is_never_drawn_on():
    image = noise()
    before = image.rgb().copy()
    drawn(image, people([[(60, 120), (260, 120)]]), **EVERYTHING)
    np.testing.assert_array_equal(image.rgb(), before)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "nv12", "yuv420p10le", "gray"])
def test_frames_of_every_format_come_out_as_yuv420p(pixel_format):
    image = HostImage(noise().frame.reformat(format=pixel_format, threads=1))
    image.frame.pts = 41
    poses = people([[(60, 120), (260, 120)]])
    annotated = Annotator(STICK).draw(image, result(image, poses, STICK))
    assert annotated.frame.format.name == "yuv420p"
    assert annotated.frame.pts == 41


def test_a_frame_with_nobody_is_only_copied():
    image = noise()
    annotator = Annotator(COCO_17, boxes=True, labels=True, blur_faces=True)
    copy = annotator.draw(image, result(image, Poses.empty(17), COCO_17))
    for plane, original in zip(
        plane_arrays(copy.frame), plane_arrays(image.yuv420p_copy().frame), strict=True
    ):
        np.testing.assert_array_equal(plane, original)


def test_what_is_far_from_everybody_stays_as_it_was():
    image = noise()
    picture = drawn(image, people([[(60, 120), (100, 120)]]), boxes=True, labels=True)
    assert not changed(image, picture)[:, 140:].any()
    assert changed(image, picture)[:, :140].any()


def test_boxes_take_the_colour_of_the_identity():
    poses = people([[(100, 100), (101, 101)]], boxes=[(40, 60, 200, 180)])
    picture = drawn(grey(), poses, ids=[3], boxes=True, line_width=8)
    np.testing.assert_allclose(picture[120, 39:41].mean(axis=0), IDENTITIES[3], atol=45)
    again = drawn(grey(), poses, ids=[3 + len(IDENTITIES)], boxes=True, line_width=8)
    np.testing.assert_array_equal(picture, again)


def test_limbs_take_the_colour_of_the_identity():
    poses = people([[(60, 120), (260, 120)]])
    picture = drawn(grey(), poses, ids=[4], line_width=10)
    np.testing.assert_allclose(picture[120, 160], IDENTITIES[4], atol=25)
    np.testing.assert_allclose(picture[120, 60], LEFT, atol=25)


def label_of(image, poses, topology=STICK, **options) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of what a label changes."""
    with_label = drawn(image, poses, topology, labels=True, **options)
    without = drawn(image, poses, topology, **options)
    return np.nonzero(np.abs(with_label - without).max(axis=2) > 6)


def test_a_label_stands_on_its_box():
    poses = people([[(100, 100), (101, 101)]], boxes=[(80, 100, 160, 180)])
    rows, columns = label_of(grey(), poses, boxes=True)
    assert rows.min() > 70
    assert rows.max() < 102
    assert columns.min() in (79, 80)


def test_without_boxes_a_label_stands_over_the_middle():
    poses = people([[(100, 100), (101, 101)]], boxes=[(80, 100, 160, 180)])
    rows, columns = label_of(grey(), poses)
    assert rows.max() < 102
    assert columns.mean() == pytest.approx(120, abs=3)


def test_without_boxes_a_label_stands_over_the_head():
    rows, columns = label_of(grey(), portrait(), COCO_17)
    assert rows.max() < 45
    assert columns.mean() == pytest.approx(160, abs=3)


def test_people_of_whom_nothing_is_drawn_get_no_label_and_no_box():
    image = grey()
    poses = people([[(100, 100), (140, 101)]])
    picture = drawn(image, poses, min_keypoint_score=1.5, boxes=True, labels=True)
    assert not changed(image, picture).any()


@pytest.mark.parametrize("box", [(-50, -40, 30, 30), (300, 0, 330, 20), (310, 230, 400, 300)])
def test_a_label_stays_within_the_frame(box):
    image = grey()
    poses = people([[(160, 100), (161, 101)]], boxes=[box])
    rows, columns = label_of(image, poses, ids=[12], boxes=True)
    assert np.ptp(columns) > 40
    assert np.ptp(rows) > 12


def test_frame_number_and_time_are_written_into_the_corner():
    image = grey()
    marked = changed(image, drawn(image, Poses.empty(2), frame_number=True))
    assert marked[:20, :90].mean() > 0.3
    assert not marked[24:].any()


def portrait() -> Poses:
    points = np.full((1, 17, 2), np.nan)
    for name, at in {
        "nose": (160, 80),
        "left_eye": (170, 70),
        "right_eye": (150, 70),
        "left_ear": (184, 76),
        "right_ear": (136, 76),
        "left_shoulder": (220, 150),
        "right_shoulder": (100, 150),
    }.items():
        points[0, COCO_17.keypoints.index(name)] = at
    return people(points, boxes=[(90, 30, 230, 220)])


def test_a_blurred_face_keeps_no_detail():
    image = noise()
    picture = drawn(image, portrait(), COCO_17, blur_faces=True, min_keypoint_score=2.0)
    face = picture[50:100, 140:180]
    assert face.std() < 0.15 * image.rgb()[50:100, 140:180].std()


def test_a_face_is_blurred_before_the_skeleton_is_drawn():
    blurred = drawn(noise(), portrait(), COCO_17, blur_faces=True, line_width=8)
    np.testing.assert_allclose(blurred[70, 170], LEFT, atol=40)


@pytest.mark.parametrize("at", [(-100, -100), (-20, -20), (310, 230), (500, 10), (3000, 0)])
def test_faces_at_the_edge_and_outside_are_no_trouble(at):
    poses = portrait()
    shift = np.array(at, np.float32) - poses.keypoints[0, 0]
    moved = Poses(
        poses.keypoints + shift,
        poses.keypoint_scores,
        poses.scores,
        poses.boxes + np.tile(shift, 2),
    )
    drawn(noise(), moved, COCO_17, blur_faces=True, **EVERYTHING)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.float32, (3, 17, 2), elements=st.floats(width=32)),
    hnp.arrays(np.float32, (3, 4), elements=st.floats(width=32)),
    hnp.arrays(np.float32, (3, 17), elements=st.floats(0, 1, width=32)),
    st.integers(1, 70),
    st.integers(1, 50),
)
def test_no_coordinates_and_no_frame_size_ever_raise(points, boxes, scores, width, height):
    poses = Poses(points, scores, np.ones(3, np.float32), boxes)
    picture = drawn(
        grey(width, height), poses, COCO_17, ids=[-1, 0, 2**40], blur_faces=True, **EVERYTHING
    )
    assert picture.shape == (height, width, 3)


def test_odd_sizes_are_drawn_to_the_last_pixel():
    image = grey(321, 239, 40)
    picture = drawn(image, people([[(320.5, 0), (320.5, 238.5)]]), line_width=6)
    assert changed(image, picture)[:, 320].all()


def test_a_frame_padded_to_longer_lines_is_drawn_where_it_is():
    frame = av.VideoFrame(322, 40, "yuv420p")
    for plane in frame.planes:
        np.frombuffer(memoryview(plane), np.uint8)[:] = 90
    assert frame.planes[0].line_size > 322
    image = HostImage(frame)
    picture = drawn(image, people([[(300, 20), (321, 20)]]), line_width=4)
    marked = changed(image, picture)
    assert marked[20, 298:].all()
    assert not marked[:, :280].any()


def test_faces_cannot_be_blurred_where_a_topology_has_none():
    with pytest.raises(ConfigError, match=r"blur_faces: topology 'stick' has no face or shoulders"):
        Annotator(STICK, blur_faces=True)


def test_the_colours_of_a_topology_come_before_those_of_sides():
    green = (20, 200, 60)
    coloured = Topology("stick", ("left_end", "right_end"), ((0, 1),), colours=(("right", green),))
    picture = drawn(grey(), people([[(60, 120), (260, 120)]]), coloured, line_width=10)
    np.testing.assert_allclose(picture[120, 60], LEFT, atol=25)
    np.testing.assert_allclose(picture[120, 260], green, atol=25)
    np.testing.assert_allclose(picture[120, 160], green, atol=25)
