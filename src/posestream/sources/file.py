"""Read a video file, frame by frame, exactly as it was recorded."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from posestream.errors import SourceError
from posestream.images import Image
from posestream.sources import SourceInfo
from posestream.sources.decoder import FileDecoder
from posestream.sources.pictures import OpenPictures
from posestream.sources.timestamps import Timeline
from posestream.types import Frame


class VideoFileSource:
    """Every frame of a video file, upright, in the decoder's own pixel format.

    Times are the file's own where they increase; `timestamps` says what happens to others. A frame
    whose size differs from the ones before keeps its size. What cannot be decoded is skipped, what
    can be decoded in part is shown; both are counted.

    Args:
        path: A file in any container and codec that FFmpeg reads.
        name: Name of the stream; by default the file's name without its suffix.
        start_s: Leave out frames before this, seconds from the beginning of the video.
        end_s: Leave out frames from here on, seconds from the beginning of the video.
        threads: Threads that decode; see `containers.codec_threads`.
        open_pictures: Makes what decodes; by default FFmpeg on the CPU.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it has no picture that can be decoded, or none between start and end.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        name: str | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
        threads: int | None = None,
        open_pictures: OpenPictures | None = None,
    ) -> None:
        path = Path(path)
        self.name = path.stem if name is None else name
        self._decoder = FileDecoder(
            path, name=self.name, threads=threads, open_pictures=open_pictures
        )
        self._start, self._end = self._ticks(start_s), self._ticks(end_s)
        pictures = self._pictures()
        try:
            first = next(pictures, None)
            if first is None:
                raise SourceError(f"{path}: {self._nothing(start_s, end_s)}")
            aspect = self._decoder.pixel_aspect
            self.info = SourceInfo(
                size=first[1].size,
                pixel_aspect=1 / aspect if self._decoder.swaps_axes else aspect,
                frame_rate=self._decoder.frame_rate,
                frame_count=self._expected(start_s, end_s),
                path=path,
            )
        except SourceError:
            self.close()
            raise
        self._upcoming = itertools.chain(iter([first]), pictures)  # which forgets it, unlike a list

    @property
    def corrupt_frames(self) -> int:
        """Packets or frames that are damaged, so far."""
        return self._decoder.corrupt

    def frames(self) -> Iterator[Frame]:
        """Yield every frame once, in order; ``index`` counts the frames that are yielded.

        Raises:
            SourceError: If the disk or network under the file fails.
        """
        # Not a loop, whose variables would hold on to each picture until the next is decoded.
        return map(self._frame, itertools.count(), self._upcoming)

    def close(self) -> None:
        """Release the file; may be called twice, and while another thread is reading."""
        self._decoder.close()

    def _frame(self, index: int, picture: tuple[int, Image]) -> Frame:
        return Frame(
            stream=self.name,
            index=index,
            pts=picture[0],
            time_base=self._decoder.time_base,
            image=picture[1],
            wall_s=time.time(),
        )

    def _pictures(self) -> Iterator[tuple[int, Image]]:
        """Yield the pictures between start and end with their repaired times."""
        decoder, start, end = self._decoder, self._start, self._end
        timeline = Timeline(
            time_base=decoder.time_base, frame_rate=decoder.frame_rate, start=decoder.first_pts
        )
        end_pts = decoder.end_pts
        for picture in decoder.pictures() if start is None else decoder.pictures_from(start):
            pts = timeline.place(picture.pts)
            if end is not None and pts >= end:
                return
            if start is None or pts >= start:
                # The container's own duration is that of the frame that is decoded last.
                last = end_pts is not None and 0 < end_pts - pts < 2 * timeline.interval
                yield pts, picture.image(duration=end_pts - pts if end_pts and last else None)

    def _ticks(self, seconds: float | None) -> int | None:
        if seconds is None:
            return None
        exact = Fraction(seconds).limit_denominator(1_000_000)  # 0.1 means a tenth
        return self._decoder.first_pts + math.ceil(exact / self._decoder.time_base)

    def _expected(self, start_s: float | None, end_s: float | None) -> int | None:
        total, duration_s = self._decoder.frame_count, self._decoder.duration_s
        if not total or not duration_s:
            return total
        wanted_s = min(duration_s, math.inf if end_s is None else end_s) - (start_s or 0)
        return max(1, round(total * wanted_s / duration_s))

    def _nothing(self, start_s: float | None, end_s: float | None) -> str:
        if start_s is None and end_s is None:
            return "not one frame of it can be decoded"
        start = 0 if start_s is None else start_s
        end = "the end" if end_s is None else f"{end_s} s"
        duration_s = self._decoder.duration_s
        length = f"; it lasts {duration_s:.2f} s" if duration_s else ""
        return f"no frame between {start} s and {end}{length}"
