"""Networks out: ONNX files and their cards, from checkpoints of other frameworks."""
