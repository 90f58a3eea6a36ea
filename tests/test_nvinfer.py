"""DeepStream's users switch with their file."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from posestream.config import load_config
from posestream.errors import ConfigError
from posestream.nvinfer import read_nvinfer
from posestream.pipeline import run

SAMPLE = """
# The original sample's configuration.
[property]
gpu-id=0
net-scale-factor=0.0174292
offsets=123.675;116.28;103.53
onnx-file=pose.onnx
labelfile-path=labels.txt
batch-size=1
process-mode=1
model-color-format=0
## 0=FP32, 1=INT8, 2=FP16 mode
network-mode=2
num-detected-classes=4
interval=0
gie-unique-id=1
model-engine-file=pose.onnx_b1_gpu0_fp16.engine
network-type=100
workspace-size=3000
"""


def read(tmp_path: Path, text: str, *, gpu: bool = False):
    file = tmp_path / "config_infer_primary.txt"
    file.write_text(text)
    return read_nvinfer([file], gpu_is_there=lambda: gpu)


def ignored(found) -> dict[str, str]:
    return {key: reason for _, key, reason in found.ignored}


def test_the_samples_file_becomes_settings_for_a_cpu(tmp_path: Path):
    found = read(tmp_path, SAMPLE)
    settings = found.settings
    assert settings["model"] == str(tmp_path / "pose.onnx")
    assert settings["card"] == "trtpose-human"
    assert settings["input_scale"] == 0.0174292
    assert settings["input_mean"] == pytest.approx((2.15556, 2.02666, 1.80444), abs=1e-4)
    assert (settings["input_colour"], settings["interval"]) == ("RGB", 1)
    assert "backend" not in settings
    assert "no NVIDIA GPU" in ignored(found)["gpu-id"]
    assert "CPU" in ignored(found)["network-mode"]


def test_the_samples_file_becomes_settings_for_a_gpu(tmp_path: Path):
    found = read(tmp_path, SAMPLE, gpu=True)
    settings = found.settings
    assert (settings["backend"], settings["provider"]) == ("onnxruntime", "tensorrt")
    assert (settings["precision"], settings["workspace_mb"]) == ("f16", 3000)
    assert "gpu-id" not in ignored(found)


def test_every_key_that_nothing_follows_from_has_a_reason(tmp_path: Path):
    found = read(tmp_path, SAMPLE + "\ncluster-mode=2\n[class-attrs-all]\ntopk=20\n", gpu=True)
    assert set(ignored(found)) == {
        "model-engine-file",
        "labelfile-path",
        "batch-size",
        "num-detected-classes",
        "gie-unique-id",
        "cluster-mode",
        "[class-attrs-all]",
    }
    assert all(ignored(found).values())


def test_a_key_that_nobody_knows_is_said(tmp_path: Path):
    found = read(tmp_path, SAMPLE + "\nlabelfile-pth=x\n")
    assert "Did you mean 'labelfile-path'" in ignored(found)["labelfile-pth"]


def test_the_settings_are_those_of_a_run_and_what_is_given_wins(tmp_path: Path):
    defaults = read(tmp_path, SAMPLE + "infer-dims=3;256;192\ninterval=2\n").settings
    config = load_config(
        None, {"input": "a.mp4", "output": "out", "interval": 5}, defaults=defaults
    )
    assert config.stream.interval == 5
    assert config.estimator.input_size == (192, 256)
    assert config.estimator.input_resize == "stretch"


def test_frames_left_out_between_two_count_from_the_first(tmp_path: Path):
    assert read(tmp_path, SAMPLE.replace("interval=0", "interval=4")).settings["interval"] == 5


def test_an_engine_names_the_network_it_was_built_from(tmp_path: Path):
    text = SAMPLE.replace("onnx-file=pose.onnx\n", "")
    assert read(tmp_path, text).settings["model"] == str(tmp_path / "pose.onnx")


def test_a_card_beside_the_network_describes_it(tmp_path: Path):
    (tmp_path / "pose.toml").touch()
    assert "card" not in read(tmp_path, SAMPLE).settings


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[property]", "[properties]", r"has no \[property\] group"),
        ("network-mode=2", "network-mode=7", r"network-mode: '7' is not allowed.*2 \(FP16\)"),
        ("network-type=100", "network-type=0", "network-type: '0' is not allowed.*100"),
        ("model-color-format=0", "model-color-format=2", r"'2' is not allowed.*1 \(BGR\)"),
        ("offsets=123.675;116.28;103.53", "offsets=1;2", "offsets: '1;2'.*3 numbers"),
        ("offsets=123.675;116.28;103.53", "offsets=1;b;3", "offsets: '1;b;3'.*3 numbers"),
        ("net-scale-factor=0.0174292", "net-scale-factor=nan", "net-scale-factor: 'nan'.*1 number"),
        ("interval=0", "interval=-1", "interval: '-1' is not allowed; allowed: a whole number"),
        ("process-mode=1", "process-mode=3", r"process-mode: '3' is not allowed.*2 \(secondary\)"),
        ("[property]", "no group\n[property]", "not an nvinfer file"),
    ],
)
def test_a_value_that_cannot_be_is_refused(tmp_path: Path, old, new, problem):
    with pytest.raises(ConfigError, match=problem):
        read(tmp_path, SAMPLE.replace(old, new))


def test_a_file_without_a_network_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="onnx-file: missing"):
        read(tmp_path, "[property]\nmodel-engine-file=pose.engine\n")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="No such file"):
        read_nvinfer([tmp_path / "none.txt"], gpu_is_there=bool)


SECONDARY = """
[property]
gpu-id=0
net-scale-factor=0.5
offsets=10;20;30
model-color-format=1
onnx-file=shirts.onnx
labelfile-path=shirts.txt
process-mode=2
network-type=1
operate-on-gie-id=1
operate-on-class-ids=0
input-object-min-width=40
input-object-min-height=64
input-object-max-width=900
classifier-threshold=0.6
secondary-reinfer-interval=4
"""


def secondary(tmp_path: Path, text: str = SECONDARY):
    primary, second = tmp_path / "primary.txt", tmp_path / "second.txt"
    primary.write_text(SAMPLE)
    second.write_text(text)
    return read_nvinfer([second, primary], gpu_is_there=lambda: False)


def test_a_secondary_networks_file_becomes_a_secondary_model(tmp_path: Path):
    found = secondary(tmp_path)
    config = load_config(None, {"input": "a.mp4", "output": "out"}, defaults=found.settings)
    [shirts] = config.secondary
    assert (shirts.called, shirts.card, shirts.on) == ("shirts", "classifier", "people")
    assert shirts.labels == tmp_path / "shirts.txt"
    assert (shirts.min_size, shirts.threshold, shirts.interval) == (64, 0.6, "5")
    assert (shirts.input_scale, shirts.input_mean) == (0.5, (5.0, 10.0, 15.0))
    assert shirts.input_colour == "BGR"
    assert config.estimator.model == str(tmp_path / "pose.onnx")


def test_a_secondary_networks_keys_without_effect_have_reasons(tmp_path: Path):
    of_second = {key: why for file, key, why in secondary(tmp_path).ignored if file == "second.txt"}
    assert set(of_second) == {
        "gpu-id",
        "operate-on-gie-id",
        "operate-on-class-ids",
        "input-object-max-width",
    }
    assert all(of_second.values())


def test_a_secondary_segmenter_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"network-type: '2' is not allowed.*1 \(classifier\)"):
        secondary(tmp_path, SECONDARY.replace("network-type=1", "network-type=2"))


def test_two_primary_networks_are_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="process-mode: 1 is not allowed twice"):
        secondary(tmp_path, SAMPLE)


def test_the_samples_file_maps_to_a_working_run(tmp_path: Path, demo_clip: Path):
    weights = np.random.default_rng(0)
    maps, fields = (weights.normal(0, 0.3, (n, 3, 4, 4)).astype(np.float32) for n in (18, 42))
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["input_0", "a"], ["output_0"], strides=[4, 4]),
            helper.make_node("Conv", ["input_0", "b"], ["output_1"], strides=[4, 4]),
        ],
        "pose",
        [helper.make_tensor_value_info("input_0", TensorProto.FLOAT, [1, 3, 224, 224])],
        [
            helper.make_tensor_value_info(f"output_{n}", TensorProto.FLOAT, [1, channels, 56, 56])
            for n, channels in enumerate((18, 42))
        ],
        [numpy_helper.from_array(maps, "a"), numpy_helper.from_array(fields, "b")],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save_model(
        helper.make_model(graph, opset_imports=opset, ir_version=8), str(tmp_path / "pose.onnx")
    )
    given = {"input": str(demo_clip), "output": tmp_path / "out", "video": False}
    config = load_config(None, given, defaults=read(tmp_path, SAMPLE).settings)
    summary = run(config)
    assert summary.frames == summary.inferred > 10
    assert "224x224" in summary.estimator
    lines = (tmp_path / "out" / "poses.jsonl").read_text().splitlines()
    assert len(lines) == summary.frames
