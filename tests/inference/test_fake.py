"""The fake gives what it was given."""

import numpy as np
import pytest

from posestream.errors import InferenceError
from posestream.inference import Backend
from posestream.inference.fake import FakeBackend


def test_constant_maps_are_repeated_for_every_picture(pictures):
    heat = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    backend: Backend = FakeBackend.constant({"center_heatmap": heat})
    maps = backend.infer(pictures(batch=3))
    np.testing.assert_array_equal(maps["center_heatmap"], [heat] * 3)
    assert backend.description == "fake"


def test_an_answer_may_depend_on_the_pictures(pictures):
    backend = FakeBackend(lambda pixels: {"mean": pixels.mean((1, 2), dtype=np.float32)})
    pixels = pictures(batch=2)
    np.testing.assert_allclose(backend.infer(pixels)["mean"], pixels.mean((1, 2)), rtol=1e-5)


def test_a_fake_may_fail(pictures):
    def fail(_):
        raise InferenceError("model 'fake' failed: on purpose")

    with pytest.raises(InferenceError, match="on purpose"):
        FakeBackend(fail).infer(pictures())
