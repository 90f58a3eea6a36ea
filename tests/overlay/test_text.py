import numpy as np
import pytest

from posestream.images import HostImage
from posestream.overlay.canvas import Canvas, Mask
from posestream.overlay.text import label, label_height, put_label


@pytest.mark.parametrize("height", [16, 17, 30])
@pytest.mark.parametrize("text", ["", "0", "#12  0.87", "é 人", "x" * 300])
def test_a_label_has_even_sides_and_opacities_between_0_and_1(text, height):
    made = label(text, height)
    width, tall = made.size
    assert width % 2 == tall % 2 == 0
    assert tall - height in (0, 1)
    for mask in (made.background, made.text):
        assert mask.fine.min() >= 0
        assert mask.fine.max() <= 1


def test_longer_texts_are_wider():
    assert label("0.87 #12", 20).size[0] > label("0.87", 20).size[0]


def test_letters_lie_within_their_background():
    made = label("#12 0.87", 24)
    assert made.text.fine.max() > 0.9
    assert (made.background.fine[made.text.fine > 0.1] > 0.5).all()


def test_letters_grow_with_the_frame():
    assert label_height((3840, 2160)) > label_height((1920, 1080)) > label_height((320, 240))


def test_a_label_wider_than_the_frame_is_cut_not_refused():
    image = HostImage.from_rgb(np.full((20, 24, 3), 200, np.uint8)).yuv420p_copy()
    put_label(Canvas(image), "a long text indeed", (5, 5), colour=(0, 0, 0))
    assert image.rgb().min() < 120


def test_odd_masks_are_refused():
    with pytest.raises(ValueError, match="even, not 3 x 4"):
        Mask.of(np.zeros((4, 3), np.float32))
