import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from cut_clips import RATE, SIZE, about, feed, frame, numbers_in, play, seconds_of

import clips
from happenings import event, result
from posestream.errors import SinkError
from posestream.images import HostImage
from posestream.sinks.clips.encoder import ClipEncoder
from posestream.sinks.clips.event_clips import EventClips
from posestream.sinks.video import VideoSink
from posestream.types import Frame

KILLED = """
import os, signal, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from cut_clips import feed
from happenings import event
from posestream.sinks.clips.encoder import ClipEncoder
from posestream.sinks.clips.event_clips import EventClips
sinks = EventClips(Path(sys.argv[1]), before_s=2, after_s=60, longest_s=120)
feed(sinks, ClipEncoder(sinks), [event(at_s=5)], seconds=12)
os.kill(os.getpid(), signal.SIGKILL)
"""


def cut(folder: Path, *events, seconds: float = 20, **times: float) -> list[Path]:
    """Play a stream and return its clips in order."""
    times = {"before_s": 2, "after_s": 3, "longest_s": 10} | times
    play(EventClips(folder, **times), events, seconds=seconds)
    return sorted(folder.glob("*.mp4"))


def test_a_clip_shows_what_came_before_and_after(tmp_path):
    (clip,) = cut(tmp_path, event(at_s=10.5))
    assert seconds_of(clip) == (8.0, 13.5)  # a key frame every second, so it begins on one
    assert clips.frame_times(clip)[0] == 0


def test_a_clip_is_an_ordinary_h264_file_that_begins_with_its_index(tmp_path):
    (clip,) = cut(tmp_path, event(at_s=10))
    with av.open(str(clip)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert video.frames == 51
        assert video.average_rate == RATE
    head = clip.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")
    assert b"moof" not in head
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".mp4"]


def test_beside_a_clip_stands_what_happens_in_it(tmp_path):
    fall = event(at_s=10.5, evidence={"drop_statures": 0.5})
    (clip,) = cut(tmp_path, fall)
    assert about(clip) == {
        "schema": 1,
        "stream": "hall",
        "clip": clip.name,
        "start_pts_s": 8.0,
        "end_pts_s": 13.6,
        "events": [{"clip_s": 2.5, **fall.to_dict()}],
    }


def test_a_clip_near_the_beginning_or_the_end_is_shorter(tmp_path):
    first, last = cut(tmp_path, event(at_s=0.0), event(at_s=19.9))
    assert seconds_of(first) == (0.0, 3.0)
    assert seconds_of(last) == (17.0, 19.9)


def test_nothing_happens_and_there_is_no_clip(tmp_path):
    assert cut(tmp_path / "clips") == []
    assert list((tmp_path / "clips").iterdir()) == []


@pytest.mark.parametrize("second_s", [7.0, 9.0, 10.0])
def test_events_whose_clips_overlap_share_one(tmp_path, second_s):
    """The last comes when the first one's clip is over but for the second's beginning."""
    (clip,) = cut(tmp_path, event(at_s=5.0), event("recovered", at_s=second_s))
    assert seconds_of(clip) == (3.0, second_s + 3)
    assert [one["event"] for one in about(clip)["events"]] == ["fall", "recovered"]


def test_events_further_apart_have_a_clip_each(tmp_path):
    first, second = cut(tmp_path, event(at_s=4.0), event(at_s=11.0))
    assert (seconds_of(first), seconds_of(second)) == ((2.0, 7.0), (9.0, 14.0))


def test_events_that_never_end_fill_clips_of_limited_length(tmp_path):
    falls = [event(at_s=at) for at in range(3, 20, 2)]
    made = cut(tmp_path, *falls, seconds=25)
    spans = [seconds_of(clip) for clip in made]
    assert spans[0][0] == 1.0
    assert spans[-1][1] == 22.0
    for (_, end), (begin, _) in pairwise(spans):
        assert begin <= end + 1 / RATE  # nothing is missing between two
    assert all(end - begin <= 11 for begin, end in spans)
    told = {one["pts_s"] for clip in made for one in about(clip)["events"]}
    assert told == {fall.pts_s for fall in falls}


def test_only_the_kinds_asked_for_get_clips(tmp_path):
    (clip,) = cut(tmp_path, event("enter", at_s=4), event("fall", at_s=15), kinds=["fall"])
    assert "fall" in clip.name


