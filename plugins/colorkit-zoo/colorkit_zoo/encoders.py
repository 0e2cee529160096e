"""What is seen in a picture by networks that know a thousand kinds of things; not trained here."""

from typing import Any, Literal, NamedTuple

import keras
from keras import layers

from colorkit.networks import build

Tensor = Any  # keras.KerasTensor, which carries no types

Encoder = Literal["lite", "vgg16"]

SPREAD = 20.0
"""Standard deviation of the features of ``lite``, about: a softmax over more would be decided."""

VGG_MEANS = (103.939, 116.779, 123.68)
"""Of blue, green and red in 0..255, which VGG-16 was trained without."""


class Seen(NamedTuple):
    """Lightness, the input of a network to be built, and what an encoder makes of it.

    Attributes
    ----------
    lightness : tensor
        ``(N, H, W, 1)`` in 0..100.
    features : tensor
        ``(N, C)`` for a whole picture, or a map ``(N, H/32, W/32, C)``.
    """

    lightness: Tensor
    features: Tensor


def scene(encoder: Encoder) -> Seen:
    """What is in a picture, as one vector."""
    if encoder == "lite":
        lightness, features = feature_map("lite")
        return Seen(lightness, layers.GlobalAveragePooling2D(name="scene_mean")(features))
    lightness = keras.Input((None, None, 1), name="lightness")
    square = layers.Resizing(224, 224, pad_to_aspect_ratio=True, name="square")(lightness)
    return Seen(lightness, _vgg16(square, include_top=True).get_layer("fc2").output)


def feature_map(encoder: Encoder) -> Seen:
    """What is where in a picture, at 1/32 of its size."""
    if encoder == "lite":
        network = build("lite")
        network.trainable = False
        features = network.get_layer("block15_project_bn").output
        return Seen(network.input, layers.Rescaling(1 / SPREAD, name="seen")(features))
    lightness = keras.Input((None, None, 1), name="lightness")
    return Seen(lightness, _vgg16(lightness, include_top=False).output)


def _vgg16(lightness: Tensor, *, include_top: bool) -> keras.Model:
    """VGG-16 with the normalisation that its weights want."""
    x = layers.Concatenate(name="gray")([lightness] * 3)
    # 2.55 L* is near the code value of a gray pixel.
    x = layers.Rescaling(2.55, [-mean for mean in VGG_MEANS], name="code_value")(x)
    network = keras.applications.VGG16(include_top=include_top, input_tensor=x)
    network.trainable = False
    return network
