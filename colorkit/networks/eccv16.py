"""Colorful Image Colorization: the classification network of Zhang, Isola and Efros, ECCV 2016."""

from typing import Any

import keras
from keras import layers

from colorkit.bins import gamut_bins
from colorkit.errors import OptionError

Tensor = Any  # keras.KerasTensor, which carries no types


def eccv16(*, width: float = 1.0) -> keras.Model:
    """Build the network with random weights.

    Its layers have the names of the published ``colorization_deploy_v2.prototxt``. The decoder,
    softmax and annealed mean, is `colorkit.Distribution`.

    Parameters
    ----------
    width : float
        Share of the published channels; less than 1 makes a narrow network.

    Returns
    -------
    keras.Model
        Lightness ``(N, H, W, 1)`` in 0..100, sides multiples of 8, to logits on the 313 ab bins
        ``(N, H/4, W/4, 313)`` at temperature 1. 32,240,377 numbers, 32,235,385 of them trainable.

    Raises
    ------
    OptionError
        When ``width`` is not positive.

    References
    ----------
    Zhang, Isola, Efros: Colorful Image Colorization, ECCV 2016.
    """
    c64, c128, c256, c512 = channels(width)
    lightness = keras.Input((None, None, 1), name="lightness")
    x = normalised(lightness)

    x = block(x, c64, "bw_conv1_1", "conv1_2", strides=2)
    x = block(x, c128, "conv2_1", "conv2_2", strides=2)
    x = block(x, c256, "conv3_1", "conv3_2", "conv3_3", strides=2)
    x = block(x, c512, "conv4_1", "conv4_2", "conv4_3")
    x = block(x, c512, "conv5_1", "conv5_2", "conv5_3", dilation=2)
    x = block(x, c512, "conv6_1", "conv6_2", "conv6_3", dilation=2)
    x = block(x, c512, "conv7_1", "conv7_2", "conv7_3")

    x = upconv(x, c256, "conv8_1", activation="relu")
    x = conv(x, c256, "conv8_2")
    x = conv(x, c256, "conv8_3")
    logits = layers.Conv2D(len(gamut_bins()), 1, name="conv8_313")(x)
    return keras.Model(lightness, logits, name="eccv16")


def channels(width: float) -> tuple[int, int, int, int]:
    """What becomes of 64, 128, 256 and 512 channels; they keep their ratios."""
    if not width > 0:
        raise OptionError(f"width must be positive, 1 for the published network; received {width}")
    unit = max(1, round(64 * width))
    return unit, 2 * unit, 4 * unit, 8 * unit


def normalised(lightness: Tensor) -> Tensor:
    """Lightness in 0..100 as the published networks take it, in -0.5..0.5."""
    return layers.Rescaling(1 / 100, offset=-0.5, name="normalised")(lightness)


def block(x: Tensor, channels: int, *names: str, strides: int = 1, dilation: int = 1) -> Tensor:
    """Convolutions with ReLU, the last of them with the strides; one normalisation at the end."""
    *first, last = names
    for name in first:
        x = conv(x, channels, name, dilation=dilation)
    x = conv(x, channels, last, strides=strides, dilation=dilation)
    return norm(x, f"{last}norm")


def conv(
    x: Tensor,
    channels: int,
    name: str,
    *,
    strides: int = 1,
    dilation: int = 1,
    activation: str | None = "relu",
) -> Tensor:
    """3x3 convolution."""
    padding = "same"
    if strides > 1:
        # One pixel on every side, as in Caffe and PyTorch; "same" pads even sides on one only.
        x, padding = layers.ZeroPadding2D(1, name=f"{name}_pad")(x), "valid"
    layer = layers.Conv2D(
        channels, 3, strides, padding, dilation_rate=dilation, activation=activation, name=name
    )
    return layer(x)


def upconv(x: Tensor, channels: int, name: str, *, activation: str | None = None) -> Tensor:
    """Transposed 4x4 convolution to twice the side: padding 1 in Caffe and PyTorch is "same"."""
    return layers.Conv2DTranspose(channels, 4, 2, "same", activation=activation, name=name)(x)


def norm(x: Tensor, name: str) -> Tensor:
    """Batch normalisation as PyTorch has it by default."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)
