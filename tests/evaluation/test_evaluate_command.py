import json
import subprocess
import sys
from pathlib import Path


def test_evaluate_measures_on_real_annotated_images(shared: Path, tmp_path: Path):
    annotations = json.loads((shared / "data/coco/val.json").read_text())
    ids = sorted(image["id"] for image in annotations["images"])[:12]
    small = {
        **annotations,
        "images": [image for image in annotations["images"] if image["id"] in ids],
        "annotations": [a for a in annotations["annotations"] if a["image_id"] in ids],
    }
    (tmp_path / "some.json").write_text(json.dumps(small))
    output = tmp_path / "figures.json"
    command = [sys.executable, "-m", "posestream", "evaluate", "--profile", "fast"]
    command += ["-a", str(tmp_path / "some.json"), "-i", str(shared / "data/coco/val")]
    done = subprocess.run([*command, "-o", str(output)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    figures = json.loads(output.read_text())
    assert figures["images"] == 12
    assert {"AP", "AP50", "AP75", "APM", "APL", "AR", "ms_per_image"} <= figures.keys()
    assert figures["AP"] > 0.15
    assert f"AP             {figures['AP']:.3f}" in done.stdout
