"""Compiled networks are kept on disk, chosen by size, and OpenVINO is imported quietly."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from posestream.blob_cache import BlobCache
from posestream.errors import MissingDependencyError
from posestream.inference import openvino as module
from posestream.inference.openvino import OpenVinoBackend
from posestream.inference.openvino_library import import_openvino


def refuse(*_):
    raise AssertionError("compiled anew")


def test_the_second_start_does_not_compile(tiny_model, pictures, tmp_path, monkeypatch):
    card, cache = tiny_model(), BlobCache(tmp_path / "blobs")
    first = OpenVinoBackend(card, cache=cache).infer(pictures())
    monkeypatch.setattr(module, "read_network", refuse)
    second = OpenVinoBackend(card, cache=cache).infer(pictures())
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])


@pytest.mark.parametrize("change", [{"threads": 1}, {"stride": 4, "colour": "BGR"}])
def test_other_settings_or_another_card_are_compiled_anew(
    tiny_model, pictures, tmp_path, monkeypatch, change
):
    cache = BlobCache(tmp_path / "blobs")
    OpenVinoBackend(tiny_model(), threads=2, cache=cache).infer(pictures())
    monkeypatch.setattr(module, "read_network", refuse)
    threads = change.pop("threads", 2)
    with pytest.raises(AssertionError, match="compiled anew"):
        OpenVinoBackend(tiny_model(**change), threads=threads, cache=cache).infer(pictures())


@pytest.mark.parametrize("name", ["get_version", "cpu"])
def test_another_version_or_cpu_is_compiled_anew(tiny_model, pictures, tmp_path, monkeypatch, name):
    card, cache = tiny_model(), BlobCache(tmp_path / "blobs")
    OpenVinoBackend(card, cache=cache).infer(pictures())
    monkeypatch.setattr(module, "read_network", refuse)
    if name == "cpu":
        monkeypatch.setattr(module, "_cpu", lambda core: ["another"])
    else:
        monkeypatch.setattr(import_openvino(), "get_version", lambda: "1.0-another")
    with pytest.raises(AssertionError, match="compiled anew"):
        OpenVinoBackend(card, cache=cache).infer(pictures())


def test_a_damaged_or_foreign_blob_costs_a_compilation(tiny_model, pictures, tmp_path):
    card, folder = tiny_model(), tmp_path / "blobs"
    expected = OpenVinoBackend(card, precision="f32", cache=BlobCache(folder)).infer(pictures())
    (file,) = folder.iterdir()
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)
    again = OpenVinoBackend(card, precision="f32", cache=BlobCache(folder)).infer(pictures())
    np.testing.assert_array_equal(again["confidence_maps"], expected["confidence_maps"])
    BlobCache(folder).store(file.stem, b"whole, but not OpenVINO's")
    again = OpenVinoBackend(card, precision="f32", cache=BlobCache(folder)).infer(pictures())
    np.testing.assert_array_equal(again["confidence_maps"], expected["confidence_maps"])


def test_a_cache_that_cannot_be_written_costs_nothing_else(tiny_model, answer, pictures, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    card, pixels = tiny_model(), pictures()
    maps = OpenVinoBackend(card, cache=BlobCache(in_the_way / "blobs")).infer(pixels)
    expected = answer(card, pixels)["confidence_maps"]
    np.testing.assert_allclose(maps["confidence_maps"], expected, rtol=1e-5)


def test_only_the_first_sizes_are_compiled_for_themselves(tiny_model, pictures, tmp_path):
    folder = tmp_path / "blobs"
    backend = OpenVinoBackend(tiny_model(), precision="f32", cache=BlobCache(folder))
    kept = []
    for width in (8, 12, 16, 20, 24):
        backend.infer(pictures(1, 4, width))
        kept.append(len(list(folder.iterdir())))
    assert kept == [1, 2, 3, 3, 3]


def test_openvino_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingDependencyError, match="pip install openvino"):
        import_openvino()


def test_importing_openvino_reports_nothing_to_anybody(tmp_path: Path):
    code = (
        "import sys; from posestream.inference.openvino_library import import_openvino;"
        "import_openvino(); print([name for name in sys.modules if 'telemetry' in name]);"
        "assert 'openvino.tools.ovc' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def test_the_first_pictures_of_a_process_may_come_on_two_threads_at_once():
    code = (
        "import threading, numpy as np\n"
        "from posestream.inference.loading import load_backend\n"
        "from posestream.models.registry import find_model\n"
        "backend = load_backend(find_model('movenet-multipose'), streams=2, threads=2)\n"
        "pixels = np.zeros((1, 64, 64, 3), np.uint8)\n"
        "threads = [threading.Thread(target=backend.infer, args=(pixels,)) for _ in range(4)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_signal_after_several_networks_are_gone_is_handled():
    code = (
        "import faulthandler, gc, os, signal\n"
        "faulthandler.enable()\n"
        "import numpy as np\n"
        "from posestream.inference.loading import load_backend\n"
        "from posestream.models.registry import find_model\n"
        "backends = [load_backend(find_model('movenet-multipose')) for _ in range(2)]\n"
        "for backend in backends:\n"
        "    backend.infer(np.zeros((1, 64, 64, 3), np.uint8))\n"
        "del backends[0], backend\n"
        "gc.collect()\n"
        "backends.clear()\n"
        "gc.collect()\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('handled'))\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "handled\n")
