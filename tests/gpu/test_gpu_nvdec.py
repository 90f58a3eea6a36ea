"""The GPU's decoder, with a stand-in for its library."""
# ruff: noqa: N802, N818 - the names are the library's

from types import SimpleNamespace

import pytest
from gpu_stand_ins import INFO, packet

from posestream.errors import SourceError
from posestream.gpu import nvdec
from posestream.gpu.nvdec import NvdecDecoder, UnsupportedVideoError
from posestream.gpu.packets import VideoInfo
from posestream.gpu.surfaces import Colour


class Failure(Exception):
    """What the library raises."""


class Unsupported(Exception):
    """What the library raises for what the GPU cannot do."""


class Library:
    """Shows a picture for each packet, two packets later where that is usual."""

    DisplayDecodeLatencyType = SimpleNamespace(LOW="low", NATIVE="native")
    VideoPacketFlag = SimpleNamespace(ENDOFPICTURE=4)
    Pixel_Format = SimpleNamespace(NV12="NV12")
    cudaVideoCodec = SimpleNamespace(H264=4, HEVC=8)  # noqa: N815 - theirs
    PyNvVCExceptionUnsupported, PyNvVCException = Unsupported, Failure

    class PacketData:
        bsl = bsl_data = pts = decode_flag = 0

    def __init__(self, *, size=(64, 48), pixel_format="NV12", lost=(), error=None) -> None:
        self.size, self.pixel_format, self.lost, self.error = size, pixel_format, lost, error
        self.options, self.unlocked = {}, []
        self.waiting, self.given = 0, 0

    def CreateDecoder(self, **options):
        self.options = options
        self.delay = 0 if options["latency"] == "low" else 2
        return self

    def GetDecoderCaps(self, **_):
        limits = {"width_min": 48, "width_max": 4096, "height_min": 16, "height_max": 4096}
        return {"supported": 1, **limits}

    def GetNumDecodedFrame(self, data) -> int:
        if self.error:
            raise self.error
        if not data.bsl:
            count, self.waiting = self.waiting, 0
            return count
        if data.pts in self.lost:
            return 0
        self.waiting += 1
        shown = max(0, self.waiting - self.delay)
        self.waiting -= shown
        return shown

    def GetLockedFrame(self) -> int:
        self.given += 1
        return self.given << 20

    def SyncOnCUStream(self) -> None:
        pass

    def UnlockFrame(self, address: int) -> None:
        self.unlocked.append(address)

    def GetPixelFormat(self):
        return self.pixel_format

    def GetWidth(self) -> int:
        return self.size[0]

    def GetHeight(self) -> int:
        return self.size[1]

    def GetFrameSize(self) -> int:
        return self.size[0] * self.size[1] * 3 // 2


def decoder(monkeypatch, library: Library, info: VideoInfo = INFO) -> NvdecDecoder:
    monkeypatch.setattr(nvdec, "import_video_codec", lambda: library)
    monkeypatch.setattr(nvdec, "primary_context", lambda _: 1)
    nvdec._capabilities.cache_clear()
    return NvdecDecoder(info)


def shown(decoder: NvdecDecoder, *pts: int) -> list[int]:
    pictures = [one for p in pts for one in decoder.decode(packet(p, key=p % 10 == 0))]
    return [time for time, _ in pictures + decoder.flush()]


def test_reordered_pictures_get_their_times(monkeypatch):
    assert shown(decoder(monkeypatch, Library()), 0, 3, 1, 2, 6, 4, 5) == [0, 1, 2, 3, 4, 5, 6]


def test_cameras_are_decoded_without_delay(monkeypatch):
    library = Library()
    camera = decoder(monkeypatch, library, VideoInfo("h264", (64, 48), reordered=False))
    assert [pts for pts, _ in camera.decode(packet(0, key=True))] == [0]
    assert library.options["latency"] == "low"


def test_reordered_pictures_wait_for_their_order(monkeypatch):
    library = Library()
    decoder(monkeypatch, library)
    assert library.options["latency"] == "native"


def test_a_lost_picture_of_a_camera_shifts_no_times(monkeypatch):
    info = VideoInfo("h264", (64, 48), reordered=False)
    camera = decoder(monkeypatch, Library(lost=(2,)), info)
    assert shown(camera, 0, 1, 2, 3, 4) == [0, 1, 3, 4]
    assert camera.corrupt == 1


def test_a_lost_picture_shifts_times_up_to_the_next_sequence_only(monkeypatch):
    file = decoder(monkeypatch, Library(lost=(3,)))
    times = shown(file, 0, 1, 2, 3, 4, 5, 10, 11, 12, 13)
    assert times[-4:] == [10, 11, 12, 13]
    assert (len(times), file.corrupt) == (9, 1)


def test_a_surface_is_the_decoders_own_memory_until_it_is_given_back(monkeypatch):
    library = Library()
    held = decoder(monkeypatch, library)
    surface = next(one for p in range(3) for one in held.decode(packet(p, key=not p)))[1]
    assert surface.chroma - surface.luma == 64 * 48
    assert (surface.size, surface.pitch, surface.colour) == ((64, 48), 64, Colour("bt601"))
    assert library.unlocked == []
    address = surface.luma
    surface.release()
    assert library.unlocked == [address]


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        (VideoInfo("prores", (64, 48)), "codec 'prores'; allowed on a GPU: av1, h264, hevc"),
        (VideoInfo("h264", (64, 48), "yuv422p"), "pixel format yuv422p; allowed on a GPU: yuv420p"),
        (VideoInfo("h264", (32, 48)), "32 x 48 pixels; this GPU decodes h264 of 48 x 16 to 4096"),
        (VideoInfo("h264", (8192, 48)), "8192 x 48 pixels; this GPU decodes"),
    ],
)
def test_what_a_gpu_cannot_decode_is_refused_beforehand(monkeypatch, info, problem: str):
    with pytest.raises(UnsupportedVideoError, match=problem):
        decoder(monkeypatch, Library(), info)


@pytest.mark.parametrize(
    ("library", "problem"),
    [
        (Library(pixel_format="Pixel_Format.P016"), "pictures are P016; the GPU path takes 8-bit"),
        (Library(size=(63, 48)), "pictures of 63 x 48 pixels; the GPU path takes even sizes"),
        (
            Library(error=Unsupported("HandleVideoSequence :\nError Type : Codec not supported")),
            "^Codec not supported$",
        ),
    ],
)
def test_what_shows_only_with_the_first_pictures_is_refused_then(monkeypatch, library, problem):
    found = decoder(monkeypatch, library)
    with pytest.raises(UnsupportedVideoError, match=problem):
        shown(found, 0, 1, 2)


def test_a_failing_gpu_is_an_error_that_says_what_happened(monkeypatch):
    found = decoder(monkeypatch, Library(error=Failure("cuvidCreateDecoder(...) returned error 2")))
    with pytest.raises(SourceError, match=r"NVDEC of cuda:0 failed: .* out of memory, or too many"):
        found.decode(packet(0, key=True))
