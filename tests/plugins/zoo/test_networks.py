import numpy as np
import pytest

keras = pytest.importorskip("keras")

from colorkit_zoo import MEMBERS, encoders, networks  # noqa: E402

NAMES = [it.name for it in MEMBERS if it.module == networks.__name__]
STRIDES = {it.name: it.stride for it in MEMBERS}
TILED = ["reg_part", "class_weights", "class_wo_weights"]

PUBLISHED = {
    "reg_full": 13_864_546,
    "reg_part": 13_864_546,
    "reg_full_vgg": 2_342_370,
    "class_weights": 10_748_176,
    "class_wo_weights": 10_748_176,
    "autoencoder": 6_219_410,
}
"""Numbers that are trained, where VGG-16 is the encoder."""

SCENE = 256 * (4096 - 320)
"""Of the layer after it, less with the 320 channels of lite."""

LESS = dict.fromkeys(PUBLISHED, SCENE) | {
    "reg_full_vgg": 9 * 256 * (512 - 320),
    "autoencoder": 0,
}


def number(tensor):
    return keras.ops.convert_to_numpy(tensor)


def trained(network):
    return sum(int(np.prod(each.shape)) for each in network.trainable_variables)


def noise(*shape):
    return np.random.default_rng(5).uniform(0, 100, shape).astype(np.float32)


def answer(network, lightness):
    return number(network(lightness, training=False))


@pytest.mark.parametrize("name", NAMES)
def test_numbers_and_shapes_are_the_tables(name):
    """At full width as many numbers are trained as were published, but for lite's fewer channels.

    Regressions answer at the picture's size, classifications with 400 classes at half of it.
    """
    network = getattr(networks, name)(width=1)
    side = STRIDES[name]
    shape = network.compute_output_shape((1, side, 2 * side, 1))

    assert trained(network) == PUBLISHED[name] - LESS[name]
    classes = (side // 2, side, 400)
    assert shape[1:] == (classes if name.startswith("class") else (side, 2 * side, 2))


class Vgg16:
    """In place of the one that would be fetched: layers of the same sizes, none of them large."""

    def __call__(self, *, include_top, input_tensor):
        x = keras.layers.AveragePooling2D(32)(input_tensor)
        x = keras.layers.Conv2D(512, 1, name="block5")(x)
        if include_top:
            assert input_tensor.shape[1:3] == (224, 224)
            x = keras.layers.GlobalAveragePooling2D()(x)
            x = keras.layers.Dense(4096, name="fc2")(x)
        return keras.Model(keras.utils.get_source_inputs(input_tensor), x)


@pytest.mark.parametrize("name", ["reg_full", "reg_full_vgg", "class_weights"])
def test_vgg16_is_an_option(name, monkeypatch):
    """With VGG-16 of Keras, as many numbers are trained as were published; its own are not."""
    monkeypatch.setattr(keras.applications, "VGG16", Vgg16())

    assert trained(getattr(networks, name)(width=1, encoder="vgg16")) == PUBLISHED[name]


def test_vgg16_sees_what_it_was_trained_on(monkeypatch):
    """It gets blue, green and red in 0..255, less their means: not lightness three times."""
    monkeypatch.setattr(keras.applications, "VGG16", Vgg16())
    network = keras.Model(*encoders.feature_map("vgg16"))
    eye = keras.Model(network.input, network.get_layer("code_value").output)

    white = answer(eye, np.full((1, 32, 32, 1), 100, np.float32))[0, 0, 0]

    np.testing.assert_allclose(white, 255 - np.array(encoders.VGG_MEANS), atol=1e-3)


@pytest.mark.parametrize("name", ["reg_full_vgg", "reg_part"])
def test_the_encoder_is_that_of_lite(name):
    """What sees is colorkit's own network, with its numbers, and stays as it is."""
    network = getattr(networks, name)(width=1 / 32)
    known = keras.Model(*encoders.feature_map("lite")).get_layer("block15_project").kernel

    np.testing.assert_array_equal(network.get_layer("block15_project").kernel, known)
    assert not any(v.path.startswith(("stem", "block")) for v in network.trainable_variables)


@pytest.mark.parametrize("name", [*TILED, "reg_full", "autoencoder"])
def test_a_picture_does_not_depend_on_its_neighbours(name, quick):
    """A batch gets the colours that each picture gets alone, of any multiple of the stride."""
    network = quick(name)
    pictures = noise(3, 32, 96, 1)

    together = answer(network, pictures)

    for i in range(3):
        np.testing.assert_allclose(
            together[i], answer(network, pictures[i : i + 1])[0], rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("name", TILED)
def test_a_tile_knows_what_is_in_the_picture(name, quick):
    """What changes in one corner changes the colours of all tiles, by the vector alone."""
    network = quick(name)
    dark = noise(1, 96, 96, 1)
    light = dark.copy()
    light[:, 64:, 64:] = 100

    change = np.abs(answer(network, dark) - answer(network, light)).max(axis=-1)[0]

    assert change[: len(change) // 3].min() > 0


@pytest.mark.parametrize("name", TILED)
def test_there_are_no_seams(name, quick):
    """The largest jump of colours across a border of tiles is no larger than elsewhere.

    It would be larger there, if tiles lay side by side.
    """
    network = quick(name)
    rows, columns = np.mgrid[:128, :160].astype(np.float32)
    slope = (50 + 30 * np.sin(rows / 40) + 20 * np.cos(columns / 30))[None, ..., None]

    blended, apart = (number(network(slope, training=flag)) for flag in (False, True))

    borders, elsewhere = jumps(blended)
    assert borders <= elsewhere
    assert borders < jumps(apart)[0]


def jumps(colours):
    """The largest across borders of columns of tiles, each half a tile, and elsewhere."""
    across = np.abs(np.diff(colours, axis=2)).max(axis=(0, 1, 3))
    border = np.arange(1, len(across) + 1) % (colours.shape[2] // 10) == 0
    return across[border].max(), across[~border].max()


def test_heads_are_not_bound_to_what_was_positive(quick):
    """Regressions reach colours on both sides of gray; the autoencoder's end with the plane."""
    for name in ("reg_full", "reg_part", "autoencoder"):
        ab = answer(quick(name), noise(2, 64, 64, 1))
        assert ab.min() < 0 < ab.max()
    assert np.abs(ab).max() <= networks.REACH
