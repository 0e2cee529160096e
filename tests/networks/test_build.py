import sys

import numpy as np
import pytest

from colorkit import BackendError, WeightsError
from colorkit.errors import UnknownNameError
from colorkit.networks import build, load_weights
from colorkit.weights import safetensors

keras = pytest.importorskip("keras")

BARE = """
    from colorkit import NetworkSpec, hookimpl

    def make():
        import keras
        lightness = keras.Input((None, None, 1))
        layer = keras.layers.Conv2D(313, 1, name="logits")
        return keras.Model(lightness, layer(lightness), name="bare")

    @hookimpl
    def register_networks(register):
        register(NetworkSpec("bare", make, size=64, stride=8))
"""


@pytest.fixture(scope="module")
def network():
    return build("lite", weights=None)


@pytest.fixture(scope="module")
def tensors(network):
    return values(network)


def values(network):
    names = (weight.path for weight in network.weights)
    return dict(zip(names, network.get_weights(), strict=True))


def test_default_weights_are_the_packaged_ones():
    """Without a word about weights the network knows what it was trained for."""
    kernel = values(build("lite"))["logits/kernel"]
    assert np.array_equal(kernel, values(build("lite"))["logits/kernel"])
    assert np.array_equal(kernel, kernel.astype(np.float16))


def test_none_means_random(network):
    """weights=None gives other numbers each time."""
    first, second = values(network), values(build("lite", weights=None))
    assert not np.array_equal(first["logits/kernel"], second["logits/kernel"])


def test_weights_come_from_a_file(network, tensors, tmp_path):
    """A path loads every weight of that file."""
    path = tmp_path / "mine.safetensors"
    safetensors.write(path, tensors)
    for found in (values(build("lite", weights=path)), values(build("lite", weights=str(path)))):
        assert all(np.array_equal(found[name], tensors[name]) for name in tensors)


def renamed(tensors):
    tensors["stem/weight"] = tensors.pop("stem/kernel")


def dropped(tensors):
    del tensors["stem/kernel"]


def added(tensors):
    tensors["head/kernel"] = np.zeros(1, np.float32)


def transposed(tensors):
    tensors["logits/kernel"] = tensors["logits/kernel"].swapaxes(2, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (renamed, "'stem/kernel' is missing; 'stem/weight' is unknown$"),
        (dropped, "'stem/kernel' is missing$"),
        (added, "'head/kernel' is unknown$"),
        (transposed, r"'logits/kernel' has shape \(1, 1, 313, 112\), not \(1, 1, 112, 313\)$"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(network, tensors, change, message):
    """Every name and shape has to fit; else the model keeps all the weights that it had."""
    before = values(network)
    wrong = {name: np.zeros_like(value) for name, value in tensors.items()}
    change(wrong)
    with pytest.raises(WeightsError, match=f"weights in 'my.file' do not fit.*'lite': {message}"):
        load_weights(network, wrong, "my.file")
    after = values(network)
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_message_counts_what_it_does_not_name(network):
    """Weights of another network give a short message all the same."""
    with pytest.raises(WeightsError, match=r"('\S+' is missing; ){5}and 346 more$"):
        load_weights(network, {}, "other.safetensors")


def test_network_without_weights_says_so(install):
    """A plugin's network that comes without weights asks for a decision."""
    install("colorkit-bare", BARE)
    with pytest.raises(WeightsError, match=r"'bare' comes without weights.*None for random ones"):
        build("bare")
    assert build("bare", weights=None).name == "bare"


def test_unknown_network_is_answered_with_the_known(registry):
    """A mistyped name brings the right one."""
    with pytest.raises(UnknownNameError, match=r"no network is named 'lit'.*'lite'"):
        build("lit")


def test_absent_keras_is_answered_with_the_command_that_installs_it(registry, monkeypatch):
    """Without Keras, the message says how to get it."""
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(BackendError, match=r"needs keras: pip install 'colorkit\[keras\]'"):
        build("lite")
