import numpy as np
import pytest
from colorkit_zoo.bins import square_bins
from PIL import Image

from colorkit import Colorizer, export_tflite
from colorkit.backends.litert import LiteRTBackend
from colorkit.photos import photos

keras = pytest.importorskip("keras")

from colorkit.training.loop import Run  # noqa: E402
from colorkit.training.recipe import Recipe  # noqa: E402
from colorkit.training.start import trained  # noqa: E402


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Make photographs of a kind: warm slopes."""
    folder = tmp_path_factory.mktemp("pictures")
    rows, columns = np.mgrid[:64, :80]
    for i in range(4):
        plane = (rows * (i + 1) + columns * 2) % 256
        picture = np.stack([plane, 0.7 * plane + 20, 0.4 * plane + 60], -1)
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / f"{i}.png")
    return photos([folder])


@pytest.mark.usefixtures("quick")
@pytest.mark.filterwarnings("ignore:these photographs have unusual colours")
@pytest.mark.filterwarnings("ignore:the network has settled for gray")
@pytest.mark.parametrize(("name", "channels"), [("reg_part", 2), ("class_weights", 400)])
def test_a_tiled_network_is_trained_exported_and_run(name, channels, found, tmp_path):
    """From photographs to a file of any size that gives Keras' colours, as any network.

    No step knows of tiles, nor which colours classes stand for.
    """
    recipe = Recipe(network=name, width=1 / 32, weights=None, steps=2, batch=2, crops=(32, 64))
    run = Run(tmp_path, found, recipe)
    weights = run.train(watched=found[:1])
    network = trained(recipe, weights)

    export_tflite(tmp_path / "it.tflite", network)
    backend = LiteRTBackend.from_file(tmp_path / "it.tflite")
    lightness = np.random.default_rng(1).uniform(0, 100, (2, 64, 96, 1)).astype(np.float32)
    answer = backend.predict(lightness)

    assert (backend.size, backend.stride) == (160, 32)
    given = answer.ab if channels == 2 else answer.distribution.logits
    wanted = keras.ops.convert_to_numpy(network(lightness, training=False))
    assert given.shape[-1] == channels
    np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-3)
    if channels == 400:
        np.testing.assert_array_equal(answer.distribution.bins, square_bins())
        Colorizer(backend).variants(np.zeros((40, 50), np.uint8), 2)
