"""A caffemodel is read to the last bit, and whatever is no caffemodel is refused in one line."""

import random
from pathlib import Path

import numpy as np
import pytest

import caffe_files
from caffe_files import blob, field, layer, old_blob, old_layer, varint
from posestream.errors import ModelError, SourceNotFoundError
from posestream.models.caffe import caffemodel
from posestream.models.caffe.caffemodel import read_caffemodel

WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
BIAS = np.float32([0.5, -0.5])


def read(tmp_path: Path, content: bytes):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(content)
    return read_caffemodel(path)


def check(found) -> None:
    assert list(found) == ["conv"]
    np.testing.assert_array_equal(found["conv"][0], WEIGHT)
    np.testing.assert_array_equal(found["conv"][1].ravel(), BIAS)
    assert all(array.dtype == np.float32 for array in found["conv"])


def test_a_network_of_today_is_read(tmp_path: Path):
    check(read(tmp_path, caffe_files.caffemodel({"conv": (WEIGHT, BIAS)})))


def test_a_network_of_2014_is_read(tmp_path: Path):
    found = read(tmp_path, old_layer("conv", 4, [old_blob(WEIGHT), old_blob(BIAS)]))
    check(found)
    assert found["conv"][1].shape == (1, 1, 1, 2)


def test_double_numbers_and_gradients_are_read_and_left_out(tmp_path: Path):
    shape = field(7, field(1, 2) + field(1, 3))
    doubles = field(8, np.arange(6, dtype="<f8").tobytes())
    gradients = field(6, bytes(24)) + field(9, bytes(48))
    found = read(tmp_path, layer("fc", "InnerProduct", [shape + gradients + doubles]))
    np.testing.assert_array_equal(found["fc"][0], np.arange(6).reshape(2, 3))


GOOD = layer("conv", "Convolution", [blob(WEIGHT)])
NAN = blob(np.float32([np.nan]))
SHORT = field(7, field(1, varint(5))) + field(5, bytes(8))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "without weights"),
        (b"<!DOCTYPE html><html>not found</html>", "no caffemodel"),
        (bytes(100), "field 0 is not allowed"),
        (GOOD[:-7], "cut off"),
        (GOOD[:1], "cut off"),
        (GOOD + b"\xff" * 20, "a number is too long"),
        (b"\x0b", "wire type 3 is not allowed"),
        (b"\x15\x00", "cut off: field 2 has 4 bytes"),
        (field(100, b"\x0a\x7f"), "cut off: field 1 has 127 bytes, 0 are left"),
        (layer("a", "X", [SHORT]), r"layer 'a': 2 numbers for the shape \(5,\)"),
        (layer("a", "X", [field(5, bytes(7))]), "layer 'a': its numbers are not packed"),
        (layer("a", "X", [b"\x2d" + bytes(4)]), "layer 'a': its numbers are not packed"),
        (layer("a", "X", [NAN]), "layer 'a': holds NaN or infinity"),
        (layer("a", "X", [field(7, field(1, bytes(9)))]), "more than 8 axes"),
        (layer("a", "X", [blob(BIAS)] * 17), "17 blobs are not allowed"),
        (GOOD + GOOD, "two layers with weights are called 'conv'"),
        (field(100, field(1, b"\xff")), "not UTF-8"),
        (field(100, b"") * 10_001, "more than 10000 layers"),
    ],
)
def test_what_is_no_caffemodel_is_refused(tmp_path: Path, content: bytes, message: str):
    with pytest.raises(ModelError, match=rf"net\.caffemodel: .*{message}") as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_shape_of_astronomic_size_takes_no_memory(tmp_path: Path):
    dims = field(1, 2**62) * 4
    with pytest.raises(ModelError, match="0 numbers for the shape"):
        read(tmp_path, layer("a", "X", [field(7, dims)]))


def test_a_larger_file_than_allowed_is_not_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(caffemodel, "MAX_BYTES", 10)
    with pytest.raises(ModelError, match="bytes is not allowed; allowed: up to 10"):
        read(tmp_path, GOOD)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"none\.caffemodel: no such file"):
        read_caffemodel(tmp_path / "none.caffemodel")


def test_damaged_bytes_never_escape_as_another_error(tmp_path: Path):
    good = caffe_files.caffemodel({"conv": (WEIGHT, BIAS), "slope": (BIAS,)})
    rng = random.Random(0)
    refused = 0
    for _ in range(300):
        content = bytearray(good[: rng.randrange(1, len(good) + 1)])
        for _ in range(rng.randrange(4)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        try:
            read(tmp_path, bytes(content))
        except ModelError:
            refused += 1
    assert refused > 100
