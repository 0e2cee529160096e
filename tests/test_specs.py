import numpy as np
import pytest

from colorkit import BackendSpec, CommandSpec, NetworkSpec, PluginError, WeightsSpec
from colorkit.specs import is_installed


@pytest.mark.parametrize("name", ["lite", "lite-keras", "eccv16", "A.b_c-9", "16bit"])
def test_names_are_plain_words(name):
    """Letters, digits, dots, dashes and underscores make a name."""
    assert BackendSpec(name, "module:attribute").names == (name,)


@pytest.mark.parametrize(
    "name",
    ["", "-x", "a b", "a:b", "a/b", "é", "x.safetensors", "X.TFLite", "line\n", None, 7, print],
)
@pytest.mark.parametrize("spec", [BackendSpec, CommandSpec])
def test_other_names_are_refused(spec, name):
    """What could be a path, or a distribution and a name, is no name; the message shows it."""
    with pytest.raises(PluginError, match="a name is made of letters") as caught:
        spec(name, "module:attribute")

    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("load", ["module", "a b:c", ":c", "module:", None, 7])
def test_load_names_a_module_and_an_attribute(load):
    """A `load` that could never be imported is refused when the spec is made."""
    with pytest.raises(PluginError, match="load of command 'x' must be a callable or 'module:at"):
        CommandSpec("x", load)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"requires": "keras"}, "requires of backend 'x' must be a tuple of module names; .*'ker"),
        ({"requires": ("keras>=3",)}, "requires of backend 'x' must be a tuple of module names"),
        ({"aliases": "keras"}, "aliases of backend 'x' must be a tuple of names; received 'keras'"),
        ({"aliases": ("a:b",)}, "received 'a:b'"),
    ],
)
def test_wrong_values_are_refused_where_they_are_given(options, message):
    """A spec says which of its fields is wrong, and shows the value."""
    with pytest.raises(PluginError, match=message):
        BackendSpec("x", "module:attribute", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size of network 'x' must be a positive whole number of pixels; received 0"),
        ({"stride": 8.0}, "stride of network 'x' must be a positive whole .* received 8.0"),
        ({"weights": "x.safetensors"}, "weights of network 'x' must be None, 'package:path/in/"),
        ({"weights": "a b"}, "weights of network 'x' must be .* or the name of a WeightsSpec"),
        ({"weights": 7}, "weights of network 'x' must be None, .* received 7"),
        ({"bins": 313}, "bins of network 'x' must be a callable or 'module:attribute'; .* 313"),
    ],
)
def test_a_network_states_sizes_and_weights_that_can_be(options, message):
    """A network's size and stride count pixels; its weights are in a package, or have a name."""
    with pytest.raises(PluginError, match=message):
        NetworkSpec("x", "module:attribute", **{"size": 256, "stride": 32} | options)


@pytest.mark.parametrize("weights", ["package:a/b.safetensors", "bread", "colorkit-bread:bread"])
def test_a_network_leads_to_its_weights(weights):
    """A file in a package, and a name in the catalog of weights, perhaps with its distribution."""
    assert NetworkSpec("x", "m:a", size=8, stride=8, weights=weights).weights == weights


def test_a_network_says_what_its_classes_stand_for():
    """Where it does not, they are the 313 bins; else what it names, imported on demand."""
    plain = NetworkSpec("x", "m:a", size=8, stride=8)
    named = NetworkSpec("x", "m:a", size=8, stride=8, bins="colorkit.bins:grid_bins")
    own = NetworkSpec("x", "m:a", size=8, stride=8, bins=lambda: np.float32([[5, -5]]))

    assert plain.load_bins().shape == (313, 2)
    assert named.load_bins().shape == (529, 2)
    assert own.load_bins().tolist() == [[5, -5]]


def test_a_network_may_bring_its_own_learner():
    """A class, or where it is; others have colorkit's."""
    named = NetworkSpec("x", "m:a", size=8, stride=8, learner="colorkit.specs:Spec")
    own = NetworkSpec("x", "m:a", size=8, stride=8, learner=dict)

    assert named.load_learner().__name__ == "Spec"
    assert own.load_learner() is dict
    with pytest.raises(PluginError, match="learner of network 'x' must be a callable or 'module:"):
        NetworkSpec("x", "m:a", size=8, stride=8, learner="Learner")


PUBLISHED = {"network": "x", "format": "caffe", "urls": ("https://a.example/x",)}
PUBLISHED |= {"bytes": 7, "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "a b"}, "a name is made of letters"),
        ({"format": "onnx"}, "format of weights file 'x' must be one of pytorch, caffe, safete"),
        ({"urls": ["https://a.example/x"]}, "urls of weights file 'x' must be a tuple of https://"),
        ({"urls": ("http://a.example/x",)}, "urls of weights file 'x' .*'http://a.example/x'"),
        ({"urls": (7,)}, "urls of weights file 'x' must be a tuple of https:// addresses"),
        ({"sha256": "0" * 63}, "sha256 of weights file 'x' must be 64 hexadecimal digits"),
        ({"sha256": "F" * 64}, "sha256 of weights file 'x' must be 64 .*, in small letters"),
        ({"sha256": None}, "sha256 of weights file 'x' must be given where the size or URLs are"),
        ({"bytes": None}, "bytes of weights file 'x' must be the exact size where the SHA-256"),
        ({"bytes": 0}, "bytes of weights file 'x' must be the exact size .*; received 0"),
        ({"bytes": 7.0}, "bytes of weights file 'x' must be the exact size .*; received 7.0"),
    ],
)
def test_a_file_of_weights_is_known_for_sure(options, message):
    """Weights that are fetched have a size, a hash and addresses that nobody can tamper with."""
    assert WeightsSpec("x", dict, **PUBLISHED).missing == ()
    with pytest.raises(PluginError, match=message):
        WeightsSpec("x", dict, **PUBLISHED | options)


def test_missing_modules_are_told_without_importing(tmp_path, monkeypatch):
    """`missing` looks for modules; it imports none of them."""
    (tmp_path / "bursting_module.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    spec = BackendSpec("x", "m:a", requires=("bursting_module", "no_such_module", "no_such.part"))

    assert spec.missing == ("no_such_module", "no_such.part")


def test_the_remedy_is_a_command():
    """`remedy` can be pasted into a shell; by default it installs the modules by their names."""
    assert BackendSpec("x", "m:a", requires=("one", "two")).remedy == "pip install one two"
    assert (
        BackendSpec("x", "m:a", requires=("keras",), install="colorkit[keras]").remedy
        == "pip install 'colorkit[keras]'"
    )


def test_a_module_without_a_spec_counts_as_absent(monkeypatch):
    """A stub that a test or a sandbox put in a module's place is not taken for the module."""
    stub = type(pytest)("stubbed")
    stub.__spec__ = None
    monkeypatch.setitem(__import__("sys").modules, "stubbed", stub)

    assert not is_installed("stubbed")
