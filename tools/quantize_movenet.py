"""Make the INT8 weights of the embedded movenet-multipose.

    pip install 'posestream[quantize]'
    python tools/quantize_movenet.py src/posestream/models/movenet-multipose

writes model.int8.onnx into the folder and prints the ``[int8]`` table of its card. Calibrated on
the photographs and the clip of the demo, which are in the public domain, and on nothing else.
Another CPU rounds a little differently, so the last digits of a few scales may differ.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from posestream.demo.clip import demo_frames
from posestream.demo.photographs import load_photograph, photograph_names
from posestream.images import HostImage
from posestream.models.registry import find_model
from posestream.quantization.network import read_float_network
from posestream.quantization.pictures import network_pixels
from posestream.quantization.recipes import Trial, candidates

MODEL = "movenet-multipose"
LIMIT = 0.002
FRAMES_APART = 15
FILE = "model.int8.onnx"


def main() -> None:
    """Read the command line, quantize, write."""
    parser = argparse.ArgumentParser(description="Quantize the embedded MoveNet MultiPose.")
    parser.add_argument("output", type=Path, help="folder to write to")
    parser.add_argument("--limit", type=float, default=LIMIT, help="error of the outputs")
    arguments = parser.parse_args()
    made = quantized_movenet(arguments.limit)
    (arguments.output / FILE).write_bytes(made.content)
    print(f"# {made.recipe}: {made.int8} convolutions in INT8, error {made.error:.5f}")
    digest = hashlib.sha256(made.content).hexdigest()
    print(f'[int8]\nfile = "{FILE}"\nsha256 = "{digest}"\nsize_bytes = {len(made.content)}')


def quantized_movenet(limit: float) -> Trial:
    """Return the network whose outputs have at most this error on the demo's pictures."""
    card = find_model(MODEL)
    network = read_float_network(card.read_weights(), name=card.name)
    pixels = network_pixels(card, calibration_pictures())
    [made] = candidates(card, network, pixels, limits=[limit], progress=report)
    return made


def calibration_pictures() -> list[HostImage]:
    """Return the demo's photographs, and frames of its clip."""
    photographs = [HostImage.from_rgb(load_photograph(name).pixels) for name in photograph_names()]
    frames = list(demo_frames())[5::FRAMES_APART]
    return photographs + [HostImage(frame) for frame in frames]


def report(stage: str, done: int, total: int) -> None:
    """Say which stage begins."""
    if done in (0, 1):
        print(f"{stage}: {total} steps", flush=True)


if __name__ == "__main__":
    main()
