"""Times of pictures that come out in another order than their packets went in."""

from posestream.gpu.presentation import PresentationTimes


def test_pictures_get_the_times_of_their_packets_in_order():
    times = PresentationTimes()
    shown = []
    for pts, count in [(0, 0), (4, 0), (2, 1), (1, 1), (3, 1)]:
        times.submitted(pts)
        shown += times.shown(count)
    assert shown + times.shown(2) == [0, 1, 2, 3, 4]
    assert times.lost == 0


def test_what_never_came_out_is_lost_when_the_decoder_is_emptied():
    times = PresentationTimes()
    for pts in (0, 1, 2):
        times.submitted(pts)
    assert times.shown(2) == [0, 1]
    times.flushed()
    assert (times.lost, len(times)) == (1, 0)


def test_a_picture_without_a_packet_comes_right_after_the_one_before():
    times = PresentationTimes()
    times.submitted(7)
    assert times.shown(2) == [7, 8]


def test_times_do_not_pile_up_where_pictures_are_lost_for_ever():
    times = PresentationTimes()
    for pts in range(1000):
        times.submitted(pts)
        times.shown(pts % 2)
    assert len(times) <= 24
    assert times.lost > 400
