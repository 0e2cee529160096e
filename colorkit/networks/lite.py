"""The embedded network: a U-Net on EfficientNet-Lite0 that predicts colour distributions.

Plain convolutions, ReLU6, bilinear upsampling and one global mean, so that it quantizes cleanly
and runs on the accelerators of phones.
"""

from typing import Any, NamedTuple

import keras
from keras import layers

from colorkit.bins import gamut_bins

Tensor = Any  # keras.KerasTensor, which carries no types


class Stage(NamedTuple):
    """A row of the encoder's table: blocks of one kernel, the first of them with the stride."""

    kernel: int
    stride: int
    expand: int
    channels: int
    blocks: int


# Tan and Le 2019, table 1, in the Lite variant: no squeeze-and-excitation, ReLU6 for swish.
ENCODER_STAGES = (
    Stage(kernel=3, stride=1, expand=1, channels=16, blocks=1),
    Stage(kernel=3, stride=2, expand=6, channels=24, blocks=2),
    Stage(kernel=5, stride=2, expand=6, channels=40, blocks=2),
    Stage(kernel=3, stride=2, expand=6, channels=80, blocks=3),
    Stage(kernel=5, stride=1, expand=6, channels=112, blocks=3),
    Stage(kernel=5, stride=2, expand=6, channels=192, blocks=4),
    Stage(kernel=3, stride=1, expand=6, channels=320, blocks=1),
)


def lite() -> keras.Model:
    """Build the network with random weights.

    Returns
    -------
    keras.Model
        Lightness ``(N, H, W, 1)`` in 0..100, sides multiples of 32, to logits on the 313 ab bins
        ``(N, H/4, W/4, 313)`` at temperature 1. 3,450,313 numbers.

    References
    ----------
    Tan, Le: EfficientNet, ICML 2019 (the encoder, in its Lite variant).
    Zhang, Isola, Efros: Colorful Image Colorization, ECCV 2016 (the 313 bins).
    """
    lightness = keras.Input((None, None, 1), name="lightness")
    # 2.55 L* is near the code value of a gray pixel; the stem was trained on (value - 127) / 128.
    code_value = layers.Rescaling(2.55 / 128, offset=-127 / 128, name="code_value")(lightness)
    tap4, tap8, tap16, tap32 = _encoder(code_value)

    scene = _scene_colour(tap32)
    x = layers.Add(name="top_add")([_conv_bn(tap32, 224, "top"), scene])
    x = layers.ReLU(6, name="top_relu")(x)
    x = _separable(x, 224, 5, "d32_0")
    x = _merge(tap16, x, 160, "16")
    x = _separable(_separable(x, 160, 5, "d16_0"), 160, 5, "d16_1")
    x = _merge(tap8, x, 128, "8")
    x = _separable(_separable(x, 128, 5, "d8_0"), 128, 5, "d8_1")
    x = _merge(tap4, x, 112, "4")
    x = _separable(_separable(x, 112, 5, "d4_0"), 112, 3, "d4_1")
    logits = layers.Conv2D(len(gamut_bins()), 1, name="logits")(x)
    return keras.Model(lightness, logits, name="lite")


def _encoder(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """EfficientNet-Lite0 without its head: the last features at 1/4, 1/8, 1/16 and 1/32."""
    x = _conv_bn(x, 32, "stem", kernel=3, strides=2)
    x = layers.ReLU(6, name="stem_relu")(x)
    ends = []
    block = 0
    for stage in ENCODER_STAGES:
        for i in range(stage.blocks):
            x = _inverted_residual(x, stage, stage.stride if i == 0 else 1, f"block{block}")
            block += 1
        ends.append(x)
    return ends[1], ends[2], ends[4], ends[6]


def _inverted_residual(inputs: Tensor, stage: Stage, strides: int, name: str) -> Tensor:
    x = inputs
    if stage.expand > 1:
        x = _conv_bn(x, x.shape[-1] * stage.expand, f"{name}_expand")
        x = layers.ReLU(6, name=f"{name}_expand_relu")(x)
    x = _depthwise(x, stage.kernel, f"{name}_depthwise", strides=strides)
    x = _conv_bn(x, stage.channels, f"{name}_project")
    if strides == 1 and inputs.shape[-1] == stage.channels:
        x = layers.Add(name=f"{name}_add")([inputs, x])
    return x


def _scene_colour(features: Tensor) -> Tensor:
    """What the whole picture says about colour, to be added everywhere.

    The encoder's features reach a hundred. Layers that learned from their means as they are would
    soon be driven to where they answer the same to every picture.
    """
    x = layers.GlobalAveragePooling2D(keepdims=True, name="context_mean")(features)
    x = layers.Conv2D(96, 1, name="context_hidden")(_batch_norm(x, "context"))
    x = layers.ReLU(6, name="context_relu")(x)
    return layers.Conv2D(224, 1, kernel_initializer="zeros", name="context_out")(x)


def _merge(tap: Tensor, deeper: Tensor, channels: int, side: str) -> Tensor:
    """Add the encoder's features to those from half the resolution.

    The 1x1 convolution stands before the upsampling: the two commute, and it is a quarter of the
    work there.
    """
    up = _conv_bn(deeper, channels, f"up{side}")
    up = layers.UpSampling2D(2, interpolation="bilinear", name=f"up{side}_resize")(up)
    x = layers.Add(name=f"merge{side}")([_conv_bn(tap, channels, f"lateral{side}"), up])
    return layers.ReLU(6, name=f"merge{side}_relu")(x)


def _separable(inputs: Tensor, channels: int, kernel: int, name: str) -> Tensor:
    x = _depthwise(inputs, kernel, f"{name}_depthwise")
    x = layers.ReLU(6, name=f"{name}_relu")(_conv_bn(x, channels, f"{name}_pointwise"))
    if inputs.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([inputs, x])
    return x


def _depthwise(x: Tensor, kernel: int, name: str, strides: int = 1) -> Tensor:
    x = layers.DepthwiseConv2D(kernel, strides, "same", use_bias=False, name=name)(x)
    return layers.ReLU(6, name=f"{name}_relu")(_batch_norm(x, name))


def _conv_bn(x: Tensor, channels: int, name: str, kernel: int = 1, strides: int = 1) -> Tensor:
    x = layers.Conv2D(channels, kernel, strides, "same", use_bias=False, name=name)(x)
    return _batch_norm(x, name)


def _batch_norm(x: Tensor, name: str) -> Tensor:
    return layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)
