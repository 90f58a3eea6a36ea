"""Count people over time from the data file of an earlier run, with nothing but Python.

posestream run VIDEO --output out && python examples/people_per_second.py out/poses.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path


def main(poses: str) -> None:
    seconds: dict[int, list[int]] = defaultdict(list)
    for line in Path(poses).read_text(encoding="utf-8").splitlines():
        frame = json.loads(line)
        seconds[int(frame["pts_s"])].append(len(frame["people"]))
    for second, counts in sorted(seconds.items()):
        print(f"{second:4d} s  {sum(counts) / len(counts):4.1f} people")


if __name__ == "__main__":
    main(sys.argv[1])
