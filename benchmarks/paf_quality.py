"""How many people of a crowd does the PAF decoder get right, and what is its COCO AP?

    python benchmarks/paf_quality.py --output quality.json
    python benchmarks/paf_quality.py --annotations val.json --images DIR --model movenet_paf.onnx

The first row should come out near the original decoder's, which says that these scenes are as hard
as those its figures were taken on. The AP needs pycocotools and onnxruntime.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from pathlib import Path

import _machine
import cv2
import numpy as np
from _paf_scenes import people_found, scene

from posestream.decoding.paf import PafDecoder
from posestream.geometry import Letterbox
from posestream.topology import COCO_KEYPOINTS, OPENPOSE_COCO, TRTPOSE_HUMAN
from posestream.types import Fields, Poses

COLUMNS = {
    "clean 10": (10, 0.0),
    "clean 30": (30, 0.0),
    "noise .03, 1": (1, 0.03),
    "noise .03, 10": (10, 0.03),
    "noise .03, 30": (30, 0.03),
    "noise .06, 1": (1, 0.06),
    "noise .06, 30": (30, 0.06),
}
ROWS = {
    "original": (0.97, 0.85, 0.86, 0.75, 0.54, 0.35, 0.34),
    "bar": (0.97, 0.98, 0.85, 0.75, 0.74, 0.78, 0.75),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=600, help="people per column")
    parser.add_argument("--annotations", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--openpose", action="store_true", help="the model is an OpenPose network")
    parser.add_argument("--long-side", type=int, default=512)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    figures: dict[str, object] = {}
    if arguments.model is None:
        figures["columns"], figures["rows"] = list(COLUMNS), quality(arguments.people)
    else:
        figures["AP"] = average_precision(arguments)
        print(f"AP {figures['AP']:.4f}")
    _machine.write(figures, arguments.output)


def quality(people: int) -> dict[str, list[float]]:
    rows: dict[str, list[float]] = {name: list(row) for name, row in ROWS.items()}
    decoders = {
        setting: PafDecoder(
            TRTPOSE_HUMAN, stride=1, setting=setting, min_keypoints=1, min_score=0.0
        )
        for setting in ("compatible", "robust")
    }
    rows |= {setting: [] for setting in decoders}
    for index, (count, noise) in enumerate(COLUMNS.values()):
        rng, found, total = np.random.default_rng(index), dict.fromkeys(decoders, 0), 0
        for _ in range(max(people // count, 1)):
            drawn = scene(rng, count, noise=noise)
            total += int(drawn.visible.any(axis=1).sum())
            box = Letterbox((56, 56), (56, 56), (56, 56))
            maps = {"confidence_maps": drawn.maps[None], "part_affinity_fields": drawn.fields[None]}
            for setting, decoder in decoders.items():
                (poses,) = decoder.decode(Fields(maps, (box,)))
                found[setting] += people_found(poses.keypoints, drawn)
        for setting in decoders:
            rows[setting].append(round(found[setting] / total, 3))
    print(f"{'':12}" + "".join(f"{name:>15}" for name in COLUMNS))
    for name, row in rows.items():
        print(f"{name:12}" + "".join(f"{value:15.3f}" for value in row))
    return rows


def average_precision(arguments: argparse.Namespace) -> float:
    import onnxruntime
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    network = onnxruntime.InferenceSession(str(arguments.model), options)
    topology, stride, multiple = TRTPOSE_HUMAN, 4, 32
    if arguments.openpose:
        topology, stride, multiple = OPENPOSE_COCO, 8, 8
    decoder = PafDecoder(topology, stride=stride)
    order = [topology.keypoints.index(name) for name in COCO_KEYPOINTS]
    results = []
    for entry in json.loads(arguments.annotations.read_text())["images"]:
        picture = cv2.imread(str(arguments.images / entry["file_name"]))
        assert picture is not None
        size = (picture.shape[1], picture.shape[0])
        box = Letterbox.fit(size, long_side=arguments.long_side, multiple=multiple)
        pixels = _letterboxed(picture, box)
        if arguments.openpose:
            feed = {"image": pixels.transpose(2, 0, 1)[None].astype(np.float32)}
        else:
            feed = {"image": pixels[None, :, :, ::-1].astype(np.int32)}
        maps, fields = (np.asarray(output, np.float32) for output in network.run(None, feed))
        named = {"confidence_maps": maps, "part_affinity_fields": fields}
        (poses,) = decoder.decode(Fields(named, (box,)))
        results += _coco_results(entry["id"], poses, order)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(arguments.annotations))
        found = truth.loadRes(results)  # pyright: ignore[reportArgumentType]
        evaluation = COCOeval(truth, found, "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def _letterboxed(picture: np.ndarray, box: Letterbox) -> np.ndarray:
    shrinks = box.content_size[0] < picture.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    width, height = box.content_size
    padded = np.zeros((box.input_size[1], box.input_size[0], 3), np.uint8)
    padded[:height, :width] = cv2.resize(picture, box.content_size, interpolation=way)
    return padded


def _coco_results(image: int, poses: Poses, order: list[int]) -> list[dict[str, object]]:
    points = np.concatenate([poses.keypoints, poses.keypoint_scores[:, :, None]], axis=2)
    return [
        {
            "image_id": image,
            "category_id": 1,
            "keypoints": np.nan_to_num(person[order]).ravel().tolist(),
            "score": float(score),
        }
        for person, score in zip(points, poses.scores, strict=True)
    ]


if __name__ == "__main__":
    main()
