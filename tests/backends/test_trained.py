import hashlib
from pathlib import Path

import numpy as np
import pytest

from colorkit import Colorizer, OptionError, WeightsError
from colorkit.weights import safetensors

keras = pytest.importorskip("keras")

from colorkit.training.recipe import RECIPE, Recipe  # noqa: E402
from colorkit.training.start import untrained  # noqa: E402

GRAY = np.linspace(0, 255, 32 * 40).reshape(32, 40).astype(np.uint8)


@pytest.fixture
def run(tmp_path):
    """Leave a folder as a run of a narrow network does; give the path of its weights."""

    def leave(head) -> Path:
        recipe = Recipe(network="eccv16", width=0.05, weights=None, head=head, steps=1)
        recipe.write(tmp_path / RECIPE)
        path = tmp_path / "weights.safetensors"
        network = untrained(recipe)
        safetensors.write(path, {v.path: np.asarray(v, np.float32) for v in network.weights})
        return path

    return leave


def test_the_weights_of_a_run_are_a_backend(run):
    """Their path is the name of a backend, with the width that the run had."""
    colorizer = Colorizer(run("classification"), size=32)
    assert colorizer.colorize(GRAY).shape == (32, 40, 3)
    assert colorizer.distribution(GRAY).logits.shape[-1] == 313


def test_pictures_say_which_weights_made_them(run):
    """Runs are told apart by the hash of what they left."""
    path = run("regression")
    assert Colorizer(path).note().sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_regression_gives_colours_alone(run):
    """The baseline colours pictures, too."""
    colorizer = Colorizer(str(run("regression")), size=32)
    assert np.ptp(colorizer.ab(GRAY)) > 0


def test_weights_without_a_recipe_are_refused(run):
    """Nothing else says what network they are of."""
    path = run("classification")
    (path.parent / RECIPE).unlink()
    with pytest.raises(OptionError, match=r"cannot read the recipe '.*recipe\.json': .*No such"):
        Colorizer(path).load()


def test_weights_of_another_recipe_are_refused(run):
    """All of them fit, or none is loaded."""
    path = run("classification")
    safetensors.write(path, {"other": np.zeros(1, np.float32)})
    with pytest.raises(WeightsError, match="do not fit the network 'eccv16'"):
        Colorizer(path).load()
