"""A network of a few thousand numbers with the kinds of layers that lite has."""

import keras
from keras import layers

from colorkit import registry
from colorkit.specs import NetworkSpec


def narrow(*, width: float = 1.0) -> keras.Model:
    channels = round(8 * width)
    lightness = keras.Input((None, None, 1), name="lightness")
    x = layers.Rescaling(1 / 50, offset=-1, name="scaled")(lightness)
    x = layers.Conv2D(channels, 3, 2, "same", use_bias=False, name="stem")(x)
    x = layers.ReLU(6, name="stem_relu")(layers.BatchNormalization(name="stem_bn")(x))
    x = layers.DepthwiseConv2D(3, 2, "same", use_bias=False, name="down")(x)
    x = layers.Conv2D(32, 1, name="mixed")(x)
    x = layers.DepthwiseConv2D(5, 1, "same", use_bias=False, name="wide")(x)
    x = layers.ReLU(6, name="wide_relu")(layers.BatchNormalization(name="wide_bn")(x))
    return keras.Model(lightness, layers.Conv2D(313, 1, name="logits")(x), name="narrow")


def register() -> str:
    """Let colorkit know it, and give its name."""
    spec = NetworkSpec("narrow", "narrow_network:narrow", size=64, stride=4)
    registry._default.register(spec, __name__)
    return spec.name
