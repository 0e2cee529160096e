import hashlib
import sys
from itertools import pairwise

import numpy as np
import pytest

from colorkit import BackendError, ColorkitWarning, WeightsError
from colorkit.bins import gamut_bins
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
    with pytest.raises(WeightsError, match=r"('\S+' is missing; ){5}and 350 more$"):
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


NARROW = """
    from colorkit import NetworkSpec, WeightsSpec, hookimpl

    def make():
        from colorkit.networks.eccv16 import eccv16
        return eccv16(width=1 / 16)

    @hookimpl
    def register_networks(register):
        register(NetworkSpec("narrow", make, size=64, stride=8, weights="narrow"))

    @hookimpl
    def register_weights(register):
        register(
            WeightsSpec(
                "narrow",
                "colorkit.weights.published:eccv16_from_torch",
                network="narrow",
                format="pytorch",
                urls=("URL",),
                bytes=BYTES,
                sha256="SHA256",
            )
        )
"""


def checkpoint():
    """A state_dict in the published layout, of 1/16 of the published width."""
    torch = pytest.importorskip("torch")
    trunk = [(1, 64, 64), (64, 128, 128), (128, *[256] * 3), (256, *[512] * 3), *[[512] * 4] * 3]
    shapes = {}
    for block, widths in enumerate(trunk, 1):
        for i, (before, after) in enumerate(pairwise(widths)):
            shapes[f"model{block}.{2 * i}.weight"] = (after // 16, max(before // 16, 1), 3, 3)
            shapes[f"model{block}.{2 * i}.bias"] = (after // 16,)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"model{block}.{2 * len(widths) - 2}.{part}"] = (widths[-1] // 16,)
    kernels = {0: (32, 16, 4, 4), 2: (16, 16, 3, 3), 4: (16, 16, 3, 3), 6: (313, 16, 1, 1)}
    shapes |= {f"model8.{i}.weight": shape for i, shape in kernels.items()}
    shapes |= {f"model8.{i}.bias": (shape[0] if i else 16,) for i, shape in kernels.items()}
    torch.manual_seed(0)
    state = {name: torch.rand(shape) for name, shape in shapes.items()}
    return state | {"model_out.weight": torch.from_numpy(gamut_bins().T[..., None, None] / 110)}


def test_published_weights_are_fetched(install, server, tmp_path, monkeypatch):
    """A network whose weights are published gets them from their address, once, in our layout."""
    pytest.importorskip("pooch")
    state = checkpoint()
    torch = pytest.importorskip("torch")
    torch.save(state, tmp_path / "narrow.pth")
    content = (tmp_path / "narrow.pth").read_bytes()
    server.serve("/narrow.pth", content)
    facts = {"URL": server.url("/narrow.pth"), "BYTES": str(len(content))}
    source = NARROW.replace("SHA256", hashlib.sha256(content).hexdigest())
    for name, fact in facts.items():
        source = source.replace(name, fact)
    install("colorkit-narrow", source)
    monkeypatch.setenv("COLORKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COLORKIT_OFFLINE", raising=False)

    with pytest.warns(ColorkitWarning, match="fetching weights 'narrow'"):
        network = build("narrow")

    kernel = state["model4.2.weight"].numpy().transpose(2, 3, 1, 0)
    assert any(np.array_equal(kernel, found) for found in network.get_weights())
    for other in (build("narrow"), build("narrow", weights="narrow")):
        for ours, theirs in zip(network.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert server.asked == ["/narrow.pth"]


def test_weights_of_an_unknown_name_are_answered_with_the_known(registry):
    """What is no path of a .safetensors file is a name of published weights."""
    with pytest.raises(UnknownNameError, match=r"no weights file is named 'eccv61'.*'eccv16'"):
        build("lite", weights="eccv61")
