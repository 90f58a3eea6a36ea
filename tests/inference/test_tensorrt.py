"""Engines are kept by everything they depend on, and building one is told. No GPU is needed."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from posestream.inference import tensorrt
from posestream.inference.tensorrt import (
    EngineOrigin,
    announced_building,
    engine_folder,
    engine_origin,
    provider_options,
)

HERE = EngineOrigin("NVIDIA T4", "580.1", "10.1")


def folder(card, root=Path("cache"), origin=HERE, *, precision="f16", workspace_mb=3000):
    return engine_folder(root, card, origin, precision=precision, workspace_mb=workspace_mb)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": EngineOrigin("NVIDIA H100", "580.1", "10.1")},
        {"origin": EngineOrigin("NVIDIA T4", "581.0", "10.1")},
        {"origin": EngineOrigin("NVIDIA T4", "580.1", "10.2")},
        {"precision": "f32"},
        {"workspace_mb": 1000},
    ],
)
def test_an_engine_is_built_anew_on_anything_else(tiny_model, change):
    assert folder(tiny_model(), **change) != folder(tiny_model())


def test_an_engine_is_built_anew_for_another_network_or_size(tiny_model):
    card = tiny_model()
    other_size = replace(card, input=replace(card.input, long_side=64))
    folders = {folder(card), folder(replace(card, sha256="0" * 64)), folder(other_size)}
    assert len(folders) == 3


def test_the_options_are_what_was_asked_for():
    options = provider_options(Path("engines/x"), gpu=1, precision="f16", workspace_mb=3000)
    assert options["device_id"] == "1"
    assert options["trt_fp16_enable"] == "True"
    assert options["trt_int8_enable"] == "False"
    assert options["trt_max_workspace_size"] == str(3000 * 1024 * 1024)
    assert options["trt_engine_cache_path"] == str(Path("engines/x"))


def test_building_is_told_from_start_to_end(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(tensorrt, "_TOLD_EVERY_S", 0.01)
    with caplog.at_level(logging.WARNING), announced_building("net", tmp_path / "engines"):
        while "still building 'net'" not in caplog.text:
            pass
    assert caplog.messages[0].startswith("building a TensorRT engine for 'net'")
    assert caplog.messages[-1].startswith("built 'net' in ")


def test_an_engine_that_is_there_is_not_told(tmp_path, caplog):
    (tmp_path / "net.engine").touch()
    with announced_building("net", tmp_path):
        pass
    assert not caplog.messages


def test_a_machine_without_a_driver_has_an_origin_all_the_same(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert engine_origin(0).gpu == "unknown"
