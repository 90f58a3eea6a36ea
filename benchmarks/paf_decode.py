"""How long does PAF decoding take, against a careful decoder in numpy and scipy?

    python benchmarks/paf_decode.py --output paf_decode.json

One thread, 56 x 56 cells, 18 keypoints, 21 limbs, noise .03; the best of many runs of every scene
and the median over scenes, in the thread's own time, ours from `Fields` to `Poses`. The bars are
ratios, so that they hold on any machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import _machine
import numpy as np
from _careful_numpy import CarefulNumpy
from _paf_scenes import scene

from posestream.decoding.paf import PafDecoder
from posestream.geometry import Letterbox
from posestream.topology import TRTPOSE_HUMAN
from posestream.types import Fields

BARS = {1: 60 / 385, 5: 100 / 661, 10: 150 / 1153, 30: 350 / 5071}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=5)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    decoder = PafDecoder(TRTPOSE_HUMAN, stride=4)
    started = time.perf_counter()
    decoder.decode(_fields(np.zeros((18, 56, 56)), np.zeros((42, 56, 56))))
    first = time.perf_counter() - started
    print(f"first decode {1e3 * first:.0f} ms")
    table: dict[str, dict[str, float]] = {}
    for people in (1, 2, 5, 10, 20, 30, 60, 100):
        table[str(people)] = row = _compare(decoder, people, arguments.scenes)
        bar = f"  bar {BARS[people]:.3f}" if people in BARS else ""
        print(
            f"{people:4} people  ours {row['us']:7.1f} us  careful numpy "
            f"{row['careful_us']:8.1f} us  ratio {row['ratio']:.3f}{bar}"
        )
    rng = np.random.default_rng(0)
    noise = _fields(rng.random((18, 56, 56)), 0.6 * rng.standard_normal((42, 56, 56)))
    plateau = _fields(np.full((18, 56, 56), 0.5), np.full((42, 56, 56), 0.5))
    hard = {
        "white noise": _best(lambda: decoder.decode(noise), 20),
        "plateau": _best(lambda: decoder.decode(plateau), 20),
    }
    for name, seconds in hard.items():
        print(f"{name}: {1e3 * seconds:.2f} ms")
    _machine.write({"first_s": first, "people": table, "hard_s": hard}, arguments.output)


def _compare(decoder: PafDecoder, people: int, scenes: int) -> dict[str, float]:
    limbs = np.array(TRTPOSE_HUMAN.limbs)
    careful = CarefulNumpy(limbs, np.array(TRTPOSE_HUMAN.paf_channels))
    ours, theirs = [], []
    for seed in range(scenes):
        drawn = scene(np.random.default_rng(seed), people, noise=0.03)
        fields = _fields(drawn.maps, drawn.fields)
        ours.append(_best(lambda f=fields: decoder.decode(f), 60))
        theirs.append(_best(lambda d=drawn: careful.decode(d.maps, d.fields), 20))
    us, careful_us = 1e6 * float(np.median(ours)), 1e6 * float(np.median(theirs))
    return {"us": us, "careful_us": careful_us, "ratio": us / careful_us}


def _fields(maps: np.ndarray, fields: np.ndarray) -> Fields:
    named = {
        "confidence_maps": maps[None].astype(np.float32),
        "part_affinity_fields": fields[None].astype(np.float32),
    }
    return Fields(named, (Letterbox((448, 448), (224, 224), (224, 224)),))


def _best(work: Callable[[], object], runs: int) -> float:
    """Return the seconds of this thread that the fastest run takes."""
    seconds = []
    for _ in range(runs):
        started = time.thread_time()
        work()
        seconds.append(time.thread_time() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
