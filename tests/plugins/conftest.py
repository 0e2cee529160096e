import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

import colorkit


class Absent(pytest.Module):
    """Tests of a plugin that is not installed."""

    def collect(self) -> Iterator[pytest.Item]:
        plugin = f"plugins/colorkit-{self.path.parent.name}"
        pytest.skip(f"not installed: pip install -e {plugin}", allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Skip the tests of plugins that are not installed; CI has them all."""
    name = module_path.parent.name
    if name == "plugins" or find_spec(f"colorkit_{name}") or os.environ.get("CI") == "true":
        return None
    return Absent.from_parent(parent, path=module_path)


class Exported(NamedTuple):
    """Files of the embedded network, of one that is bound to a size, and of one with hints."""

    lite: Path
    bound: Path
    hints: Path
    tflite: Path


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Export networks, once for all plugins that read ONNX; one for LiteRT, to compare with."""
    if os.environ.get("CI") != "true":
        for module in ("tensorflow", "tf2onnx", "onnx", "onnxruntime"):
            pytest.importorskip(module, reason="pip install 'colorkit[onnx]'")
    import keras

    from colorkit.networks.eccv16 import eccv16
    from colorkit.networks.siggraph17 import siggraph17

    keras.utils.set_random_seed(3)
    folder = tmp_path_factory.mktemp("exported")
    names = ("lite.onnx", "bound.onnx", "hints.onnx", "lite.tflite")
    files = Exported(*(folder / name for name in names))
    colorkit.export_onnx(files.lite, "lite")
    colorkit.export_onnx(files.bound, eccv16(width=1 / 16), output="ab", size=(48, 64))
    colorkit.export_onnx(files.hints, siggraph17(width=1 / 16))
    colorkit.export_tflite(files.tflite, "lite", precision="float32")
    return files
