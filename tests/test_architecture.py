"""Holds the shape that docs/architecture.md describes."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import posestream

PACKAGE = Path(posestream.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

LEVELS = (
    {
        *("errors", "topology", "geometry", "images", "types", "findings", "compilation"),
        *("containers", "credentials", "events", "assignment", "shapes", "zones"),
        *("kernels", "transfers", "blob_cache"),
    },
    {
        "runtime",
        "analytics",
        "sources",
        "batching",
        "inference",
        "decoding",
        "tracking",
        "overlay",
        "sinks",
        "models",
        "demo",
    },
    {"estimation", "secondary", "serving", "analysis", "gpu"},
    {
        "config",
        "config_analysis",
        "config_devices",
        "config_events",
        "config_input",
        "config_outputs",
        "config_secondary",
        "config_serving",
        "config_streams",
        "config_zones",
        "nvinfer",
        "nvinfer_keys",
        "families",
        "assembly",
        "assembly_analysis",
        "assembly_devices",
        "assembly_events",
        "assembly_gpu",
        "assembly_secondary",
        "assembly_streams",
        "assembly_zones",
        "outputs",
        "streaming",
        "watching",
        "mosaicking",
        "picking",
        "recording",
        "outputs_planned",
        "pipeline",
        "sharding",
        "density",
        "gpu_bench",
        "evaluation",
        "conversion",
        "quantization",
        "api",
    },
    {"cli"},
)
MAY_IMPORT_SIDEWAYS = {
    ("inference", "models"),  # a backend is loaded from a model card
}


def unit(module: str) -> str:
    """``posestream.sinks.video`` -> ``sinks``; the package itself -> ``""``."""
    return module.split(".")[1] if "." in module else ""


def level(name: str) -> int:
    return next(i for i, names in enumerate(LEVELS) if name in names)


def module_name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "posestream"}


def test_every_part_has_a_level():
    parts = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")}
    assert parts - {"py"} == set().union(*LEVELS)


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_one_way_and_never_from_stage_to_stage(file: Path):
    own = unit(module_name(file))
    if own in {"", "__main__"}:
        return
    for name in imported(file):
        other = unit(name)
        if other in {"", "__version__", own} or (own, other) in MAY_IMPORT_SIDEWAYS:
            continue
        same_level_is_fine = level(own) in {0, 3}
        limit = level(own) + same_level_is_fine
        assert level(other) < limit, f"{module_name(file)} imports {name}"


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_holds_one_idea(file: Path):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_names_say_what_things_are(file: Path):
    assert not re.search(r"(^|_)(utils?|core|common|helpers?|managers?)($|_)", file.stem)


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, posestream; "
        "heavy = {'numba', 'openvino', 'onnxruntime', 'onnx', 'torch', 'cv2', 'av', 'pydantic', "
        "'rich', 'typer', 'starlette', 'uvicorn', 'prometheus_client'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_exported_names_exist():
    assert len(set(posestream.__all__)) == len(posestream.__all__)
    for name in posestream.__all__:
        assert getattr(posestream, name) is not None
    assert set(posestream.__all__) <= set(dir(posestream))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        posestream.nothing  # noqa: B018
