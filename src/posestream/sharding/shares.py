"""Which process gets which streams, which GPU and how much of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from posestream.assembly_streams import InputStream
from posestream.config import Config
from posestream.config_devices import devices_of
from posestream.config_serving import ServingConfig
from posestream.inference.settings import usable_cores
from posestream.sharding.sheets import SheetForm
from posestream.sinks.publish_targets import STREAM_FIELD


@dataclass(frozen=True, slots=True)
class Share:
    """What one process of a run does."""

    place: int
    """Which of the processes it is, from 0."""
    processes: int
    """How many there are."""
    config: Config
    """The run's settings, with this process's share of the machine in them."""
    streams: tuple[InputStream, ...]
    """Its streams; the inputs that the settings name are those of all."""
    log_level: int
    """What its log tells, as `logging` counts."""
    sheet: SheetForm | None = None
    """Where its tiles of the mosaic go; None where there is none."""

    @property
    def name(self) -> str:
        """What the process is called, for people."""
        return f"process {self.place + 1} of {self.processes}"


def dealt(count: int, processes: int) -> list[tuple[int, ...]]:
    """Return which of ``count`` streams each process gets: in turns, so that all have as many."""
    return [tuple(range(place, count, processes)) for place in range(processes)]


def share_config(
    config: Config, inputs: Sequence[InputStream], places: Sequence[int], *, place: int, of: int
) -> Config:
    """Return the settings of one process: its GPU, threads, open files, and what only it does.

    Args:
        config: Settings of the run.
        inputs: All streams.
        places: Which of them are this process's.
        place: Which process it is, from 0.
        of: How many there are.
    """
    gpus = devices_of(config.estimator.device)
    threads = max(1, (config.estimator.threads or usable_cores()) // of)
    own = {"device": gpus[place % len(gpus)]} if gpus else {"threads": threads}
    turns = sum(stream.takes_turns for stream in inputs)
    own_turns = sum(inputs[n].takes_turns for n in places)
    # As many of its files at once as it has of all: where all are open at once, these are, too.
    concurrent = -(-config.sharing.concurrent * own_turns // turns) if own_turns else 1
    publish = config.outputs.publish
    if publish is not None and STREAM_FIELD not in publish:
        publish = None  # it is the mosaic that is sent, by the parent
    return config.model_copy(
        update={
            "estimator": config.estimator.model_copy(update=own),
            "sharing": config.sharing.model_copy(update={"processes": 1, "concurrent": concurrent}),
            "outputs": config.outputs.model_copy(update={"show": False, "publish": publish}),
            "tiling": config.tiling.model_copy(update={"mosaic": False}),
            "serving": ServingConfig(),
        }
    )