def test_clips_of_files_are_named_by_the_streams_time_and_those_of_cameras_by_the_clock(tmp_path):
    (clip,) = cut(tmp_path / "file", event(at_s=12.5, track=7))
    assert clip.name == "hall-fall-00012.500s-7.mp4"
    sinks = EventClips(tmp_path / "camera")
    encoder = ClipEncoder(sinks)
    feed(sinks, encoder, [event(at_s=1, track=-1)], seconds=2, live=True)
    encoder.close()
    (clip,) = (tmp_path / "camera").glob("*.mp4")
    assert clip.name == "hall-fall-20010909T014641Z-unknown.mp4"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c:d", "\udce9 人", "..", "x" * 300])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    (clip,) = cut(tmp_path / "clips", event(name, at_s=1, stream=name), seconds=2)
    assert clip.parent == tmp_path / "clips"
    assert [path.name for path in tmp_path.iterdir()] == ["clips"]


def test_earlier_clips_are_kept_or_replaced_as_asked(tmp_path):
    (first,) = cut(tmp_path, event(at_s=5))
    assert len(cut(tmp_path, event(at_s=5))) == 2
    assert (tmp_path / f"{first.stem}-2.mp4").exists()
    assert len(cut(tmp_path, event(at_s=5), overwrite=True)) == 2


def test_a_stream_that_stops_leaves_a_finished_clip(tmp_path):
    (clip,) = cut(tmp_path, event(at_s=5), seconds=6, after_s=5)
    assert seconds_of(clip) == (3.0, 5.9)
    assert b"moof" not in clip.read_bytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_process_leaves_a_clip_that_plays(tmp_path):
    here = Path(__file__)
    paths = [str(here.parent), str(here.parents[2])]
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), *paths])
    (clip,) = tmp_path.glob("*.mp4")
    begin, end = seconds_of(clip)
    assert begin == 3.0
    assert end >= 9.0
    assert about(clip)["events"][0]["event"] == "fall"


def test_a_gap_in_the_stream_ends_a_clip(tmp_path):
    sinks = EventClips(tmp_path, before_s=2, after_s=3, longest_s=10)
    encoder = ClipEncoder(sinks)
    feed(sinks, encoder, [event(at_s=5)], seconds=6)
    feed(sinks, encoder, [event(at_s=100)], seconds=5, begin=980)
    encoder.close()
    first, second = sorted(tmp_path.glob("*.mp4"))
    assert numbers_in(first) == list(range(30, 60))
    assert numbers_in(second) == [number % 256 for number in range(980, 1030)]


def test_a_frame_that_goes_back_in_time_is_left_out(tmp_path):
    sinks = EventClips(tmp_path, before_s=2, after_s=3, longest_s=10)
    encoder = ClipEncoder(sinks)
    feed(sinks, encoder, [event(at_s=1)], seconds=2)
    feed(sinks, encoder, [], seconds=3, begin=10)
    encoder.close()
    (clip,) = tmp_path.glob("*.mp4")
    assert seconds_of(clip) == (0.0, 3.9)


def test_a_clip_that_cannot_be_written_is_told_and_the_next_one_is_made(tmp_path, caplog):
    folder = tmp_path / "clips"
    sinks = EventClips(folder, before_s=1, after_s=1, longest_s=5)
    encoder = ClipEncoder(sinks)
    shutil.rmtree(folder)
    feed(sinks, encoder, [event(at_s=2)], seconds=6)
    assert "a clip is given up: " in caplog.text
    folder.mkdir()
    feed(sinks, encoder, [event(at_s=8)], seconds=6, begin=60)
    encoder.close()
    (clip,) = folder.glob("*.mp4")
    assert seconds_of(clip) == (7.0, 9.0)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "f").write_text("a file")
    with pytest.raises(SinkError, match=r"f: cannot be written"):
        EventClips(tmp_path / "f")


def test_times_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"5.0 s before and 10.0 s after do not fit into 12 s"):
        EventClips(tmp_path, longest_s=12)


def test_an_event_without_any_picture_is_told(tmp_path, caplog):
    sinks = EventClips(tmp_path)
    sinks.write(result(event()))
    sinks.end()
    sinks.end()
    assert caplog.text.count("hall: fall at 2.5 s") == 1


class Cover:
    """Draws a grey picture over everything, as the most thorough of blurs."""

    def draw(self, image, result):
        return HostImage.from_rgb(np.full((*image.size[::-1], 3), 128, np.uint8))


def test_a_clip_shows_what_its_own_annotator_draws(tmp_path):
    play(EventClips(tmp_path), [event(at_s=1)], seconds=3, annotator=Cover())
    (clip,) = tmp_path.glob("*.mp4")
    with av.open(str(clip)) as container:
        pictures = [shown.to_ndarray(format="rgb24") for shown in container.decode(video=0)]
    assert len(pictures) == 30
    np.testing.assert_allclose(pictures, 128, atol=3)


