"""Train a small network to name activities, and compare it with the rules of the package.

    python tools/train_activities.py --clips clips.json --features features.npz --onnx net.onnx

The data are clips whose segments are labelled (see `posestream.evaluation.clips`); none are part of
the package. Recipe: people found (profile balanced, scores from 0.1), tracked, measured ten times a
second by `posestream.analytics.motions`; every measurement takes the label of its segment, half a
second inside the ends and a second after a track began. ``walk`` is walking, ``fallen`` is lying;
``other`` is jumping or bending where the clip's action says so; of a fall without ``fallen``, what
comes three seconds after its onset is lying. The longest track of a clip is who the labels mean;
where a seated bystander is announced, the person on the right who goes nowhere is sitting.

The first run writes the measurements to ``--features``, later runs read them. Needs PyTorch; for
``--onnx`` also onnx. The table splits by camera and by subject: a network is asked only about
people or views that it was not trained on.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from posestream import stream
from posestream.analytics.activity_rules import ACTIVITIES, name_activities
from posestream.analytics.bodies import measure_bodies
from posestream.analytics.body_parts import BodyParts
from posestream.analytics.descents import FIELDS, blank_descent, learn_statures
from posestream.analytics.motions import FEATURES, add_poses, blank_motion, measure_motions
from posestream.analytics.motions import FIELDS as MOTION_FIELDS
from posestream.analytics.roster import Roster
from posestream.evaluation.clips import Clip, read_clips
from posestream.topology import COCO_17
from posestream.tracking.tracker import PoseTracker
from posestream.types import Tracks

LABELS = {"standing": "standing", "sitting": "sitting", "lying": "lying", "walk": "walking"}
LABELS |= {"fallen": "lying"}
OTHERS = {"jumping": "jumping", "picking": "bending"}
Sample = tuple[np.ndarray, str, str]
"""Features, label, group: whose and from which side."""


def main() -> None:
    """Measure, compare, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--onnx", type=Path)
    arguments = parser.parse_args()
    if not arguments.features.exists():
        write_features(arguments.features, list(measured(arguments.clips)))
    kept = np.load(arguments.features)
    features, labels, groups = kept["features"], kept["labels"], kept["groups"]
    print_rules(features, labels)
    for train, test in splits(groups):
        compare(features, labels, train, test, groups)
    if arguments.onnx:
        export(Net(features, labels), arguments.onnx)


def write_features(path: Path, samples: list[Sample]) -> None:
    """Keep measurements for later runs."""
    features, labels, groups = zip(*samples, strict=True)
    np.savez_compressed(
        path, features=np.array(features), labels=np.array(labels), groups=np.array(groups)
    )


