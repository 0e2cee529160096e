import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from colorkit.specs import is_installed

keras = pytest.importorskip("keras")

from colorkit.networks import build  # noqa: E402
from colorkit.networks.lite import lite  # noqa: E402

PILOT = Path(__file__).with_name("lite_pilot.npz")
OTHER = {"tensorflow": "torch"}.get(keras.backend.backend(), "tensorflow")
PREDICT = """
import sys
import numpy as np
from colorkit.backends.keras import LiteKeras
lightness = np.load(sys.argv[1])["lightness"]
np.save(sys.argv[2], LiteKeras().predict(lightness).distribution.logits)
"""


@pytest.fixture(scope="module")
def network():
    return build("lite")


@pytest.fixture(scope="module")
def pilot():
    """Give lightness, and every fourth of the logits of the PyTorch network that was trained."""
    with np.load(PILOT) as arrays:
        return dict(arrays)


def run(network, lightness):
    return keras.ops.convert_to_numpy(network(lightness, training=False))


def test_network_is_the_one_that_was_trained(network, pilot):
    """Its logits are those of the trained network, apart from the float16 of the weights."""
    difference = np.abs(run(network, pilot["lightness"])[:, ::4, ::4] - pilot["logits"])
    assert difference.mean() < 0.02  # logits have a range of 67
    assert difference.max() < 0.25


@pytest.mark.skipif(not is_installed(OTHER), reason=f"{OTHER} is not installed")
def test_network_is_the_same_on_every_keras_backend(network, pilot, tmp_path):
    """TensorFlow and PyTorch build the same network from the same file."""
    subprocess.run(
        [sys.executable, "-c", PREDICT, PILOT, tmp_path / "logits.npy"],
        env=os.environ | {"KERAS_BACKEND": OTHER, "OMP_WAIT_POLICY": "PASSIVE"},
        check=True,
    )
    here = run(network, pilot["lightness"])
    np.testing.assert_allclose(np.load(tmp_path / "logits.npy"), here, atol=1e-3)


def test_network_has_the_size_of_its_table():
    """It is as large as its docstring says, and the encoder's share is EfficientNet-Lite0's."""
    network = lite()
    trainable = sum(np.prod(weight.shape) for weight in network.trainable_weights)
    encoder = sum(
        np.prod(weight.shape)
        for weight in network.trainable_weights
        if weight.path.startswith(("stem", "block"))
    )
    assert network.count_params() == 3_450_313
    assert trainable == 3_404_073
    assert encoder == 2_958_272


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 160), (224, 32)])
def test_logits_are_a_quarter_of_the_input(network, height, width):
    """Any multiples of 32 give logits on the 313 bins at a quarter of the side."""
    logits = run(network, np.full((1, height, width, 1), 50, np.float32))
    assert logits.shape == (1, height // 4, width // 4, 313)


def test_every_weight_has_a_name_of_its_own():
    """Two networks in one process name their weights alike, so that both load the same file."""
    first, second = ([weight.path for weight in lite().weights] for _ in range(2))
    assert first == second
    assert len(set(first)) == len(first) == 355


def test_scene_colour_sees_features_of_any_size():
    """What is learned of the whole picture is normalised: an encoder ends without a bound."""
    network = lite()
    end = network.get_layer("block15_project_bn")
    end.gamma.assign(100 * np.ones(320, np.float32))
    seen = keras.Model(network.input, network.get_layer("context_bn").output)
    noise = np.random.default_rng(0).uniform(0, 100, (8, 64, 64, 1)).astype(np.float32)
    answer = keras.ops.convert_to_numpy(seen(noise, training=True))
    assert answer.shape == (8, 1, 1, 320)
    np.testing.assert_allclose(answer.std(axis=0), 1, atol=0.05)
