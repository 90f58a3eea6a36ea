"""The whole path on a real GPU."""
# pyright: reportMissingImports=false

from pathlib import Path

import av
import numpy as np
import pytest

from posestream.batching.crops import Crop
from posestream.containers import open_media
from posestream.gpu.choosing import GpuDecoding
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.host_decoding import HostDecoder, sent_to_gpu
from posestream.gpu.opening import StreamDecoder
from posestream.gpu.packets import video_info
from posestream.gpu.preprocessing import Preprocessor
from posestream.gpu.preprocessing_reference import network_input
from posestream.gpu.surfaces import Colour
from posestream.gpu.units import DecoderPackets
from posestream.images import HostImage, plane_arrays
from posestream.models.card import InputSpec
from posestream.sources.file import VideoFileSource

pytestmark = pytest.mark.gpu

SIZES = [(1920, 1080), (640, 360), (62, 34), (360, 640)]


def noise(size: tuple[int, int]) -> av.VideoFrame:
    width, height = size
    pixels = np.random.default_rng(0).integers(0, 256, (height * 3 // 2, width), dtype=np.uint8)
    return av.VideoFrame.from_ndarray(pixels, format="nv12")


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_one_launch_makes_the_inputs_of_pictures_of_any_sizes(layout: str):
    spec = InputSpec(
        name="image",
        layout=layout,
        dtype="float32",
        colour="BGR",
        scale=1 / 255,
        mean=(0.4, 0.45, 0.5),
        std=(0.22, 0.23, 0.24),
        fixed_size=(224, 160),
    )
    maker = Preprocessor(spec, size=(224, 160), batch=6, dtype="float32")
    colour = Colour("bt709")
    frames = [noise(size) for size in SIZES]
    surfaces = [sent_to_gpu(frame, device=0, colour=colour) for frame in frames]
    maker.input.fill_(np.nan)
    crops = [Crop.whole(i, size, spec.rule()) for i, size in enumerate(SIZES)]
    boxes = maker.describe(surfaces, crops, 6)
    maker.launch(6)
    made = maker.input.cpu().numpy()
    made = made.transpose(0, 2, 3, 1) if layout == "NCHW" else made
    for place, (frame, box) in enumerate(zip(frames, boxes, strict=True)):
        planes = frame.to_ndarray()
        luma, chroma = planes[: frame.height], planes[frame.height :]
        wanted = network_input(
            luma,
            chroma.reshape(-1, frame.width // 2, 2),
            box=box,
            colour=colour,
            spec=spec,
        )
        np.testing.assert_allclose(made[place], wanted, atol=2e-3)
    np.testing.assert_allclose(made[4:], made[4:, :1, :1] * np.ones((1, 160, 224, 1)))


def test_the_gpu_decodes_to_the_bit_what_ffmpeg_decodes(demo_clip: Path):
    with av.open(str(demo_clip)) as file:
        frames = list(file.decode(video=0))
    shown = list(VideoFileSource(demo_clip, open_pictures=GpuDecoding()).frames())
    assert [frame.pts for frame in shown] == [frame.pts for frame in frames]
    last = shown[-1].image
    for ours, theirs in zip(
        plane_arrays(last.yuv420p_copy().frame), plane_arrays(frames[-1]), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_pixels_asked_of_the_gpu_are_those_of_the_cpu(demo_clip: Path):
    with av.open(str(demo_clip)) as file:
        host = HostImage(next(file.decode(video=0)))
    image = CudaImage(sent_to_gpu(host.frame, device=0))
    for ours, theirs in (
        (image.resized_rgb(160, 90), host.resized_rgb(160, 90)),
        (image.crop_rgb((40, 20, 200, 140), 80, 60), host.crop_rgb((40, 20, 200, 140), 80, 60)),
        (image.rgb(), host.rgb()),
    ):
        assert ours.shape == theirs.shape
        assert np.abs(ours.astype(int) - theirs).mean() < 4


def test_ten_bits_are_decoded_on_the_cpu(tmp_path: Path):
    path = tmp_path / "ten.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx265", rate=25, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p10le"
        for _ in range(5):
            file.mux(stream.encode(noise((320, 192)).reformat(format="yuv420p10le")))
        file.mux(stream.encode(None))
    with open_media(path) as container:
        stream = container.streams.video[0]
        info = video_info(stream)
        units = DecoderPackets(stream, info)
        decoder = StreamDecoder("ten", info, on_cpu=lambda info: HostDecoder(info))
        packets = [packet for packet in container.demux(stream) if packet.size]
        pictures = [
            one for packet in packets for unit in units.of(packet) for one in decoder.decode(unit)
        ]
        pictures += decoder.flush()
    assert len(pictures) == 5
    assert decoder.description == "FFmpeg on the CPU"
