"""Caffe's networks without Caffe: layers, their files, their weights, and ONNX made from them."""
