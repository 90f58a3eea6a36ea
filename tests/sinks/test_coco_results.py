import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from example_results import HAND, frame_of
from pycocotools.coco import COCO

from posestream.errors import ConfigError
from posestream.sinks.coco import CocoResultsSink
from posestream.topology import COCO_KEYPOINTS, OPENPOSE_COCO

KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from example_results import frame_of
from posestream.sinks.coco import CocoResultsSink
sink = CocoResultsSink(Path(sys.argv[1]))
for frame in range(30):
    sink.write(frame_of(2, frame=frame))
os.kill(os.getpid(), signal.SIGKILL)
"""


def written(path: Path, *results) -> list[dict]:
    sink = CocoResultsSink(path)
    for result in results:
        sink.write(result)
    sink.close()
    return json.loads(path.read_text())


def test_each_person_is_an_object(tmp_path):
    first, second = written(tmp_path / "r.json", frame_of(2, frame=9))
    assert first["image_id"] == second["image_id"] == 9
    assert first["category_id"] == 1
    assert first["score"] == 0.75
    assert first["bbox"] == [1.5, 2, 28.5, 38.25]
    assert second["keypoints"][3:6] == [101.0, 10.0, 0.5]
    assert len(second["keypoints"]) == 51


@pytest.mark.parametrize(
    ("file", "image_id"),
    [
        ("000000000139.jpg", 139),
        ("COCO_val2014_000000000192.jpg", 192),
        ("shot7.tar.png", 3),
        ("me.jpg", 3),
        (None, 3),
    ],
)
def test_the_image_id_is_the_number_at_the_end_of_a_photographs_name(tmp_path, file, image_id):
    (person,) = written(tmp_path / "r.json", frame_of(1, frame=3, file=file))
    assert person["image_id"] == image_id


def test_keypoints_come_in_cocos_order_whatever_the_topology(tmp_path):
    (person,) = written(tmp_path / "r.json", frame_of(1, topology=OPENPOSE_COCO, missing=("nose",)))
    points = [person["keypoints"][i : i + 3] for i in range(0, 51, 3)]
    k = OPENPOSE_COCO.keypoints.index("left_ankle")
    assert points[COCO_KEYPOINTS.index("left_ankle")] == [k, 10 * k, 0.5]
    assert points[COCO_KEYPOINTS.index("nose")] == [0, 0, 0]


def test_the_file_is_an_array_at_any_moment(tmp_path):
    path = tmp_path / "r.json"
    sink = CocoResultsSink(path)
    for people, total in ((0, 0), (2, 2), (0, 2), (1, 3)):
        sink.write(frame_of(people))
        assert len(json.loads(path.read_text())) == total
    sink.close()
    sink.close()


def test_it_is_an_array_after_kill_9(tmp_path):
    path = tmp_path / "r.json"
    subprocess.run([sys.executable, "-c", KILLED, str(path), str(Path(__file__).parent)])
    assert len(json.loads(path.read_text())) == 60


def test_pycocotools_reads_it(tmp_path):
    written(tmp_path / "r.json", *(frame_of(2, file=f"{i:012}.jpg") for i in (1, 2)))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": 1}, {"id": 2}],
            "annotations": [],
            "categories": [{"id": 1, "name": "person"}],
        }
        truth.createIndex()
        assert len(truth.loadRes(str(tmp_path / "r.json")).anns) == 4


def test_a_topology_without_cocos_keypoints_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"coco .* topology 'hand' has none of them"):
        CocoResultsSink(tmp_path / "r.json").write(frame_of(1, topology=HAND))
