"""Write frames to a video that plays everywhere, even if the writer is killed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from av.error import FFmpegError

from posestream.containers import codec_threads
from posestream.errors import OutputExistsError, SinkError
from posestream.sinks.audio import open_audio
from posestream.sinks.encoders import encoding
from posestream.sinks.fitting import Fitting
from posestream.sinks.mp4 import Mp4File, PacketTap
from posestream.types import Frame

_ASSUMED_RATE = Fraction(25)
_KEPT_START_S = Fraction(1, 10)
_MAX_SIDE = 16_384


class VideoSink:
    """H.264 in MP4 with exactly the times of the frames it is given, and the input's sound.

    The first frame decides size, time base and colours. While it grows, the file consists of
    fragments of a second, so what was written plays after a crash, a kill or a full disk; closing
    it makes it an ordinary MP4 with its index in front.

    The output's clock is the input's where pictures and sound begin within a tenth of a second of
    zero; otherwise the earliest of them comes at zero. Sound before the first and after the last
    frame is kept where those are the first and last of the input, and left out otherwise.

    Args:
        path: The file to write.
        frame_rate: Nominal frames per second; 25 where unknown. Times come from the frames.
        pixel_aspect: Width of a pixel over its height.
        audio_from: File to copy the sound from, usually the input.
        encoder: One of `encoders.ENCODERS`.
        preset: One of `encoders.PRESETS`.
        crf: Quality, 0 (lossless) to 51 (worst).
        threads: Threads that encode; see `containers.codec_threads`.
        overwrite: Replace an existing file.
        rewrite: Whether closing copies the file into an ordinary one. Recordings of cameras may be
            of any length, so theirs stay in fragments, which play as well but seek slowly.

    Raises:
        OutputExistsError: If the file exists and may not be overwritten.
        SinkError: If the folder cannot be written to, or the encoder does not work here.
        SourceError: If ``audio_from`` cannot be opened.
        ConfigError: If encoder, preset or crf are not allowed.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        frame_rate: Fraction | None = None,
        pixel_aspect: Fraction = Fraction(1),
        audio_from: str | Path | None = None,
        encoder: str = "auto",
        preset: str = "superfast",
        crf: int = 23,
        threads: int | None = None,
        overwrite: bool = False,
        rewrite: bool = True,
        tap: PacketTap | None = None,
    ) -> None:
        self._tap = tap
        self._path = Path(path)
        self._rewrite = rewrite
        self._encoding = encoding(encoder, preset=preset, crf=crf)
        _check_place(self._path, overwrite=overwrite)
        self._rate = frame_rate or _ASSUMED_RATE
        self._pixel_aspect = pixel_aspect
        self._threads = codec_threads() if threads is None else threads
        self._audio = open_audio(Path(audio_from)) if audio_from is not None else None
        self._file: Mp4File | None = None
        self._closed = False

    def write(self, frame: Frame) -> None:
        """Encode one frame; frames come in order.

        Raises:
            SinkError: If it cannot be written; what was written before stays and plays.
        """
        if self._closed:
            raise SinkError(f"{self._path}: is closed")
        try:
            if self._file is None:
                self._file = self._begin(frame)
            picture = self._fitting.fit(frame.image)
            picture.pts, picture.time_base = frame.pts - self._shift, frame.time_base
            picture.duration = picture.duration or self._interval
            picture.pict_type = 0  # or the encoder repeats the input's choice of key frames
            self._file.write(picture)
        except FFmpegError as error:
            raise self._failed(error) from error
        self._end_s = (frame.pts + picture.duration) * frame.time_base

    def close(self) -> None:
        """Finish the file so that ordinary tools open it; may be called twice.

        Raises:
            SinkError: If the last frames cannot be written; the ones before stay and play.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._file:
                until_s = self._end_s - self._shift_s if self._ends_early() else None
                self._file.finish(sound_until_s=until_s, rewrite=self._rewrite)
        except FFmpegError as error:
            raise self._failed(error) from error
        finally:
            self._let_go()

    def _begin(self, frame: Frame) -> Mp4File:
        self._fitting = Fitting(frame.image.size)
        if max(frame.image.size) > _MAX_SIDE:
            width, height = frame.image.size
            raise SinkError(
                f"{self._path}: frames of {width} x {height} pixels; "
                f"H.264 holds at most {_MAX_SIDE} x {_MAX_SIDE}"
            )
        self._interval = max(1, round(1 / (self._rate * frame.time_base)))
        self._shift = round(self._origin_s(frame) / frame.time_base)
        self._shift_s = self._shift * frame.time_base
        file = Mp4File(
            self._path,
            first=self._fitting.fit(frame.image),
            time_base=frame.time_base,
            rate=self._rate,
            pixel_aspect=self._pixel_aspect,
            encoding=self._encoding,
            threads=self._threads,
            tap=self._tap,
        )
        file.start(self._audio, shift_s=self._shift_s, trim=self._starts_late(frame))
        return file

    def _origin_s(self, frame: Frame) -> Fraction:
        """Return the time of the input that is zero in the output, seconds."""
        begins_s = frame.pts * frame.time_base
        if self._audio and self._audio.begins_s is not None and not self._starts_late(frame):
            begins_s = min(begins_s, self._audio.begins_s)
        return Fraction(0) if 0 <= begins_s <= _KEPT_START_S else begins_s

    def _starts_late(self, frame: Frame) -> bool:
        """Tell whether the input has pictures before the first one that came here."""
        first_s = self._audio.pictures_begin_s if self._audio else None
        return first_s is not None and frame.pts * frame.time_base - first_s > 1 / self._rate / 2

    def _ends_early(self) -> bool:
        """Tell whether the input has pictures after the last one that came here."""
        end_s = self._audio.pictures_end_s if self._audio else None
        return end_s is not None and end_s - self._end_s > 2 / self._rate

    def _failed(self, error: FFmpegError) -> SinkError:
        """Give up on the file; what it holds by now plays."""
        self._closed = True
        if self._file:
            self._file.abandon()
        self._let_go()
        return SinkError(f"{self._path}: cannot be written ({error.strerror})")

    def _let_go(self) -> None:
        if self._tap is not None:
            self._tap.end()
        if self._audio:
            self._audio.close()


def _check_place(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path}: exists; allow overwriting, or choose another place")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        with path.open("ab"):
            pass
        if new:
            path.unlink()
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror})") from error
