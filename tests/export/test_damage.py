import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import colorkit
from colorkit import BackendError, export_tflite
from colorkit.backends.litert import LiteRTBackend

FUZZ = Path(__file__).with_name("fuzz.py")


@pytest.fixture(scope="module")
def originals(tmp_path_factory, sketch, scans):
    """Export a network in three ways: of any size, of two sizes, in 8 bits."""
    folder = tmp_path_factory.mktemp("originals")
    export_tflite(folder / "any.tflite", sketch, precision="int8-weights")
    export_tflite(folder / "two.tflite", sketch, size=[(32, 64), (64, 64)])
    options = {"precision": "int8", "size": (32, 64), "calibration": [scans], "output": "ab"}
    export_tflite(folder / "int8.tflite", sketch, **options)
    return folder


@pytest.mark.skipif("sys.platform == 'win32'", reason="no alarm ends a hanging test there")
@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.soak)])
def test_damaged_files_are_refused_or_run(originals, count):
    """Cut, flipped, overwritten: a `BackendError` or colours, and the process lives."""
    root = str(Path(colorkit.__file__).parents[1])
    finished = subprocess.run(
        [sys.executable, FUZZ, originals, "1", str(count)],
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, f"see {originals / 'mutant'}\n{finished.stderr}"
    outcome = json.loads(finished.stdout)
    assert sum(outcome.values()) == count
    assert outcome["refused"] > count / 4


def test_foreign_operators_are_refused(originals, tmp_path):
    """A file that would do more than arithmetic is not even loaded."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    original = (originals / "any.tflite").read_bytes()
    for code in (schema.BuiltinOperator.CUSTOM, schema.BuiltinOperator.VAR_HANDLE):
        path = tmp_path / "m.tflite"
        content = schema.ModelT.InitFromPackedBuf(original, 0)
        other = schema.OperatorCodeT()
        other.builtinCode, other.deprecatedBuiltinCode = code, min(code, 127)
        content.operatorCodes.append(other)
        path.write_bytes(packed(content))
        with pytest.raises(BackendError, match=rf"not loaded: its operator number {code} is none"):
            LiteRTBackend.from_file(path)


def test_shapes_that_do_not_agree_are_refused(originals, tmp_path):
    """LiteRT would write beyond the end of its memory."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    content = schema.ModelT.InitFromPackedBuf((originals / "any.tflite").read_bytes(), 0)
    kernel = next(it for it in content.subgraphs[0].tensors if it.name.endswith(b"_dequant"))
    kernel.shape = [*kernel.shape[:3], kernel.shape[3] - 1]
    path = tmp_path / "m.tflite"
    path.write_bytes(packed(content))
    with pytest.raises(BackendError, match="an operator that keeps shapes has"):
        LiteRTBackend.from_file(path)


def packed(content):
    import flatbuffers

    builder = flatbuffers.Builder()
    builder.Finish(content.Pack(builder), b"TFL3")
    return bytes(builder.Output())
