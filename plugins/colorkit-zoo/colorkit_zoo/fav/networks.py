"""Lei and Chen's two networks as one: f colours a frame, g refines it by the frame before.

Both are U-Nets of the paper's table, at half the input's size. What the paper takes from VGG-19
comes from the encoder of ``lite``; answers are ab, not RGB.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from colorkit.networks import build
from colorkit_zoo.fav.layers import Doubt
from colorkit_zoo.networks import UNIT, WIDTH

Tensor = Any  # keras.KerasTensor, which carries no types

HYPOTHESES = 4
"""Colourings of a frame, ranked: the first is the safest."""

CHANNELS = (32, 64, 128, 256, 512)
"""Of the levels of both U-Nets, at width 1."""

TAPS = {
    "block0_project_bn": 6.0,
    "block2_add": 8.0,
    "block4_add": 8.0,
    "block10_add": 8.0,
    "block15_project_bn": 20.0,
}
"""The last layers of ``lite``'s encoder at 1/2 to 1/32 of the size; how far they spread, about."""


def fav(*, width: float = WIDTH) -> keras.Model:
    """Build both networks.

    Parameters
    ----------
    width : float
        Share of the channels; 1 is the paper's.

    Returns
    -------
    keras.Model
        Three inputs, sides multiples of 32: lightness ``(N, H, W, 1)`` in 0..100; hints
        ``(N, H, W, 2)``, ab in Lab units of the frame before, carried here along the motion, 0
        where nothing arrived; mask ``(N, H, W, 1)`` in 0..1, how far that is trusted. One output,
        ab ``(N, H/2, W/2, 8)`` in Lab units: four colourings, the best first. The first is
        refined; where nothing is trusted, it is what f answers.

    References
    ----------
    Lei, Chen: Fully Automatic Video Colorization with Self-Regularization and Diversity, CVPR 2019.
    """
    lightness, taps = seen()
    hints = keras.Input((None, None, 2), name="hints")
    mask = keras.Input((None, None, 1), name="mask")
    half = _halved(layers.Rescaling(1 / 50, offset=-1, name="normalised")(lightness), "gray")
    first, others = _coloured(half, taps, width)
    refined = _refined(half, first, _halved(hints, "arrived"), _halved(mask, "trust"), width)
    ab = layers.Concatenate(name="ab")([refined, others])
    return keras.Model([lightness, hints, mask], ab, name="fav")


def f_and_g(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The two networks that `fav` is made of, with its weights.

    Returns
    -------
    f : keras.Model
        Lightness ``(N, H, W, 1)`` to four colourings ``(N, H/2, W/2, 8)``.
    g : keras.Model
        Lightness, the first of these colourings ``(N, H/2, W/2, 2)``, the frame before as it
        arrived ``(N, H/2, W/2, 2)``, and how far that is trusted ``(N, H/2, W/2, 1)``; to the
        refined colouring, and to where the first is doubtful, in 0..1, ``(N, H/2, W/2, 1)``.
    """
    lightness = network.inputs[0]
    of = {layer.name: layer.output for layer in network.layers}
    f = keras.Model(lightness, layers.Concatenate()([of["first"], of["others"]]), name="f")
    given = [lightness, of["first"], of["arrived"], of["trust"]]
    return f, keras.Model(given, [of["refined"], of["doubtful"]], name="g")


def seen() -> tuple[Tensor, list[Tensor]]:
    """Lightness, and what ``lite`` sees in it at 1/2, 1/4, 1/8, 1/16 and 1/32 of its size."""
    network = build("lite")
    network.trainable = False
    taps = [
        layers.Rescaling(1 / spread, name=f"seen{2 << i}")(network.get_layer(name).output)
        for i, (name, spread) in enumerate(TAPS.items())
    ]
    return network.input, taps


def _coloured(half: Tensor, taps: list[Tensor], width: float) -> tuple[Tensor, Tensor]:
    """The network f: the first colouring, and the others."""
    x = layers.Concatenate(name="colour_input")([half, taps[0]])
    x = _unet(x, taps[1:], width, "colour")
    return _colours(x, 1, "first"), _colours(x, HYPOTHESES - 1, "others")


def _refined(half: Tensor, first: Tensor, arrived: Tensor, trust: Tensor, width: float) -> Tensor:
    """The network g: the first colouring, changed where something trusted arrived.

    It says how far to go back to what arrived, and what to change besides.
    """
    differs = Doubt(name="differs")(first, arrived)
    doubtful = layers.Multiply(name="doubtful")([differs, trust])
    sure = layers.Rescaling(-1, offset=1, name="sure")(doubtful)
    grayed = layers.Multiply(name="grayed")([first, sure])
    ab = layers.Concatenate(name="refine_colours")([grayed, arrived, first])
    ab = layers.Rescaling(1 / UNIT, name="refine_scaled")(ab)
    x = layers.Concatenate(name="refine_input")([half, ab, doubtful, differs, trust])
    x = _unet(x, [], width, "refine")
    gate = layers.Conv2D(1, 1, activation="sigmoid", name="refine_gate")(x)
    back = layers.Multiply(name="refine_back")(
        [layers.Subtract(name="refine_apart")([arrived, first]), gate]
    )
    change = layers.Add(name="refine_both")([back, _colours(x, 1, "refine_change")])
    change = layers.Multiply(name="refine_trusted")([change, trust])
    return layers.Add(name="refined")([first, change])


def _unet(x: Tensor, taps: Sequence[Tensor], width: float, name: str) -> Tensor:
    """Five levels down and up again; the taps enter from the second on, squeezed as wide as ``x``.

    The paper squeezes its features alike, all of them in the first level.
    """
    wide = [max(1, round(width * channels)) for channels in CHANNELS]
    skips = [_conv(_conv(x, wide[0], f"{name}1_1", kernel=1), wide[0], f"{name}1_2")]
    for i, channels in enumerate(wide[1:], 2):
        x = layers.MaxPooling2D(2, name=f"{name}{i}_pool")(skips[-1])
        if taps:
            tap = _conv(taps[i - 2], wide[i - 2], f"{name}{i}_tap", kernel=1)
            x = layers.Concatenate(name=f"{name}{i}_seen")([x, tap])
        skips.append(_pair(x, channels, f"{name}{i}"))
    x = skips.pop()
    for i in range(len(skips), 0, -1):
        up = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}{i}_resize")(x)
        up = _plain(up, wide[i - 1], f"{name}{i}_up")
        x = layers.Concatenate(name=f"{name}{i}_skip")([up, skips[i - 1]])
        x = _pair(x, wide[i - 1], f"{name}{i}_merged")
    return x


def _pair(x: Tensor, channels: int, name: str) -> Tensor:
    return _conv(_conv(x, channels, f"{name}_1"), channels, f"{name}_2")


def _conv(x: Tensor, channels: int, name: str, kernel: int = 3) -> Tensor:
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(_plain(x, channels, name, kernel))


def _plain(x: Tensor, channels: int, name: str, kernel: int = 3) -> Tensor:
    return layers.Conv2D(channels, kernel, padding="same", name=name)(x)  # Glorot's weights


def _colours(x: Tensor, count: int, name: str) -> Tensor:
    """Ab in Lab units, which begins near gray."""
    small = keras.initializers.RandomNormal(stddev=0.01)
    x = layers.Conv2D(2 * count, 1, kernel_initializer=small, name=f"{name}_head")(x)
    return layers.Rescaling(UNIT, name=name)(x)


def _halved(x: Tensor, name: str) -> Tensor:
    return layers.AveragePooling2D(2, name=name)(x)
