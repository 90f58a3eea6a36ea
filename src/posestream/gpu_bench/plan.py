"""What is measured, and with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posestream.config import Config, load_config
from posestream.errors import ConfigError, suggestion
from posestream.gpu_bench.networks import NETWORKS, BenchNetwork, check_networks

CODECS = ("h264", "hevc")
"""Video codecs that clips are made in."""
STEPS = ("decode", "infer", "single", "throughput", "memory", "density", "agreement", "soak")
"""What may be measured, in this order."""
_MOST_INTERVAL = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured.

    Raises:
        ConfigError: If a name is none that is allowed.
    """

    networks: tuple[str, ...] = NETWORKS
    """Names of networks."""
    codecs: tuple[str, ...] = CODECS
    """Codecs of the clips that are made; without effect where there are own clips."""
    clips: tuple[Path, ...] = ()
    """Own clips, each as a row beside the others."""
    steps: tuple[str, ...] = STEPS[:-1]
    """What is measured of each, of `STEPS`."""
    streams: int = 128
    """Streams at once."""
    seconds: float = 10.0
    """How long each figure is measured, seconds."""
    warm_up_s: float = 3.0
    """How long streams run before it counts, seconds."""
    device: str = "cuda"
    """One GPU or several; ``cpu`` to try all of this without one."""
    mosaic: bool = True
    """Whether one video of all streams is drawn and encoded besides."""
    sample_s: float = 10.0
    """How often a soak looks at memory, seconds."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """More keys of a run's settings: ``processes``, ``batch``, ``precision``, ``profile`` ..."""

    def __post_init__(self) -> None:
        """Check the names."""
        check_networks(self.networks)
        _check("codecs", self.codecs, CODECS)
        _check("only", self.steps, STEPS)

    def config(self, network: BenchNetwork, clip: Path, folder: Path, **more: Any) -> Config:
        """Return one run's settings.

        Args:
            network: What finds people.
            clip: What streams play.
            folder: Where the run writes.
            **more: Keys that differ from the others' runs; None takes one away.

        Raises:
            ConfigError: If a setting is not allowed.
        """
        given = {
            "input": (str(clip),),
            "output": folder,
            "overwrite": True,
            "model": network.model,
            "device": self.device,
            "track": True,
            "formats": (),
            "video": False,
            **self.settings,
            **more,
        }
        return load_config(None, given)

    def streaming(
        self,
        network: BenchNetwork,
        clip: Path,
        folder: Path,
        *,
        count: int,
        live: bool,
        **more: Any,
    ) -> Config:
        """Return the settings of many streams that play a clip for ever, everything on.

        Args:
            network: What finds people.
            clip: What every stream plays.
            folder: Where the run writes.
            count: How many streams.
            live: Whether in real time, by the rules of cameras, instead of as fast as they go.
            **more: Keys that differ from the others' runs.
        """
        many = {
            "input": (str(clip),) * count,
            "concurrent": max(32, count),
            "loop": True,
            "realtime": live,
        }
        drawn = mosaic_settings(folder) if self.mosaic and count > 1 else {}
        return self.config(network, clip, folder, **many, **drawn, **more)

    def decoding(self, network: BenchNetwork, clip: Path, folder: Path, *, count: int) -> Config:
        """Return the settings of as many streams in which nobody looks for people.

        That is, in one of a thousand frames, the most that settings allow.
        """
        many = {
            "input": (str(clip),) * count,
            "concurrent": max(32, count),
            "loop": True,
            "interval": _MOST_INTERVAL,
            "track": False,
        }
        return self.config(network, clip, folder, **many)


def mosaic_settings(folder: Path) -> dict[str, Any]:
    """Return the settings that draw and encode one video of all streams, and no other."""
    return {"mosaic": True, "publish": str(folder / "mosaic.m3u8")}


def parsed_names(key: str, text: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a list by commas, each once, in the order of those that are allowed.

    Raises:
        ConfigError: If one is not allowed, or there is none.
    """
    words = text.replace(",", " ").split()
    if not words:
        raise ConfigError(f"{key}: none given; allowed, by commas: {', '.join(allowed)}")
    _check(key, tuple(words), allowed)
    return tuple(name for name in allowed if name in words)


def _check(key: str, names: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    for name in names:
        if name not in allowed:
            raise ConfigError(
                f"{key}: {name!r} is not allowed.{suggestion(name, allowed)} "
                f"Allowed, by commas: {', '.join(allowed)}"
            )
