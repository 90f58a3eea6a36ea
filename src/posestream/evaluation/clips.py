"""Lists of clips whose falls and activities are known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posestream.errors import ConfigError

FALL_LABEL, FALLEN_LABEL = "fall", "fallen"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clip in which somebody does one thing."""

    label: str
    """What they do, such as ``walk``; ``fall`` is the fall itself."""
    start_s: float
    """When it begins, seconds of real time."""
    end_s: float
    """When it ends."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A video and what is known to happen in it."""

    path: Path
    """The file."""
    name: str
    """How the list calls it."""
    kind: str
    """``fall``, ``adl`` (activities of daily living) or anything else."""
    action: str
    """What happens, in words."""
    speed: float
    """Seconds of real time in a second of the file's own time.

    Recordings are known whose container claims another rate than the camera had; people only move
    as fast as people do in real time."""
    segments: tuple[Segment, ...]
    """What is known of when."""

    @property
    def falls(self) -> tuple[Segment, ...]:
        """The falls whose times are known."""
        return tuple(segment for segment in self.segments if segment.label == FALL_LABEL)


def read_clips(path: Path) -> tuple[Clip, ...]:
    """Read a JSON list of clips; files lie relative to the list.

    Each clip has ``file``, ``kind``, ``container_fps``, ``real_fps`` (the camera's rate) and
    ``segments`` of ``label``, ``start_frame``, ``end_frame``; ``action`` is for people.

    Raises:
        ConfigError: If the list cannot be read, or a clip of it is not there.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"clips {str(path)!r}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"clips {str(path)!r}: not JSON ({error})") from None
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"clips {str(path)!r}: must be a list of at least one clip")
    clips = tuple(_clip(entry, path, number) for number, entry in enumerate(entries))
    if missing := [clip.name for clip in clips if not clip.path.is_file()]:
        raise ConfigError(
            f"clips {str(path)!r}: {len(missing)} of {len(clips)} files are missing, "
            f"such as {missing[0]!r}"
        )
    return clips


def _clip(entry: Any, path: Path, number: int) -> Clip:
    try:
        rate, claimed = float(entry["real_fps"]), float(entry["container_fps"])
        if not (rate > 0 and claimed > 0):
            raise ValueError(f"real_fps {rate}, container_fps {claimed}: must be above 0")
        return Clip(
            path=path.parent / entry["file"],
            name=str(entry["file"]),
            kind=str(entry["kind"]),
            action=str(entry.get("action", "")),
            speed=claimed / rate,
            segments=tuple(
                Segment(str(s["label"]), s["start_frame"] / rate, s["end_frame"] / rate)
                for s in entry.get("segments", ())
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"clips {str(path)!r}: clip {number} is not valid ({error!r})") from None
