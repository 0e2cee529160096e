"""Real-Time User-Guided Image Colorization: the network of Zhang et al., SIGGRAPH 2017."""

import keras
from keras import layers

from colorkit.bins import grid_bins
from colorkit.networks.eccv16 import Tensor, block, channels, conv, normalised, upconv

AB_NORM = 110
"""Lab units of a and b that are 1 inside the network."""


def siggraph17(*, width: float = 1.0) -> keras.Model:
    """Build the network with random weights.

    Its layers have the names of the published ``deploy_nodist.prototxt``, apart from two: the
    first convolution, ``conv1_1``, which is ``bw_conv1_1`` and ``ab_conv1_1`` in one, and
    ``model_class``, which only the PyTorch version has.

    Parameters
    ----------
    width : float
        Share of the published channels; less than 1 makes a narrow network.

    Returns
    -------
    keras.Model
        Three inputs, sides multiples of 8: lightness ``(N, H, W, 1)`` in 0..100; hints
        ``(N, H, W, 2)``, a and b in Lab units, 0 where there is none; mask ``(N, H, W, 1)``, 1
        where there is a hint and 0 elsewhere. Two outputs: ab ``(N, H, W, 2)`` in Lab units, and
        logits on the 529 bins of the grid ``(N, H/4, W/4, 529)`` at temperature 1.
        34,192,787 numbers, 34,187,027 of them trainable.

    Raises
    ------
    OptionError
        When ``width`` is not positive.

    References
    ----------
    Zhang, Zhu, Isola, Geng, Lin, Yu, Efros: Real-Time User-Guided Image Colorization with Learned
    Deep Priors, ACM Transactions on Graphics 36 (4), 2017.
    """
    c64, c128, c256, c512 = channels(width)
    lightness = keras.Input((None, None, 1), name="lightness")
    hints = keras.Input((None, None, 2), name="hints")
    mask = keras.Input((None, None, 1), name="mask")
    scaled_hints = layers.Rescaling(1 / AB_NORM, name="scaled_hints")(hints)
    x = layers.Concatenate(name="data_l_ab_mask")([normalised(lightness), scaled_hints, mask])

    x1 = block(x, c64, "conv1_1", "conv1_2")
    x2 = block(_halved(x1, "conv1_2norm_ss"), c128, "conv2_1", "conv2_2")
    x3 = block(_halved(x2, "conv2_2norm_ss"), c256, "conv3_1", "conv3_2", "conv3_3")
    x = block(_halved(x3, "conv3_3norm_ss"), c512, "conv4_1", "conv4_2", "conv4_3")
    x = block(x, c512, "conv5_1", "conv5_2", "conv5_3", dilation=2)
    x = block(x, c512, "conv6_1", "conv6_2", "conv6_3", dilation=2)
    x = block(x, c512, "conv7_1", "conv7_2", "conv7_3")

    x = _merged(x, x3, c256, "conv8_1", "conv3_3_short")
    x8 = block(x, c256, "conv8_2", "conv8_3")
    x = _merged(x8, x2, c128, "conv9_1", "conv2_2_short")
    x = block(x, c128, "conv9_2")
    x = _merged(x, x1, c128, "conv10_1", "conv1_2_short")
    x = conv(x, c128, "conv10_2", activation=None)
    x = layers.LeakyReLU(0.2, name="relu10_2")(x)

    ab = layers.Conv2D(2, 1, activation="tanh", name="conv10_ab")(x)
    ab = layers.Rescaling(AB_NORM, name="ab")(ab)
    logits = layers.Conv2D(len(grid_bins()), 1, name="model_class")(x8)
    return keras.Model([lightness, hints, mask], [ab, logits], name="siggraph17")


def _halved(x: Tensor, name: str) -> Tensor:
    """Every second row and column, the first included."""
    return layers.AveragePooling2D(1, 2, name=name)(x)


def _merged(deeper: Tensor, tap: Tensor, channels: int, name: str, short: str) -> Tensor:
    """Twice the resolution, with what the trunk knew there."""
    up = upconv(deeper, channels, name)
    x = layers.Add(name=f"{name}_sum")([up, conv(tap, channels, short, activation=None)])
    return layers.ReLU(name=f"{name}_relu")(x)