@pytest.mark.parametrize(
    ("size", "expected"), [((320, 240), (160, 120)), ((151, 75), (152, 76)), ((90, 320), (44, 160))]
)
def test_large_frames_are_made_smaller(tmp_path, size, expected):
    sinks = EventClips(tmp_path)
    encoder = ClipEncoder(sinks, long_side=160)
    sinks.write(result(event(at_s=0), size=size))
    for number in range(5):
        encoder.write(frame(number, size=size), result(size=size))
    encoder.write(frame(5, size=(64, 200)), result(size=(64, 200)))  # the camera was turned
    encoder.close()
    (clip,) = tmp_path.glob("*.mp4")
    with av.open(str(clip)) as container:
        shown = list(container.decode(video=0))
        assert {(one.width, one.height) for one in shown} == {expected}
    assert len(shown) == 6


def annotated_video(tmp_path: Path, *events, frames: int, first: int = 0) -> list[Path]:
    """Write a video whose encoder is tapped: key frames every four seconds, pictures reordered."""
    sinks = EventClips(tmp_path / "clips", before_s=2, after_s=3, longest_s=10)
    video = VideoSink(tmp_path / "video.mp4", frame_rate=Fraction(RATE), tap=sinks)
    for number in range(frames):
        now = [one for one in events if round(one.pts_s * RATE) == number + first]
        sinks.write(result(*now))
        video.write(frame(number, pts=number + first))
    sinks.close()  # results are closed before videos
    video.close()
    return sorted((tmp_path / "clips").glob("*.mp4"))


def test_clips_can_be_cut_out_of_the_annotated_video(tmp_path):
    (clip,) = annotated_video(tmp_path, event(at_s=10.5), frames=200)
    begin, end = numbers_in(clip)[0] / RATE, numbers_in(clip)[-1] / RATE
    assert begin == 8.0
    assert 13.5 <= end <= 14.0
    assert numbers_in(tmp_path / "video.mp4") == list(range(200))
    assert about(clip)["events"][0]["clip_s"] == 2.5


def test_a_video_whose_time_begins_late_has_clips_at_the_streams_time(tmp_path):
    (clip,) = annotated_video(tmp_path, event(at_s=110.5), frames=200, first=1000)
    assert numbers_in(clip)[0] == 80
    assert about(clip)["start_pts_s"] == 108.0


def test_a_stream_that_is_slower_than_it_says_has_key_frames_all_the_same(tmp_path):
    """Of a camera on a machine that is behind, a frame a second comes."""
    sinks = EventClips(tmp_path / "clips", before_s=2, after_s=3, longest_s=10)
    video = VideoSink(tmp_path / "video.mp4", frame_rate=Fraction(30), tap=sinks)
    for number in range(60):
        sinks.write(result(*[event(at_s=30.0)] * (number == 30)))
        video.write(frame(number, pts=number * RATE))
    video.close()
    (clip,) = (tmp_path / "clips").glob("*.mp4")
    assert numbers_in(clip)[0] == 28
    assert numbers_in(tmp_path / "video.mp4") == list(range(60))


def test_an_event_in_the_last_frame_of_a_video_has_its_clip(tmp_path):
    (clip,) = annotated_video(tmp_path, event(at_s=4.9), frames=50)
    assert numbers_in(clip) == list(range(50))


def test_the_encoder_that_is_tapped_keeps_the_shape_of_pixels(tmp_path):
    sinks = EventClips(tmp_path)
    encoder = ClipEncoder(sinks, pixel_aspect=Fraction(4, 3))
    feed(sinks, encoder, [event(at_s=0.5)], seconds=1)
    encoder.close()
    (clip,) = tmp_path.glob("*.mp4")
    with av.open(str(clip)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_frames_after_the_end_are_left_out(tmp_path):
    sinks = EventClips(tmp_path)
    encoder = ClipEncoder(sinks)
    feed(sinks, encoder, [event(at_s=0.5)], seconds=1)
    encoder.close()
    encoder.close()
    encoder.write(frame(50), result(size=SIZE))
    (clip,) = tmp_path.glob("*.mp4")
    assert len(numbers_in(clip)) == 10


def test_a_clock_of_ninety_thousand_ticks_is_kept(tmp_path):
    sinks = EventClips(tmp_path)
    encoder = ClipEncoder(sinks)
    sinks.write(result(event(at_s=0)))
    ticks = [0, 3003, 6006, 9100, 12012]
    for number, pts in enumerate(ticks):
        image = HostImage.from_rgb(clips.picture(number, SIZE))
        encoder.write(Frame("hall", number, pts, Fraction(1, 90_000), image, 0.0), result())
    encoder.close()
    (clip,) = tmp_path.glob("*.mp4")
    assert clips.frame_times(clip) == [Fraction(pts, 90_000) for pts in ticks]
