"""Published networks as backends, on narrow ones that a plugin brings with a user's own weights."""

import pickle
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest

import colorkit
from colorkit import Colorizer, Hint
from colorkit.errors import BackendError, WeightsError
from colorkit.specs import is_installed
from colorkit.testing import BackendTests
from colorkit.weights import catalog, safetensors

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.skipif(
    not all(map(is_installed, ("tensorflow", "ai_edge_litert", "ai_edge_quantizer"))),
    reason="pip install 'colorkit[export]'",
)

PLUGIN = """
import colorkit
from colorkit.backends.published import Published

class Narrow(Published):
    network = "narrow"

class NarrowInt8(Narrow):
    precision = "int8-weights"
    bound = (64, 64)

class NarrowHints(Published):
    network = "narrow-hints"

def narrow():
    from colorkit.networks.eccv16 import eccv16
    return eccv16(width=1 / 8)

def narrow_hints():
    from colorkit.networks.siggraph17 import siggraph17
    return siggraph17(width=1 / 8)

@colorkit.hookimpl
def register_networks(register):
    for name, make, bins in (
        ("narrow", "narrow", "gamut_bins"), ("narrow-hints", "narrow_hints", "grid_bins")
    ):
        register(colorkit.NetworkSpec(
            name,
            f"colorkit_narrow:{make}",
            size=64,
            stride=8,
            weights=name,
            bins=f"colorkit.bins:{bins}",
        ))

@colorkit.hookimpl
def register_weights(register):
    for name in ("narrow", "narrow-hints"):
        register(colorkit.WeightsSpec(
            name, "builtins:dict", network=name, format="safetensors", license="CC0-1.0"
        ))

@colorkit.hookimpl
def register_backends(register):
    for name, made in (
        ("narrow", "Narrow"), ("narrow-int8", "NarrowInt8"), ("narrow-hints", "NarrowHints")
    ):
        register(colorkit.BackendSpec(name, f"colorkit_narrow:{made}", license="CC0-1.0"))
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Give a cache for the whole module: each network is converted once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def narrow(cache, install, monkeypatch, tmp_path):
    """Install the plugin, and bring weights that give colours, not gray."""
    monkeypatch.setenv("COLORKIT_CACHE", str(cache))
    install("colorkit-narrow", PLUGIN)
    from colorkit.networks import build

    for name in ("narrow", "narrow-hints"):
        if (cache / "weights" / f"{name}.brought.json").exists():
            continue
        keras.utils.set_random_seed(5)
        network = build(name, weights=None)
        rng = np.random.default_rng(1)
        tensors = {
            weight.path: np.asarray(weight, np.float32)
            + (rng.normal(0, 1, weight.shape).astype(np.float32) if "bias" in weight.path else 0)
            for weight in network.weights
        }
        file = tmp_path / f"{name}.safetensors"
        safetensors.write(file, tensors)
        catalog.add(file, name)
    return tmp_path


@pytest.fixture
def gray():
    rng = np.random.default_rng(4)
    slope = np.add.outer(np.arange(70), np.arange(90)) * 255 / 158
    return np.clip(slope + rng.normal(0, 9, slope.shape), 0, 255).astype(np.uint8)


@pytest.mark.usefixtures("narrow")
class TestNarrow(BackendTests):
    """A network that was converted keeps the contract."""

    backend_name = "narrow"


@pytest.mark.usefixtures("narrow")
class TestNarrowInt8(BackendTests):
    """So does one in 8 bits that is bound to a size."""

    backend_name = "narrow-int8"


@pytest.mark.usefixtures("narrow")
class TestNarrowHints(BackendTests):
    """So does one that takes hints and has ab of its own."""

    backend_name = "narrow-hints"


@pytest.mark.parametrize("name", ["narrow", "narrow-hints"])
@pytest.mark.usefixtures("narrow")
def test_the_runtimes_agree(name, gray, record_property):
    """Keras and LiteRT give the same colours, in float32 to 0.05 Lab units."""
    from colorkit.backends.keras import KerasBackend
    from colorkit.networks import build

    by_keras = Colorizer(KerasBackend(build(name), size=64, stride=8), caution=0).ab(gray)
    delta = np.abs(Colorizer(name, caution=0).ab(gray) - by_keras)
    record_property("mean |delta ab|", float(delta.mean()))
    record_property("max |delta ab|", float(delta.max()))
    assert np.ptp(by_keras) > 1
    assert delta.max() < 0.05


@pytest.mark.usefixtures("narrow")
def test_8_bits_stay_near(gray):
    """The file of 8 bits, bound to 64 x 64, gives the colours of a float file of that size."""
    square = gray[:64, :64]
    delta = np.abs(Colorizer("narrow-int8").ab(square) - Colorizer("narrow").ab(square))
    assert 0 < delta.mean() < 2


def test_keras_is_needed_once(narrow, cache, gray):
    """A later process reads the converted file: neither Keras nor TensorFlow is imported."""
    colorkit.colorize(gray, "narrow")
    program = f"""
        import sys
        sys.path.insert(0, {str(narrow)!r})
        import numpy as np
        import colorkit
        colorkit.colorize(np.zeros((20, 30), np.uint8), "narrow")
        print([name for name in ("keras", "tensorflow", "torch", "pooch") if name in sys.modules])
    """
    finished = subprocess.run(
        [sys.executable, "-c", dedent(program)],
        env={"COLORKIT_CACHE": str(cache), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout == "[]\n", finished.stderr


@pytest.mark.usefixtures("narrow")
def test_hints_reach_the_network(gray):
    """A hint changes the colours that the network itself gives."""
    recipe = Colorizer("narrow-hints")
    plain = recipe.colorize(gray).astype(int)
    hinted = recipe.colorize(gray, hints=[Hint(30, 40, (60, 40), radius=12)]).astype(int)
    assert np.abs(hinted - plain).max() > 3


@pytest.mark.usefixtures("narrow")
def test_pickles_as_its_name(gray):
    """What travels is the recipe."""
    recipe = Colorizer("narrow").load()
    there = pickle.loads(pickle.dumps(recipe))
    np.testing.assert_array_equal(there.colorize(gray), recipe.colorize(gray))


def test_without_weights_says_how_to_get_them(registry, tmp_path, monkeypatch):
    """Offline, the message names the file, where it belongs, and its hash."""
    monkeypatch.setenv("COLORKIT_CACHE", str(tmp_path))
    monkeypatch.setenv("COLORKIT_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"(?s)COLORKIT_OFFLINE.*9b330a0b"):
        colorkit.colorize(np.zeros((8, 8), np.uint8), "eccv16")


@pytest.mark.usefixtures("narrow")
def test_without_keras_says_what_to_install(monkeypatch, tmp_path, gray):
    """Where nothing was converted yet and Keras is absent, the message has the command."""
    from colorkit.export import source

    from_cache = catalog.path("narrow")
    monkeypatch.setenv("COLORKIT_CACHE", str(tmp_path / "other"))
    catalog.add(from_cache, "narrow")
    monkeypatch.setattr(source, "is_installed", lambda module: module != "keras")
    message = r"'narrow' has to be converted once.*needs keras: pip install 'colorkit\[export\]'"
    with pytest.raises(BackendError, match=message):
        colorkit.colorize(gray, "narrow")
