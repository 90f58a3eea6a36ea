"""What parts can do without the others: finding people without streams, a network alone."""
# pyright: reportMissingImports=false

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from posestream.assembly import build_stream_set, workers_and_batch
from posestream.assembly_gpu import network_of
from posestream.config import Config, EstimatorConfig
from posestream.density.limits import inferring, side_by_side, some_pictures
from posestream.errors import OutOfMemoryError
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.host_decoding import sent_to_gpu
from posestream.gpu.libraries import import_torch
from posestream.gpu.networks import Network
from posestream.images import HostImage, Image
from posestream.models.card import ModelCard

_FRAME = (1920, 1080)
_WARM_UP_S = 1.0


def finding_alone(
    config: Config, clip: Path, *, device: int | None, seconds: float
) -> dict[str, Any]:
    """Measure how fast people are found in pictures that are there already.

    Args:
        config: How people are found, and in how many pictures at once.
        clip: Whose pictures.
        device: Index of the GPU that the pictures lie on; None for main memory.
        seconds: How long is measured.

    Returns:
        Pictures per second and milliseconds per call, preparing and decoding included.

    Raises:
        PosestreamError: If the network or the clip cannot be used.
    """
    estimator, _, streams = build_stream_set(config.estimator, config.sharing)
    try:
        workers, batch = workers_and_batch(config.estimator, config.sharing)
        pictures = [_placed(picture, device) for picture in some_pictures(clip)]

        def found(seconds: float) -> tuple[float, float]:
            return side_by_side(
                lambda: inferring(estimator, pictures, batch), workers, seconds=seconds
            )

        found(_WARM_UP_S)  # the first calls side by side compile, and record graphs
        fps, call_s = found(seconds)
    finally:
        streams.close()
    return {
        "fps": round(fps, 1),
        "call_ms": round(1e3 * call_s, 2),
        "batch": batch,
        "workers": workers,
        "estimator": estimator.description,
    }


def network_alone(
    card: ModelCard,
    settings: EstimatorConfig,
    *,
    device: int | None,
    batches: Sequence[int],
    seconds: float,
) -> dict[str, float]:
    """Measure a network alone, on a GPU as a CUDA graph where it can be one.

    Args:
        card: Describes it.
        settings: Who runs it on a GPU, in which precision, and whether it is compiled.
        device: Index of the GPU; None for the CPU.
        batches: How many pictures at once; those that the GPU has no room for are left out.
        seconds: How long each is measured.

    Returns:
        Pictures per second for each batch, under ``batch_N``.

    Raises:
        PosestreamError: If the network cannot be used.
    """
    torch = import_torch()
    dtype = "float32" if device is None or settings.precision == "f32" else "float16"
    # Without a GPU the settings are those of a network on the CPU, which are not for this one.
    own = EstimatorConfig() if device is None else settings
    network = network_of(card, own, device=device, dtype=dtype, batch=max(batches))
    figures = {}
    for batch in batches:
        pixels = torch.zeros(_shape(card, batch), dtype=getattr(torch, dtype))
        if card.input.layout == "NCHW":
            pixels = pixels.contiguous(memory_format=torch.channels_last)
        try:
            step = _stepping(network, pixels, device)
        except (torch.OutOfMemoryError, OutOfMemoryError):
            continue
        figures[f"batch_{batch}"] = round(batch / _timed(step, seconds), 1)
    return figures


def _stepping(network: Network, pixels: Any, device: int | None) -> Callable[[int], None]:
    """Return what runs the network so many times and waits for the end."""
    if device is None:
        return _eager(network, pixels)
    if network.capturable:
        return _graph(network, pixels, device)
    return _eager(network, pixels.to(f"cuda:{device}"), device=device)


def _placed(picture: Image, device: int | None) -> Image:
    if device is None or not isinstance(picture, HostImage):
        return picture
    return CudaImage(sent_to_gpu(picture.frame, device=device))


def _shape(card: ModelCard, batch: int) -> tuple[int, int, int, int]:
    width, height = card.input.rule().letterbox(_FRAME).input_size
    if card.input.layout == "NCHW":
        return (batch, 3, height, width)
    return (batch, height, width, 3)


def _eager(network: Network, pixels: Any, *, device: int | None = None) -> Callable[[int], None]:
    """Return what runs the network so many times, call by call."""
    torch = import_torch()

    def run(times: int) -> None:
        with torch.inference_mode():
            for _ in range(times):
                network(pixels)
        if device is not None:
            torch.cuda.synchronize(device)

    run(1)
    return run


def _graph(network: Network, pixels: Any, device: int) -> Callable[[int], None]:
    """Return what replays the network so many times and waits for the end."""
    torch = import_torch()
    with torch.cuda.device(device), torch.inference_mode():
        stream, pixels = torch.cuda.Stream(), pixels.to(f"cuda:{device}")
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                network(pixels)
            stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream):
                network(pixels)

    def run(times: int) -> None:
        with torch.cuda.stream(stream):
            for _ in range(times):
                graph.replay()
        stream.synchronize()

    run(1)
    return run


def _timed(run: Callable[[int], None], seconds: float) -> float:
    """Return how long one round takes, seconds."""
    begun_s = time.perf_counter()
    run(1)
    rounds = max(1, int(seconds / (time.perf_counter() - begun_s)))
    begun_s = time.perf_counter()
    run(rounds)
    return (time.perf_counter() - begun_s) / rounds
