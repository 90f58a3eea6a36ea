"""The rewritten end of MoveNet SinglePose finds what a plain loop finds."""

import itertools

import numpy as np
from movenet.onnx_builder import OnnxBuilder
from movenet.single_person import Maps, one_person
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

SIZE = (6, 8)
CHANNELS = {"centers": 1, "heatmaps": 17, "regression": 34, "offsets": 34}


def network(weights: np.ndarray, softness: float) -> ReferenceEvaluator:
    """Split one tensor of all maps, then find the person."""
    builder = OnnxBuilder()
    starts = np.cumsum([0, *CHANNELS.values()])
    parts = [
        builder.emit("Gather", ["maps", builder.constant(np.arange(a, b), np.int64)], axis=1)
        for a, b in itertools.pairwise(starts)
    ]
    maps = Maps(**dict(zip(CHANNELS, parts, strict=True)))
    person = one_person(builder, maps, center_weights=weights, softness=softness)
    shape = ["B", sum(CHANNELS.values()), *SIZE]
    model = builder.model(
        name="test",
        image=helper.make_tensor_value_info("maps", TensorProto.FLOAT, shape),
        outputs={person: helper.make_tensor_value_info("out", TensorProto.FLOAT, ["B", 1, 17, 3])},
        metadata={},
    )
    return ReferenceEvaluator(model)


def slowly(maps: np.ndarray, weights: np.ndarray, softness: float) -> np.ndarray:
    """Find one person's keypoints, written as one would say it."""
    center, heatmaps, regression, offsets = np.split(maps, np.cumsum([1, 17, 34]))
    where = np.array(np.unravel_index((center[0] * weights).argmax(), SIZE))
    rows = []
    for k in range(17):
        guess = where + regression[2 * k : 2 * k + 2, where[0], where[1]]
        ys, xs = np.indices(SIZE)
        distance = np.hypot(ys - guess[0], xs - guess[1])
        y, x = np.unravel_index((heatmaps[k] / (distance + softness)).argmax(), SIZE)
        point = np.array([y, x]) + offsets[2 * k : 2 * k + 2, y, x]
        rows.append([*(point / SIZE), heatmaps[k, y, x]])
    return np.array([rows])


def test_every_picture_of_a_batch_gets_its_own_person():
    rng = np.random.default_rng(0)
    maps = rng.uniform(-1, 1, (5, sum(CHANNELS.values()), *SIZE)).astype(np.float32)
    maps[:, 18:52] *= 3
    weights = rng.uniform(size=SIZE).astype(np.float32)
    (found,) = network(weights, 1.8).run(None, {"maps": maps})  # pyright: ignore
    expected = np.stack([slowly(one, weights, 1.8) for one in maps])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
