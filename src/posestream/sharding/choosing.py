"""How many processes a run takes."""

from __future__ import annotations

import logging

from posestream.config import Config
from posestream.config_devices import devices_of
from posestream.errors import ConfigError
from posestream.inference.settings import usable_cores

_log = logging.getLogger("posestream")

STREAMS_PER_PROCESS = 32
"""On a GPU. More, and Python's lock is what limits them."""


def processes_for(config: Config, streams: int, *, cores: int | None = None) -> int:
    """Return how many processes a run takes, and log it where that was chosen here.

    Args:
        config: The run's settings.
        streams: How many streams it has.
        cores: Processor cores; by default those that this process may use.

    Raises:
        ConfigError: If there are more GPUs than processes.
    """
    asked, gpus = config.sharing.processes, len(devices_of(config.estimator.device))
    if asked == "auto":
        return _chosen(gpus, streams, usable_cores() if cores is None else cores)
    if asked < gpus and streams > asked:
        raise ConfigError(
            f"processes: {asked} is not allowed with {gpus} GPUs ({config.estimator.device}), as "
            f"each process uses one; allowed: {gpus} or more"
        )
    if asked > streams:
        _log.warning("processes: %d instead of %d, one for each stream", streams, asked)
    return min(asked, streams)


def on_one_gpu(config: Config) -> Config:
    """Return the settings of a run in one process: where several GPUs are named, on the first."""
    gpus = devices_of(config.estimator.device)
    if len(gpus) < 2:
        return config
    _log.warning("device: %s of %s, as there is one stream", gpus[0], config.estimator.device)
    return config.model_copy(
        update={"estimator": config.estimator.model_copy(update={"device": gpus[0]})}
    )


def _chosen(gpus: int, streams: int, cores: int) -> int:
    if not gpus:
        return 1
    wanted = max(gpus, -(-streams // STREAMS_PER_PROCESS))
    count = max(1, min(wanted, max(cores, gpus), streams))
    if count > 1:
        _log.info(
            "processes: %d, for %d streams, %d GPUs and %d cores", count, streams, gpus, cores
        )
    return count
