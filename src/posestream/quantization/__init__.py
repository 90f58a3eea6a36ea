"""Make INT8 networks: calibrate, choose which layers stay in f32, measure, keep what wins.

What comes out is ONNX with QuantizeLinear and DequantizeLinear, which OpenVINO and ONNX Runtime
both run.

* `network` and `pictures` read what there is: the network with its convolutions, the pictures as
  the network's inputs.
* `observing` runs the network over them and notes what goes through each convolution.
* `qdq` writes the network with some convolutions in INT8; `ladder` finds out which cost least
  accuracy for their work; `tools` asks NNCF and ONNX Runtime to do the same.
* `recipes` makes all the candidates, `trials` measures speed and accuracy, `search` chooses and
  `writing` writes the winner.
"""
