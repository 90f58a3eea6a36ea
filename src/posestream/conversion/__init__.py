"""Networks of other frameworks become ONNX files with cards, checked before they are written."""
