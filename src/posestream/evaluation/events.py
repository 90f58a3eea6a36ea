"""Precision, recall and delay of fall events against clips whose falls are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from posestream.evaluation.clips import FALLEN_LABEL, Clip

MAX_DELAY_S = 2.0
"""A fall must be told within this time of its onset, seconds."""
_EARLY_S = 0.5
"""Somebody who labels falls frame by frame is right to about this, seconds."""


@dataclass(frozen=True, slots=True)
class ClipScore:
    """How well the falls of one clip were told."""

    file: str
    """Name of the clip."""
    action: str
    """What happens in it."""
    tp: int
    """Falls told in time."""
    fp: int
    """Falls told that were none, or were told before."""
    fn: int
    """Falls not told in time."""
    delays_s: tuple[float, ...]
    """From each fall's onset until it was told in time, seconds; none where onsets are unknown."""
    told_s: tuple[float, ...]
    """When falls were told, seconds of real time."""
    late_s: tuple[float, ...] = ()
    """From the onset until falls were told too late; each is a miss, but no false alarm."""

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return {
            "file": self.file,
            "action": self.action,
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
            "delays_s": [round(delay, 3) for delay in self.delays_s],
            "late_s": [round(delay, 3) for delay in self.late_s],
            "told_s": [round(time, 3) for time in self.told_s],
        }


@dataclass(frozen=True, slots=True)
class EventScores:
    """How well the falls of many clips were told."""

    clips: tuple[ClipScore, ...]
    """Each clip."""

    @property
    def counts(self) -> tuple[int, int, int]:
        """Falls told in time, false alarms, falls missed."""
        tp, fp, fn = (
            sum(getattr(clip, name) for clip in self.clips) for name in ("tp", "fp", "fn")
        )
        return tp, fp, fn

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values; a share of nothing is 0, a delay of nothing ``None``."""
        tp, fp, fn = self.counts
        delays = [delay for clip in self.clips for delay in clip.delays_s]
        return {
            "tp": tp,
            "fp": fp,
            "fn": fn,
            "precision": round(tp / (tp + fp), 6) if tp else 0.0,
            "recall": round(tp / (tp + fn), 6) if tp else 0.0,
            "f1": round(2 * tp / (2 * tp + fp + fn), 6) if tp else 0.0,
            "median_delay_s": round(median(delays), 3) if delays else None,
            "clips": [clip.to_dict() for clip in self.clips],
        }


def score_clip(
    clip: Clip, told_s: Sequence[float], *, max_delay_s: float = MAX_DELAY_S
) -> ClipScore:
    """Compare when falls were told with when they happened.

    Each fall takes the first telling from shortly before its onset on. Told in time, it is found;
    told later, while the person still lies there, it is missed and no false alarm. Every other
    telling is a false alarm, also a second one of the same fall. In a clip of kind ``fall``
    without a labelled fall, the first telling counts, whenever it comes.

    Args:
        clip: What happens.
        told_s: When falls were told, seconds of real time.
        max_delay_s: Longest time from onset to telling that is in time, seconds.
    """
    left = sorted(told_s)
    if clip.kind == "fall" and not clip.falls:
        found = bool(left)
        fp = max(0, len(left) - 1)
        return ClipScore(clip.name, clip.action, int(found), fp, int(not found), (), tuple(left))
    delays, late = [], []
    for fall in clip.falls:
        end_s = max(fall.start_s + max_delay_s, _on_the_ground_until(clip, fall.end_s))
        first = next((t for t in left if fall.start_s - _EARLY_S <= t <= end_s), None)
        if first is None:
            continue
        left.remove(first)
        delay = first - fall.start_s
        (delays if delay <= max_delay_s else late).append(delay)
    missed = len(clip.falls) - len(delays)
    told = tuple(sorted(told_s))
    return ClipScore(
        clip.name, clip.action, len(delays), len(left), missed, tuple(delays), told, tuple(late)
    )


def _on_the_ground_until(clip: Clip, end_s: float) -> float:
    lying = [s.end_s for s in clip.segments if s.label == FALLEN_LABEL and s.start_s <= end_s + 1]
    return max([end_s, *(end for end in lying if end >= end_s)])
