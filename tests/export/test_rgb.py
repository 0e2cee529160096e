import numpy as np
import pytest
from PIL import Image

import colorkit
from colorkit import BackendError, export_tflite
from colorkit.backends.metadata import read_metadata

LEFT = {"CAST", "GATHER", "POW", "MIRROR_PAD", "LOG_SOFTMAX"}
"""What XNNPACK leaves of a whole picture's way; none of it is the network's."""


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """Export the embedded network for pictures."""
    path = tmp_path_factory.mktemp("rgb") / "lite.tflite"
    return path, export_tflite(path, "lite", interface="rgb", size=(192, 256), network_size=96)


@pytest.fixture(scope="module")
def gray(tmp_path_factory, sketch, scans):
    """Export a sketch for gray pictures, in the finest and in the coarsest precision."""
    folder = tmp_path_factory.mktemp("gray")
    options = {"interface": "gray", "size": (96, 128), "calibration": [scans]}
    return {
        precision: export_tflite(
            folder / f"{precision}.tflite", sketch, precision=precision, **options
        )
        for precision in ("float32", "int8")
    }


def test_pictures_come_out_as_colorize_gives_them(lite, photos, run):
    """All that `colorize` does is in the graph: pixels differ by at most two levels."""
    path, _ = lite
    for photo in list(photos.validation(every=80))[:4] + list(photos.legacy())[:2]:
        image = np.asarray(Image.fromarray(photo).convert("RGB").resize((256, 192)))
        colour = run(path, image=image[None])["colour"][0]
        expected = colorkit.colorize(image, "lite-keras", size=96)
        far = np.abs(colour.astype(int) - expected).max(axis=-1)
        assert (far <= 2).mean() >= 0.95


def test_report_compares_whole_pictures(lite, gray):
    """It says how many pixels are alike, and that lightness stays within 8-bit rounding."""
    for report in (lite[1], *gray.values()):
        assert report.deviation.max_lightness <= 0.3
    assert lite[1].deviation.within_two_levels >= 0.95


def test_only_the_network_is_quantized(gray):
    """One step into int8, one out of it; the rest stays as exact as it is."""
    fine, coarse = (gray[it].operators for it in ("float32", "int8"))
    assert (coarse["QUANTIZE"], coarse["DEQUANTIZE"]) == (1, 1)
    added = {"QUANTIZE", "DEQUANTIZE"}
    assert {k: v for k, v in coarse.items() if k not in added} == fine


def test_network_is_one_partition(lite, gray):
    """The delegate takes the network whole; what it leaves is around it, and is listed."""
    for report in (lite[1], *gray.values()):
        assert set(report.cost.rest) <= LEFT
    assert max(lite[1].cost.partitions) >= 97  # the operators of lite


def test_gray_goes_in_and_rgb_comes_out(gray, sketch, run):
    """One channel is enough, for every gray; black stays black and white white."""
    from colorkit.backends.keras import KerasBackend

    image = np.add.outer(np.arange(96), np.arange(128)).clip(0, 255).astype(np.uint8)
    image[:2], image[-2:] = 0, 255
    colour = run(gray["float32"].path, image=image[None, :, :, None])["colour"]
    assert (colour.shape, colour.dtype) == ((1, 96, 128, 3), np.uint8)
    assert not colour[0, 0].any()
    assert (colour[0, -1] == 255).all()
    expected = colorkit.colorize(image, KerasBackend(sketch), size=96)
    assert (np.abs(colour[0].astype(int) - expected) <= 2).mean() >= 0.95


def test_of_several_colours_the_first_is_taken(tmp_path, run):
    """A network without logits gives a picture its best colours, which nothing fades."""
    import keras

    from colorkit.backends.keras import KerasBackend

    keras.utils.set_random_seed(1)
    lightness = keras.Input((None, None, 1))
    x = keras.layers.Rescaling(1 / 50)(lightness)
    x = keras.layers.Conv2D(4, 4, 4, bias_initializer="random_normal", name="eye")(x)
    network = keras.Model(lightness, keras.layers.Rescaling(20)(x), name="two")
    path = tmp_path / "two.tflite"
    export_tflite(path, network, interface="gray", size=(64, 96))
    image = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)
    colour = run(path, image=image[None, :, :, None])["colour"][0]
    expected = colorkit.colorize(image, KerasBackend(network), size=64)
    assert (np.abs(colour.astype(int) - expected) <= 2).mean() >= 0.95
    assert read_metadata(path.read_bytes(), path).caution is None


def test_file_for_pictures_says_what_it_is(lite):
    """What goes in, what comes out, and all that is decided inside."""
    path, _ = lite
    metadata = read_metadata(path.read_bytes(), path)
    assert (metadata.interface, metadata.output, len(metadata.bins)) == ("rgb", "rgb", 313)
    assert (metadata.sizes, metadata.size) == (((192, 256),), 96)
    assert (metadata.caution, round(metadata.temperature, 5)) == (0.5, 0.38376)
    assert metadata.ranges == {"image": (0, 255)}


def test_file_for_pictures_is_no_backend(gray):
    """A backend takes lightness; what takes pictures is refused, and told how to be run."""
    with pytest.raises(BackendError, match=r"takes whole pictures .* export one with interface="):
        colorkit.colorize(np.zeros((8, 8), np.uint8), gray["float32"].path)
