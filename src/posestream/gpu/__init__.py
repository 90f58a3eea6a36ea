"""Streams decoded, resized, run and understood on NVIDIA GPUs; pictures never reach main memory.

    packets -> surfaces (NVDEC) -> one kernel -> network input -> CUDA graph -> maps -> Poses

Everything here imports without a GPU and without its libraries; what needs one says so when it is
made. ``surfaces`` are the values; ``choosing`` gives sources what decodes, ``passes`` gives
estimators what looks at pictures, and ``runner`` is one device at work.
"""
