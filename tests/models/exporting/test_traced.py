"""Whatever a network calls says the same in ONNX."""

import numpy as np
import onnxruntime
import pytest

from posestream.models.exporting.onnx_writer import OnnxWriter

torch = pytest.importorskip("torch")
traced = pytest.importorskip("posestream.models.exporting.traced")
nn = torch.nn


class Joined(nn.Module):
    """Everything that is a function and no module."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(3, 4, 1)
        self.right = nn.Conv2d(3, 4, 1, bias=False)

    def forward(self, image):
        left, right = self.left(image), self.right(image)
        joined = torch.cat([left, right, left + right], dim=1)
        return joined * torch.sigmoid(joined), torch.tanh(left)


def normalised() -> nn.Module:
    layer = nn.BatchNorm2d(3, eps=0.1)
    layer.running_mean.copy_(torch.randn(3))
    layer.running_var.copy_(torch.rand(3) + 0.5)
    nn.init.normal_(layer.weight)
    return layer


def sloped(count: int) -> nn.Module:
    layer = nn.PReLU(count)
    nn.init.uniform_(layer.weight)
    return layer


NETWORKS = {
    "convolution": lambda: nn.Conv2d(3, 6, (3, 5), 2, (1, 2), (1, 2), groups=3),
    "transposed convolution": lambda: nn.ConvTranspose2d(3, 4, 4, 2, 1),
    "transposed, padded at the end": lambda: nn.ConvTranspose2d(3, 6, 3, 2, 1, 1, groups=3),
    "normalisation": normalised,
    "maximum": lambda: nn.MaxPool2d(3, 2, 1),
    "maximum, rounding up": lambda: nn.MaxPool2d(2, 2, ceil_mode=True),
    "mean": lambda: nn.AvgPool2d(2, 2),
    "rectifier": nn.ReLU,
    "slopes": lambda: sloped(3),
    "one slope": lambda: sloped(1),
    "functions": Joined,
}


def run_onnx(network: nn.Module, image: np.ndarray, *, half: bool) -> list[np.ndarray]:
    writer = OnnxWriter(half=half)
    tensors = traced.write_network(network, writer, image="image")
    shape = ["batch", "channels", "rows", "columns"]
    content = writer.finish(
        name="net",
        image=("image", ["batch", 3, "height", "width"]),
        outputs={f"out{i}": (tensor, shape) for i, tensor in enumerate(tensors)},
        notes={},
    )
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return [np.asarray(array) for array in session.run(None, {"image": image})]


def check(network: nn.Module, *, half: bool = False) -> None:
    image = np.random.default_rng(0).standard_normal((2, 3, 9, 13)).astype(np.float32)
    with torch.inference_mode():
        said = network(torch.from_numpy(image))
    expected = said if isinstance(said, tuple) else (said,)
    for found, maps in zip(run_onnx(network, image, half=half), expected, strict=True):
        np.testing.assert_allclose(found, maps.numpy(), atol=1e-5)


@pytest.mark.parametrize("make", NETWORKS.values(), ids=list(NETWORKS))
def test_an_operation_says_the_same(make):
    torch.manual_seed(0)
    check(nn.Sequential(make()).eval())


def test_rounded_weights_are_those_that_the_file_holds():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 40, 3), nn.BatchNorm2d(40)).eval()
    exact = network[0].weight.detach().clone()
    traced.round_weights(network)
    assert 0 < (network[0].weight - exact).abs().max() < 1e-3
    check(network, half=True)
