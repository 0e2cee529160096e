import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorkit import export_tflite, lab
from colorkit.specs import is_installed

SCRIPT = Path(__file__).parents[2] / "examples" / "litert_alone.py"
ALONE = f"""
import runpy, sys
sys.modules["colorkit"] = None  # from here on it cannot be imported
runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Export a network that sees at 1/8, for RGB pictures."""
    if not all(map(is_installed, ("tensorflow", "ai_edge_litert", "skimage"))):
        pytest.skip("pip install 'colorkit[export]'")
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("export needs KERAS_BACKEND=tensorflow")
    lightness = keras.Input((None, None, 1))
    x = keras.layers.Rescaling(1 / 50, -1)(lightness)
    x = keras.layers.Conv2D(16, 8, 8, activation="relu6")(x)
    model = keras.Model(lightness, keras.layers.Conv2D(313, 1, kernel_initializer="he_normal")(x))
    path = tmp_path_factory.mktemp("app") / "app.tflite"
    export_tflite(path, model, interface="rgb", size=(96, 128))
    return path


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_picture_is_coloured_without_colorkit(app, tmp_path, mode):
    """The example takes PGM and PPM, and gives colours of the picture's own lightness."""
    gray = np.add.outer(np.arange(96), np.arange(128)).astype(np.uint8)
    old, new = tmp_path / "old.ppm", tmp_path / "new.ppm"
    Image.fromarray(gray).convert(mode).save(old)
    subprocess.run([sys.executable, "-c", ALONE, app, old, new], check=True, capture_output=True)
    colour = np.asarray(Image.open(new))
    assert colour.shape == (96, 128, 3)
    assert (colour.max(axis=-1) > colour.min(axis=-1)).any()
    lightness = lab.rgb_to_lab(colour / 255)[..., 0]
    assert np.abs(lightness - lab.lightness_table(256)[gray]).max() <= 0.3
