import subprocess
import sys

import pytest
from colorkit_zoo import MEMBERS

from colorkit import registry
from colorkit.registry import Registry


@pytest.fixture
def installed(monkeypatch):
    """Look for plugins anew, whatever the environment says."""
    monkeypatch.delenv("COLORKIT_PLUGINS", raising=False)
    monkeypatch.setattr(registry, "_default", Registry())


@pytest.mark.usefixtures("installed")
def test_it_brings_networks():
    """Installed, it is found, and brings each network under its name."""
    [row] = [r for r in registry.list_plugins() if r["distribution"] == "colorkit-zoo"]

    assert row["error"] is None
    assert row["networks"] == [it.name for it in MEMBERS]


def test_it_costs_nothing_until_it_is_used():
    """Its specs are read without Keras, TensorFlow or LiteRT."""
    code = (
        "import sys, colorkit_zoo\n"
        "heavy = {'keras', 'tensorflow', 'ai_edge_litert'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
