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
def test_it_brings_networks_and_backends_of_the_same_names():
    """What can be trained can be used, by one name."""
    [row] = [r for r in registry.list_plugins() if r["distribution"] == "colorkit-zoo"]

    assert row["error"] is None
    assert row["backends"] == row["networks"] == [it.name for it in MEMBERS]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("reg_full_model", "reg_full"),
        ("reg_full_vgg_model", "reg_full_vgg"),
        ("reg_part_model", "reg_part"),
        ("class_weights_model", "class_weights"),
        ("class_with_weights", "class_weights"),
        ("class_wo_weights_model", "class_wo_weights"),
    ],
)
def test_it_answers_to_the_names_of_the_original_program(alias, name):
    """Each method of the original command line is a backend."""
    assert registry.get_backend(alias)[0] == name


def test_it_costs_nothing_until_it_is_used():
    """Its specs are read without Keras, TensorFlow or LiteRT."""
    code = (
        "import sys, colorkit_zoo\n"
        "heavy = {'keras', 'tensorflow', 'ai_edge_litert'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
