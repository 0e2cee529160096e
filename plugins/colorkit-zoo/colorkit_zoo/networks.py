"""Keras networks after the tables of Godec's thesis (2017), and the tutorials' autoencoder.

Layers and channels are the tables'. What surrounds them is not: input is normalised, heads are
linear or tanh, ab is in Lab units, the last enlargement is bilinear, pictures have any size, and
what an encoder sees in them is looked at once a picture, not once a tile.
"""

from typing import Any

import keras
from keras import layers

from colorkit_zoo.bins import square_bins
from colorkit_zoo.encoders import Encoder, feature_map, scene
from colorkit_zoo.layers import Blended, Everywhere, Tiles

Tensor = Any  # keras.KerasTensor, which carries no types

WIDTH = 0.25
"""Share of the channels in the networks that ship."""

UNIT = 20.0
"""Lab units that are 1 before a linear head's scaling: about as far as colours spread."""

REACH = 128.0
"""Lab units that a tanh head reaches."""


def reg_full(*, width: float = WIDTH, encoder: Encoder = "lite") -> keras.Model:
    """Build a regression from the whole picture, with a vector of what is in it.

    Parameters
    ----------
    width : float
        Share of the channels; 1 is the thesis'.
    encoder : {"lite", "vgg16"}
        What looks at the whole picture, and is not trained: the encoder of colorkit's own network,
        or VGG-16 of Keras, which fetches its weights.

    Returns
    -------
    keras.Model
        Lightness ``(N, H, W, 1)`` in 0..100, sides multiples of 8, to ab ``(N, H, W, 2)`` in Lab
        units.
    """
    lightness, seen = scene(encoder)
    x = _residual_encoder(_normalised(lightness), width)
    x = _merged(x, _dense(seen, "relu", width), _wide(128, width))
    return keras.Model(lightness, _regression_decoder(x, width), name="reg_full")


def reg_part(*, width: float = WIDTH, encoder: Encoder = "lite") -> keras.Model:
    """Build the same regression from tiles of 32 x 32 pixels, with a vector of the whole picture.

    Parameters
    ----------
    width, encoder
        As in `reg_full`.

    Returns
    -------
    keras.Model
        Lightness ``(N, H, W, 1)`` in 0..100, sides multiples of 32, to ab ``(N, H, W, 2)`` in Lab
        units.
    """
    lightness, seen = scene(encoder)
    x = _residual_encoder(Tiles(name="tiles")(_normalised(lightness)), width)
    x = _merged(x, _dense(seen, "softmax", width), _wide(128, width))
    ab = Blended(name="blended")(_regression_decoder(x, width), lightness)
    return keras.Model(lightness, ab, name="reg_part")


def reg_full_vgg(*, width: float = WIDTH, encoder: Encoder = "lite") -> keras.Model:
    """Build a regression from an encoder's features alone.

    Parameters
    ----------
    width, encoder
        As in `reg_full`. The features are those of colorkit's network under this name, too.

    Returns
    -------
    keras.Model
        Lightness ``(N, H, W, 1)`` in 0..100, sides multiples of 32, to ab ``(N, H, W, 2)`` in Lab
        units.
    """
    lightness, x = feature_map(encoder)
    for i, channels in enumerate((256, 128, 64), 1):
        x = _enlarged(x, f"up{i}")
        x = _conv(_conv(x, _wide(channels, width), f"up{i}_1"), _wide(channels, width), f"up{i}_2")
    x = _conv(_enlarged(x, "up4"), _wide(32, width), "up4_1")
    return keras.Model(lightness, _linear_ab(x), name="reg_full_vgg")


def class_weights(*, width: float = WIDTH, encoder: Encoder = "lite") -> keras.Model:
    """Build a classification of tiles of 32 x 32 pixels, with a vector of the whole picture.

    It is trained with weights for rare colours: ``--rebalance 0.5``.

    Parameters
    ----------
    width, encoder
        As in `reg_full`.

    Returns
    -------
    keras.Model
        Lightness ``(N, H, W, 1)`` in 0..100, sides multiples of 32, to logits on the 400
        `square_bins` ``(N, H/2, W/2, 400)`` at temperature 1.
    """
    return _classification("class_weights", width, encoder)


def class_wo_weights(*, width: float = WIDTH, encoder: Encoder = "lite") -> keras.Model:
    """Build the same classification, to be trained without weights: ``--rebalance 1``.

    Parameters
    ----------
    width, encoder
        As in `reg_full`.

    Returns
    -------
    keras.Model
        As `class_weights`.
    """
    return _classification("class_wo_weights", width, encoder)


