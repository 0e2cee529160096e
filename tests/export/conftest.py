import numpy as np
import pytest

from colorkit.specs import is_installed

NEEDED = ("keras", "tensorflow", "ai_edge_litert", "ai_edge_quantizer", "skimage")


@pytest.fixture(scope="session", autouse=True)
def _can_export():
    """Skip where the extra is not installed, or Keras runs elsewhere."""
    if not all(map(is_installed, NEEDED)):
        pytest.skip("pip install 'colorkit[export]'")
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("export needs KERAS_BACKEND=tensorflow")


@pytest.fixture(scope="session")
def sketch():
    """Make the smallest network that has what is hard to export: it sees at 1/8, answers at 1/4."""
    import keras

    keras.utils.set_random_seed(1)
    lightness = keras.Input((None, None, 1), name="lightness")
    x = keras.layers.Rescaling(1 / 50, -1)(lightness)
    x = keras.layers.Conv2D(64, 8, 8, activation="relu6", name="eye")(x)
    x = keras.layers.UpSampling2D(2, interpolation="bilinear", name="up")(x)
    x = keras.layers.Conv2D(64, 3, padding="same", activation="relu6", name="mind")(x)
    x = keras.layers.Conv2D(313, 1, name="logits", kernel_initializer="he_normal")(x)
    return keras.Model(lightness, x, name="sketch")


@pytest.fixture(scope="session")
def several():
    """Make a network that takes hints, and gives four colours of its own."""
    import keras

    keras.utils.set_random_seed(1)
    sides = (None, None)
    inputs = [keras.Input((*sides, n), name=it) for n, it in ((1, "lightness"), (2, "hints"))]
    inputs.append(keras.Input((*sides, 1), name="mask"))
    x = keras.layers.Rescaling(1 / 50)(keras.layers.Concatenate()(inputs))
    x = keras.layers.Conv2D(8, 4, 4, activation="relu", name="eye")(x)
    x = keras.layers.Conv2D(8, 1, name="colours", kernel_initializer="he_normal")(x)
    return keras.Model(inputs, keras.layers.Rescaling(30)(x), name="several")


@pytest.fixture(scope="session")
def narrow():
    """Make the published networks with a sixteenth of their channels, by name."""
    import keras

    from colorkit.networks.eccv16 import eccv16
    from colorkit.networks.siggraph17 import siggraph17

    keras.utils.set_random_seed(1)
    return {"eccv16": eccv16(width=1 / 16), "siggraph17": siggraph17(width=1 / 16)}


@pytest.fixture(scope="session")
def scans(tmp_path_factory):
    """Make a folder of pictures to calibrate on: slopes and stripes, tinted."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("scans")
    rows, columns = np.mgrid[:96, :128]
    for i, plane in enumerate((rows * 2, columns * 2, (rows // 8 % 2) * 120 + columns)):
        picture = np.stack([plane, 0.8 * plane + 20, 0.6 * plane + 40], -1).clip(0, 255)
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"{i}.png")
    return folder


@pytest.fixture(scope="session")
def lightness_of():
    """Make lightness ``(1, height, width, 1)`` with slopes, edges and noise, always the same."""

    def make(height, width):
        rows, columns = np.mgrid[:height, :width]
        noise = np.random.default_rng(0).normal(0, 3, (height, width))
        plane = 50 + 30 * np.sin(rows / 17) * np.cos(columns / 23) + 20 * (columns > width / 2)
        return np.clip(plane + noise, 0, 100).astype(np.float32)[None, :, :, None]

    return make


@pytest.fixture(scope="session")
def run():
    """Give the answers of a TFLite file by name."""
    from ai_edge_litert.interpreter import Interpreter

    def run(path, signature="colorize", **inputs):
        interpreter = Interpreter(model_path=str(path), num_threads=2)
        return interpreter.get_signature_runner(signature)(**inputs)

    return run
