"""Four known points make metres of pixels, and metres make speeds."""

import numpy as np
import pytest
from zone_walks import SIZE, tracks

from posestream.analytics.ground import GroundPlane
from posestream.analytics.speeds import SpeedMeter
from posestream.topology import COCO_17

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))
PAVED = ((0.3, 0.4), (0.7, 0.4), (1.0, 1.0), (0.0, 1.0))
"""A square of ten metres seen by a camera that looks down a little."""


def camera(points) -> np.ndarray:
    """A pinhole camera 3 m above the ground, looking ahead and 20 degrees down."""
    x, y = np.asarray(points, np.float64).T
    tilt = np.radians(20)
    depth = y * np.cos(tilt) + 3 * np.sin(tilt)
    below = 3 * np.cos(tilt) - y * np.sin(tilt)
    return np.stack([500 + 700 * x / depth, 300 + 700 * below / depth], axis=1)


def test_four_points_are_where_they_were_said_to_be():
    ground = GroundPlane(PAVED, SQUARE)
    seen = np.array(PAVED) * SIZE
    np.testing.assert_allclose(ground.metres_from_picture(seen, SIZE), SQUARE, atol=1e-9)
    np.testing.assert_allclose(ground.picture_from_metres(np.array(SQUARE), SIZE), seen, atol=1e-9)


def test_a_real_cameras_ground_is_found_from_four_points_of_it():
    known = np.array([(-2, 5), (2, 5), (3, 12), (-3, 12)], float)
    ground = GroundPlane(camera(known).tolist(), known.tolist())
    elsewhere = np.array([(0, 8), (-5, 30), (1, 4)], float)
    np.testing.assert_allclose(
        ground.metres_from_picture(camera(elsewhere), SIZE), elsewhere, atol=1e-6
    )


def test_points_at_and_beyond_the_horizon_are_nowhere():
    known = np.array([(-2, 5), (2, 5), (3, 12), (-3, 12)], float)
    ground = GroundPlane(camera(known).tolist(), known.tolist())
    horizon_y = 300 - 700 * np.tan(np.radians(20))
    points = np.array(
        [(500, horizon_y), (500, horizon_y - 50), (0, -1e9), (np.nan, 5), (np.inf, 0)]
    )
    assert np.isnan(ground.metres_from_picture(points, SIZE)).all()


def test_a_mirrored_order_is_fine():
    ground = GroundPlane(PAVED, [(x, -y) for x, y in SQUARE])
    middle = ground.metres_from_picture(np.array([(500, 600)]), SIZE)
    np.testing.assert_allclose(middle, [(5, -10)], atol=1e-9)


@pytest.mark.parametrize(
    ("picture", "metres", "message"),
    [
        (PAVED[:3], SQUARE, "picture: four points are needed, not 3"),
        (PAVED, SQUARE[:3], "metres: four points are needed, not 3"),
        (((0, 0), (0.5, 0.5), (1, 1), (0, 1)), SQUARE, "picture: points 1, 2, 3 lie on one line"),
        (PAVED, ((0, 0), (5, 0), (10, 0), (0, 9)), "metres: points 1, 2, 3 lie on one line"),
        (PAVED, ((0, 0), (0, 0), (10, 0), (0, 9)), "metres: points 1, 2, 3 lie on one line"),
        (PAVED, ((0, 0), (10, 10), (10, 0), (0, 10)), "horizon passes between the points"),
        (((0.1, 0.1), (0.9, 1.5), (0.5, 0.9), (0.2, 0.7)), SQUARE, "1.5 is no fraction"),
        (PAVED, ((0, 0), (10, 0), (10, np.nan), (0, 9)), "metres: must be numbers"),
    ],
)
def test_points_that_fix_no_ground_are_refused(picture, metres, message):
    with pytest.raises(ValueError, match=message):
        GroundPlane(picture, metres)


def meter(**options) -> SpeedMeter:
    known = np.array([(-2, 5), (2, 5), (3, 12), (-3, 12)], float)
    return SpeedMeter(COCO_17, GroundPlane(camera(known).tolist(), known.tolist()), **options)


def walked(times, place, *, noise_px: float = 0.0, watched: SpeedMeter | None = None):
    """Show somebody whose place on the ground follows from the time; return the last movement."""
    rng = np.random.default_rng(3)
    watched = watched or meter()
    last = None
    for t in times:
        at = camera([place(t)])[0] + rng.normal(0, noise_px, 2)
        last = watched.update(tracks({7: tuple(at)}, tall=100), pts_s=float(t), size=SIZE)
    assert last is not None
    return last


def test_walking_away_from_the_camera_has_its_true_speed_though_pixels_shrink():
    moved = walked(np.arange(0, 4, 0.04), lambda t: (0.5, 5 + 1.4 * t))
    assert moved.speeds[0] == pytest.approx(1.4, rel=1e-3)
    assert moved.distances[0] == pytest.approx(1.4 * 4, abs=1.2)
    np.testing.assert_allclose(moved.places[0], (0.5, 5 + 1.4 * 3.96), atol=1e-3)


def test_dropped_frames_do_not_change_the_speed():
    rng = np.random.default_rng(0)
    times = np.sort(rng.choice(np.arange(0, 4, 0.04), 40, replace=False))
    moved = walked(times, lambda t: (0.3 * t, 5 + 1.2 * t))
    assert moved.speeds[0] == pytest.approx(np.hypot(0.3, 1.2), rel=1e-3)


def test_somebody_who_stands_walks_nowhere_however_their_feet_jitter():
    moved = walked(np.arange(0, 60, 0.04), lambda t: (0, 7), noise_px=2)
    assert moved.speeds[0] < 0.4
    assert moved.distances[0] < 1


def test_a_speed_is_not_known_at_once_nor_after_a_leap():
    watched = meter()
    assert np.isnan(walked([0.0, 0.1], lambda t: (0, 7), watched=watched).speeds[0])
    assert walked(np.arange(1, 3, 0.1), lambda t: (0, 7), watched=watched).speeds[0] < 0.01
    leapt = walked([3.0], lambda t: (0, 60), watched=watched)
    assert np.isnan(leapt.speeds[0])
    assert leapt.distances[0] == 0


def test_beyond_the_horizon_nothing_is_measured():
    watched = meter()
    for n in range(9):
        moved = watched.update(tracks({7: (500, 20)}), pts_s=n / 5, size=SIZE)
    assert np.isnan(moved.places).all()
    assert np.isnan(moved.speeds).all()


def test_a_picture_of_another_size_is_the_same_ground():
    watched = meter()
    walked(np.arange(0, 2, 0.1), lambda t: (0, 5 + t), watched=watched)
    for n in range(20, 40):
        at = camera([(0, 5 + n / 10)])[0] / 2
        half = tracks({7: tuple(at)}, tall=50)
        moved = watched.update(half, pts_s=n / 10, size=(500, 300))
    assert moved.speeds[0] == pytest.approx(1, rel=1e-3)


def test_nobody_and_people_without_an_identity_have_no_speed():
    watched = meter()
    assert watched.update(tracks({}), pts_s=0, size=SIZE).speeds.shape == (0,)
    moved = watched.update(tracks({-1: (500, 500), 3: (400, 500)}), pts_s=1, size=SIZE)
    assert np.isnan(moved.places[:, 0]).tolist() == [True, False]


def test_smoothing_needs_a_time():
    with pytest.raises(ValueError, match="smoothing_s must be positive, not 0"):
        meter(smoothing_s=0)