def autoencoder(*, width: float = WIDTH) -> keras.Model:
    """Build the convolutional autoencoder of the tutorials: no memory of things, no whole picture.

    Parameters
    ----------
    width : float
        Share of the channels; 1 is the tutorials'.

    Returns
    -------
    keras.Model
        Lightness ``(N, H, W, 1)`` in 0..100, sides multiples of 8, to ab ``(N, H, W, 2)`` in Lab
        units.
    """
    lightness = keras.Input((None, None, 1), name="lightness")
    x = _strided_encoder(_normalised(lightness), width)
    x = _enlarged(_conv(x, _wide(128, width), "decoder1"), "up1")
    x = _enlarged(_conv(x, _wide(64, width), "decoder2"), "up2")
    x = _conv(_conv(x, _wide(32, width), "decoder3"), _wide(16, width), "decoder4")
    x = _head(x, 2, "tanh")
    ab = layers.Rescaling(REACH, name="ab")(_bilinear(x))
    return keras.Model(lightness, ab, name="autoencoder")


def _classification(name: str, width: float, encoder: Encoder) -> keras.Model:
    lightness, seen = scene(encoder)
    c256 = _wide(256, width)
    x = _strided_encoder(Tiles(name="tiles")(_normalised(lightness)), width)
    x = _merged(x, _dense(seen, "softmax", width), c256)
    x = _conv(_conv(_enlarged(x, "up1"), c256, "up1_1"), c256, "up1_2")
    x = _conv(_enlarged(x, "up2"), c256, "up2_1")
    x = _head(x, len(square_bins()))
    return keras.Model(lightness, Blended(name="logits")(x, lightness), name=name)


def _residual_encoder(x: Tensor, width: float) -> Tensor:
    """To 1/8 of the size, with a shortcut in each stage."""
    x = _halved(_conv(x, _wide(64, width), "conv1"), "conv1")
    x = _halved(_residual_stage(x, _wide(128, width), "stage2"), "stage2")
    x = _halved(_residual_stage(x, _wide(256, width), "stage3"), "stage3")
    x = _residual_stage(x, _wide(512, width), "stage4")
    return _conv(x, _wide(256, width), "conv5")


def _residual_stage(x: Tensor, channels: int, name: str) -> Tensor:
    shortcut = x = _conv(x, channels, f"{name}_1")
    x = _conv(_conv(x, channels, f"{name}_2"), channels, f"{name}_3")
    return _conv(layers.Add(name=f"{name}_add")([x, shortcut]), channels, f"{name}_4")


def _strided_encoder(x: Tensor, width: float) -> Tensor:
    """To 1/8 of the size, by convolutions with strides."""
    table = ((64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 1), (256, 1))
    for i, (channels, strides) in enumerate(table, 1):
        x = _conv(x, _wide(channels, width), f"conv{i}", strides)
    return x


def _dense(seen: Tensor, activation: str, width: float) -> Tensor:
    return layers.Dense(_wide(256, width), activation=activation, name="scene")(seen)


def _merged(x: Tensor, vector: Tensor, channels: int) -> Tensor:
    """What is here, and what is in the picture."""
    x = layers.Concatenate(name="merge_both")([x, Everywhere(name="scene_map")(vector, x)])
    return layers.Conv2D(channels, 3, padding="same", name="merge")(x)


def _regression_decoder(x: Tensor, width: float) -> Tensor:
    c64 = _wide(64, width)
    x = _doubled(x, c64, "up1")
    x = _conv(_conv(x, c64, "up1_1"), c64, "up1_2")
    x = _conv(_doubled(x, c64, "up2"), _wide(32, width), "up2_1")
    return _linear_ab(x)


def _linear_ab(x: Tensor) -> Tensor:
    return layers.Rescaling(UNIT, name="ab")(_bilinear(_head(x, 2)))


def _head(x: Tensor, channels: int, activation: str | None = None) -> Tensor:
    """What begins near gray, or undecided."""
    small = keras.initializers.RandomNormal(stddev=0.01)
    layer = layers.Conv2D(
        channels, 3, padding="same", activation=activation, kernel_initializer=small, name="head"
    )
    return layer(x)


def _wide(channels: int, width: float) -> int:
    return max(1, round(channels * width))


def _normalised(lightness: Tensor) -> Tensor:
    return layers.Rescaling(1 / 50, offset=-1, name="normalised")(lightness)


def _conv(x: Tensor, channels: int, name: str, strides: int = 1) -> Tensor:
    layer = layers.Conv2D(
        channels, 3, strides, "same", activation="relu", kernel_initializer="he_normal", name=name
    )
    return layer(x)


def _halved(x: Tensor, name: str) -> Tensor:
    return layers.MaxPooling2D(2, name=f"{name}_pool")(x)


def _doubled(x: Tensor, channels: int, name: str) -> Tensor:
    """A transposed convolution to twice the side.

    Cropped here, for backends of Keras disagree on which row and column "same" leaves out.
    """
    x = layers.Conv2DTranspose(
        channels, 3, 2, "valid", activation="relu", kernel_initializer="he_normal", name=name
    )(x)
    return layers.Cropping2D(((0, 1), (0, 1)), name=f"{name}_crop")(x)


def _enlarged(x: Tensor, name: str) -> Tensor:
    return layers.UpSampling2D(2, name=name)(x)


def _bilinear(x: Tensor) -> Tensor:
    return layers.UpSampling2D(2, interpolation="bilinear", name="enlarged")(x)
