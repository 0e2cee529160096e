import os

import pytest

from colorkit import Colorizer, registry
from colorkit.testing import BackendTests


@pytest.fixture(scope="class")
def named(exported):
    """Name the files in the environment, before plugins are looked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLORKIT_ONNX", f"{exported.lite}{os.pathsep}{exported.hints.parent}")
        patch.delenv("COLORKIT_PLUGINS", raising=False)
        patch.setattr(registry, "_default", registry.Registry())
        yield exported


@pytest.mark.usefixtures("named")
class TestNamed(BackendTests):
    backend_name = "hints-opencv"

    def test_files_are_backends_by_name(self):
        """Files that COLORKIT_ONNX names, alone or by their folder, are backends, each once."""
        names = [name for name in registry.backends() if name.endswith("-opencv")]

        assert sorted(names) == ["bound-opencv", "hints-opencv", "lite-opencv"]
        assert registry.backends()["lite-opencv"].summary == "lite.onnx, run by OpenCVBackend"

    def test_a_name_has_threads(self):
        """A recipe's threads are given to a backend that is named."""
        assert Colorizer("bound-opencv", threads=1).load()._loaded[1].threads == 1


def test_without_files_there_are_no_names(monkeypatch):
    """Where nothing is named, the plugin is sound and brings nothing."""
    monkeypatch.delenv("COLORKIT_ONNX", raising=False)
    monkeypatch.setattr(registry, "_default", registry.Registry())

    [row] = [r for r in registry.list_plugins() if r["distribution"] == "colorkit-opencv"]

    assert row["backends"] == []
    assert row["error"] is None
