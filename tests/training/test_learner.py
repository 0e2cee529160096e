import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colorkit.bins import gamut_bins
from colorkit.errors import OptionError
from colorkit.specs import is_installed
from colorkit.training.data import Batch
from colorkit.training.recipe import Recipe
from colorkit.training.targets import Encoder

keras = pytest.importorskip("keras")

from colorkit.training.learner import learner  # noqa: E402  # needs Keras
from colorkit.training.start import untrained  # noqa: E402

RECIPE = Recipe(network="narrow", weights=None, steps=9, crops=(32,), regress=0, clip=1e9)

STEP = """
import sys
from pathlib import Path

import numpy as np

from colorkit.bins import gamut_bins
from colorkit.networks import load_weights
from colorkit.training.data import Batch
from colorkit.training.learner import learner
from colorkit.training.recipe import Recipe
from colorkit.training.start import untrained

if sys.argv[2] == "narrow":
    import narrow_network
    narrow_network.register()
folder = Path(sys.argv[1])
recipe = Recipe.read(folder / "recipe.json")
network = untrained(recipe)
with np.load(folder / "weights.npz") as weights:
    load_weights(network, dict(weights), "random weights")
made = learner(network, gamut_bins(), recipe)
with np.load(folder / "batch.npz") as batch:
    truth = dict(batch)
    measured = made.learn(Batch([truth.pop("lightness")], truth), 1e-3)
moments = [v for v in made.optimizer.variables if "momentum" in v.path]
np.savez(
    folder / "step.npz",
    loss=measured["loss"],
    **{v.path: np.asarray(v) for v in moments},
    **{v.path: np.asarray(v) for v in network.weights if "moving" in v.path},
)
"""


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    ab = rng.normal(0, 15, (3, 8, 8, 2)).astype(np.float32)
    bins, shares = Encoder()(ab)
    weight = rng.uniform(0.5, 3, (3, 8, 8)).astype(np.float32)
    truth = {"ab": ab, "bins": bins, "shares": shares, "weight": weight}
    return Batch([rng.uniform(0, 100, (3, 32, 32, 1)).astype(np.float32)], truth)


def made(recipe):
    return learner(untrained(recipe), gamut_bins(), recipe)


def weights(model):
    return {v.path: np.asarray(v).copy() for v in model.network.weights}


def moments(model):
    """What AdamW remembers of the gradients of one step: a tenth of them."""
    return [np.asarray(v).copy() for v in model.optimizer.variables if "momentum" in v.path]


def test_frozen_layers_stay_as_they_are(narrow, batch):
    """All that a frozen layer depends on is frozen; what comes later learns."""
    model = made(replace(RECIPE, freeze="down"))
    before = weights(model)
    model.learn(batch, 0.1)
    moved = {k for k, v in weights(model).items() if not np.array_equal(v, before[k])}
    assert not {path for path in moved if path.startswith(("stem", "down"))}
    assert {"mixed/kernel", "wide_bn/gamma", "wide_bn/moving_mean", "logits/bias"} <= moved


def test_the_encoder_goes_gently(narrow, batch):
    """Up to its last layer normalisations stay, and steps are smaller."""
    model = made(replace(RECIPE, encoder="stem_relu", encoder_rate=0.25, weight_decay=0))
    before = weights(model)
    model.learn(batch, 0.1)
    after = weights(model)
    moved = {path: np.abs(after[path] - before[path]).max() for path in before}
    assert not any(moved[path] for path in before if path.startswith("stem_bn"))
    # The first step of AdamW is the learning rate, whatever the gradient.
    assert moved["stem/kernel"] == pytest.approx(0.025, rel=1e-3)
    assert moved["mixed/kernel"] == pytest.approx(0.1, rel=1e-3)


def test_an_unknown_layer_is_refused(narrow):
    """The message names the network and the layer."""
    with pytest.raises(OptionError, match="network 'narrow' has no layer 'block9'"):
        made(replace(RECIPE, freeze="block9"))


def test_a_weight_multiplies_the_gradient(narrow, batch):
    """Twice the weight is twice the gradient; without weight, as in gray crops, there is none."""
    found = {}
    start = untrained(RECIPE)
    for factor in (0, 1, 2):
        keras.utils.clear_session(free_memory=False)
        model = learner(start, gamut_bins(), RECIPE)
        truth = batch.truth | {"weight": factor * np.ones((3, 8, 8), np.float32)}
        model.learn(Batch(batch.inputs, truth), 1e-3)
        found[factor] = moments(model)
    assert not any(gradient.any() for gradient in found[0])
    for one, two in zip(found[1], found[2], strict=True):
        np.testing.assert_allclose(two, 2 * one, atol=1e-4 * np.abs(two).max())


@pytest.fixture
def step(tmp_path, batch):
    """Take one step in a process with some backend of Keras, always from the same weights."""
    rng = np.random.default_rng(1)

    def prepare(recipe):
        recipe.write(tmp_path / "recipe.json")
        network = untrained(recipe)
        numbers = {v.path: rng.uniform(0.1, 0.6, v.shape) for v in network.weights}
        np.savez(tmp_path / "weights.npz", **{k: np.float32(v) for k, v in numbers.items()})
        np.savez(tmp_path / "batch.npz", lightness=batch.inputs[0], **batch.truth)

    def step(recipe, backend):
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        subprocess.run(
            [sys.executable, "-c", STEP, tmp_path, recipe.network],
            env=os.environ
            | {"KERAS_BACKEND": backend, "PYTHONPATH": path, "OMP_WAIT_POLICY": "PASSIVE"},
            check=True,
        )
        with np.load(tmp_path / "step.npz") as found:
            return dict(found)

    step.prepare = prepare
    return step


def test_backends_agree_on_a_step(narrow, step):
    """The loss, every gradient and the statistics of a step are the same wherever Keras runs."""
    backends = [name for name in ("tensorflow", "torch", "jax") if is_installed(name)]
    if len(backends) < 2:
        pytest.skip("one backend of Keras is installed")
    recipe = replace(RECIPE, regress=0.3)
    step.prepare(recipe)
    first, *others = [step(recipe, backend) for backend in backends]
    assert len(first) > 15
    for other in others:
        assert other.keys() == first.keys()
        for name, values in first.items():
            scale = max(np.abs(values).max(), 1e-6)
            np.testing.assert_allclose(other[name], values, atol=2e-4 * scale, err_msg=name)
