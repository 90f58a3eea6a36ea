"""Keys of DeepStream's nvinfer files from which nothing follows, and why."""

from __future__ import annotations

IGNORED = {
    "batch-size": "batches form from whatever frames are ready",
    "batched-push-timeout": "batches form from whatever frames are ready",
    "gie-unique-id": "results are named by stream and model",
    "output-blob-names": "the card names the outputs",
    "labelfile-path": "the card names the keypoints",
    "num-detected-classes": "a pose network detects people only",
    "cluster-mode": "people are put together by the decoder",
    "parse-bbox-func-name": "decoders are built in; the card's family chooses one",
    "parse-classifier-func-name": "decoders are built in; the card's family chooses one",
    "custom-lib-path": "decoders are built in; the card's family chooses one",
    "engine-create-func-name": "engines are built by ONNX Runtime",
    "int8-calib-file": "posestream quantize calibrates, and writes a network that is INT8",
    "tlt-encoded-model": "encrypted models cannot be read; export it as ONNX",
    "tlt-model-key": "encrypted models cannot be read; export it as ONNX",
    "output-tensor-meta": "keypoints are always written; see poses.jsonl",
    "network-input-order": "the card says it, as input.layout",
    "uff-input-order": "UFF networks cannot be read; export it as ONNX",
    "scaling-filter": "frames are scaled by FFmpeg",
    "scaling-compute-hw": "frames are scaled by FFmpeg",
    "enable-dla": "there is no path to the DLA",
    "use-dla-core": "there is no path to the DLA",
    "force-implicit-batch-dim": "networks with an implicit batch cannot be read",
    "filter-out-class-ids": "a pose network detects people only",
    "crop-objects-to-roi-boundary": "whole frames are looked at",
    "classifier-async-mode": "secondary models always run beside the main one",
}
"""Keys without a counterpart, and why."""

OF_SECONDARY = {
    "operate-on-gie-id": "secondary networks look at the people whom the main one found",
    "operate-on-class-ids": "people are of one class",
    "input-object-min-width": "",
    "input-object-min-height": "",
    "input-object-max-width": "people of any size are looked at",
    "input-object-max-height": "people of any size are looked at",
    "classifier-threshold": "",
    "secondary-reinfer-interval": "",
}
"""Keys of a network that looks at what another one found; with the reason where ignored."""
