"""Turn MoveNet's TensorFlow.js graphs into ONNX."""