def measured(path: Path) -> Iterator[Sample]:
    """Yield every labelled measurement of all clips."""
    entries = {entry["file"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}
    for clip in read_clips(path):
        tracker = PoseTracker(COCO_17)
        frames = [
            (time_s, tracker.update(prediction.poses, time_s).tracks)
            for prediction in stream(clip.path, profile="balanced", min_score=0.1)
            for time_s in [prediction.result.pts_s * clip.speed]
        ]
        bystander = bool(entries[clip.name].get("bystander_seated"))
        yield from samples_of(clip, frames, width=entries[clip.name]["width"], bystander=bystander)


def samples_of(
    clip: Clip, frames: list[tuple[float, Tracks]], *, width: int, bystander: bool
) -> Iterator[Sample]:
    """Yield the labelled measurements of one clip."""
    seen = Counter(track for _, tracks in frames for track in tracks.ids.tolist() if track >= 0)
    right = {
        track
        for track in seen
        if np.median([_middle(t, track) for _, t in frames if track in t.ids]) > 0.7 * width
    }
    people = [track for track in seen if not (bystander and track in right)]
    actor = max(people, key=lambda track: seen[track], default=None)
    began: dict[int, float] = {}
    group = clip.name.split("/")[0] + (clip.name[-8:-4] if "Cam" in clip.name else clip.name[8:18])
    for time_s, ids, features in measurements(frames):
        for track, row in zip(ids, features, strict=True):
            if time_s - began.setdefault(track, time_s) < 1:
                continue
            label = label_at(clip, time_s) if track == actor else None
            if bystander and track in right and row[FEATURES.index("travel")] < 0.14:
                yield row, "sitting", group + "-bystander"
            elif label:
                yield row, label, group


def _middle(tracks: Tracks, track: int) -> float:
    box = tracks.poses.boxes[tracks.ids == track][0]
    return float(box[0] + box[2]) / 2


def measurements(
    frames: list[tuple[float, Tracks]],
) -> Iterator[tuple[float, list[int], np.ndarray]]:
    """Yield time, identities and features, ten times a second."""
    parts, blank = BodyParts.of(COCO_17), np.zeros(1, [*FIELDS, *MOTION_FIELDS])
    blank_descent(blank)
    blank_motion(blank)
    roster, last_s = Roster(blank, patience_s=1.5), -np.inf
    for time_s, tracks in frames:
        known = tracks[tracks.ids >= 0]
        if time_s - last_s < 0.095 or not len(known):
            continue
        last_s, bodies = time_s, measure_bodies(known, parts)
        rows = roster.seat(known.ids.tolist(), bodies.hips, bodies.statures, time_s)
        records = roster.records[rows]
        learn_statures(records, bodies.statures, time_s)
        add_poses(records, bodies, time_s)
        yield time_s, known.ids.tolist(), measure_motions(records, time_s)
        roster.records[rows] = records


def label_at(clip: Clip, time_s: float) -> str | None:
    """Return what the person does at a time; None where nobody said or it is changing."""
    fallen = any(segment.label == "fallen" for segment in clip.segments)
    for fall in clip.falls:
        if not fallen and time_s > fall.start_s:
            return "lying" if time_s > fall.start_s + 3 else None
    for segment in clip.segments:
        if segment.start_s + 0.5 <= time_s <= segment.end_s - 0.5:
            if segment.label == "other":
                return next((v for k, v in OTHERS.items() if k in clip.action), None)
            return LABELS.get(segment.label)
    return None


def splits(groups: np.ndarray) -> Iterator[tuple[str, str]]:
    """Yield pairs of prefixes of groups: train on one, ask about the other."""
    sides = sorted({group.split("-")[0] for group in groups.tolist()})
    cameras = [side for side in sides if "Cam" in side]
    yield from [(a, b) for a in cameras for b in cameras if a != b]
    sets = sorted({side.split("Cam")[0] for side in cameras})
    yield from [(one, "") for one in sets]


class Net:
    """A network of one hidden layer over the features and which of them are missing."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, *, hidden: int = 24) -> None:
        torch.manual_seed(0)
        self.classes = sorted(set(labels.tolist()))
        target = torch.tensor([self.classes.index(label) for label in labels.tolist()])
        inputs = self._inputs(features)
        mean, scale = inputs.mean(0), inputs.std(0) + 0.02
        counts = torch.bincount(target, minlength=len(self.classes))
        self.first = torch.nn.Linear(inputs.shape[1], hidden)
        self.layers = torch.nn.Sequential(
            self.first, torch.nn.ReLU(), torch.nn.Linear(hidden, len(self.classes))
        )
        self.mean, self.scale = mean, scale
        optimiser = torch.optim.AdamW(self.layers.parameters(), 1e-2, weight_decay=0.05)
        for _ in range(600):
            rows = torch.randint(0, len(inputs), (512,))
            batch = (inputs[rows] - mean) / scale
            scores = self.layers(batch + 0.15 * torch.randn_like(batch))
            loss = torch.nn.functional.cross_entropy(
                scores, target[rows], weight=len(target) / (len(counts) * counts)
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    def names(self, features: np.ndarray) -> np.ndarray:
        """Return what each row shows."""
        with torch.no_grad():
            scores = self.layers((self._inputs(features) - self.mean) / self.scale)
        return np.array(self.classes)[scores.argmax(1).numpy()]

    @staticmethod
    def _inputs(features: np.ndarray) -> torch.Tensor:
        seen = np.clip(np.nan_to_num(features, nan=0), -2, 6)
        return torch.tensor(np.concatenate([seen, np.isnan(features)], axis=1), dtype=torch.float32)


def export(net: Net, path: Path) -> None:
    """Write the network as ONNX: features and missing marks in, scores of the classes out."""
    with torch.no_grad():  # the first layer takes in the normalisation
        net.first.bias.sub_(net.first.weight @ (net.mean / net.scale))
        net.first.weight.div_(net.scale)
    example = torch.zeros(1, 2 * len(FEATURES))
    torch.onnx.export(net.layers, (example,), str(path), dynamo=False, opset_version=17)
    print(f"{path}: {path.stat().st_size} bytes, classes {', '.join(net.classes)}")


def compare(
    features: np.ndarray, labels: np.ndarray, train: str, test: str, groups: np.ndarray
) -> None:
    """Print how a network trained on some groups and the rules do on others."""
    inside = np.char.startswith(groups, train)
    outside = np.char.startswith(groups, test) & ~inside
    outside &= np.isin(labels, labels[inside])
    named = Net(features[inside], labels[inside]).names(features[outside])
    rules = _names(features[outside])
    truth = labels[outside]
    print(
        f"{train:12s} -> {test or 'all others':12s} {outside.sum():6d}  "
        f"network {_accuracy(truth, named)}  rules {_accuracy(truth, rules)}"
    )


def print_rules(features: np.ndarray, labels: np.ndarray) -> None:
    """Print the confusion table of the rules."""
    named = _names(features)
    columns = [name for name in [*ACTIVITIES, "none"] if name in named]
    print(f"{'':12s}" + "".join(f"{name[:9]:>10s}" for name in columns))
    for label in sorted(set(labels.tolist()), key=ACTIVITIES.index):
        row = [int((named[labels == label] == name).sum()) for name in columns]
        print(f"{label:12s}" + "".join(f"{count:10d}" for count in row))
    print(f"all: {_accuracy(labels, named)}")


def _names(features: np.ndarray) -> np.ndarray:
    return np.array([*ACTIVITIES, "none"])[name_activities(features)]


def _accuracy(truth: np.ndarray, named: np.ndarray) -> str:
    each = [(named[truth == label] == label).mean() for label in np.unique(truth)]
    return f"{(truth == named).mean():.3f}, mean of classes {np.mean(each):.3f}"


if __name__ == "__main__":
    main()
