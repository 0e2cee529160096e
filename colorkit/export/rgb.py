"""The whole way of a picture as a graph: 8-bit pixels in, 8-bit colours of the same lightness out.

What `colorkit.colorize` does, step by step, in operators that every TFLite runtime has. Only
imported when a network is converted: it stands on TensorFlow.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from colorkit import lab
from colorkit.bins import DECIDED, FADED, UNDECIDED

Tensor = Any  # tf.Tensor, which carries no types
Network = Callable[[Tensor], Tensor]

CODES = 2**13
"""Steps of the square root of linear light in the encoding table: 0.02 of a level at worst."""

TINY = 1e-12


def colorized(image: Tensor, network: Network, factor: int) -> Tensor:
    """Colours ``(1, H, W, 3)`` uint8 of a picture.

    Parameters
    ----------
    image : tensor
        ``(1, H, W, 1)`` gray or ``(1, H, W, 3)`` RGB, uint8.
    network : callable
        From lightness ``(1, H / factor, W / factor, 1)`` to ab, at any fraction of that size.
    factor : int
        How many picture pixels are one of the network's, along a side.
    """
    luminance = _luminance(image)
    root = _f(luminance)
    lightness = 116 * root - 16
    small = tf.nn.avg_pool2d(lightness, factor, factor, "VALID") if factor > 1 else lightness
    ab = _enlarged(network(small), small, lightness)
    return _encoded(_joined(luminance, root, ab))


def calmed(ab: Tensor, logits: Tensor, caution: float) -> Tensor:
    """`colorkit.bins.calm` by the entropy of the logits."""
    surprise = tf.nn.softmax(logits) * tf.nn.log_softmax(logits)
    entropy = -tf.reduce_sum(surprise, axis=-1, keepdims=True)
    doubt = tf.clip_by_value((entropy - DECIDED) / (UNDECIDED - DECIDED), 0, 1)
    return ab * (1 - caution * (1 - FADED) * doubt * doubt * (3 - 2 * doubt))


def _luminance(image: Tensor) -> Tensor:
    """Linear light of gray, or what the channels of RGB add up to."""
    linear = tf.gather(lab.linear_table(256), tf.cast(image, tf.int32))
    if image.shape[-1] == 1:
        return linear
    weights = lab.XYZ_FROM_RGB[1].astype(np.float32)
    return tf.nn.conv2d(linear, weights[None, None, :, None], 1, "SAME")


def _f(luminance: Tensor) -> Tensor:
    """A cube root above the dark, a line below: of this, lightness is 116 times, less 16."""
    dark, slope = np.float32(0.008856), np.float32(7.787)
    return tf.pow(tf.maximum(luminance, dark), 1 / 3) + slope * tf.minimum(luminance - dark, 0)


def _enlarged(ab: Tensor, small: Tensor, lightness: Tensor) -> Tensor:
    """The guided filter of `colorkit.resize`: ab along the edges of lightness."""
    cell = small.shape[1] // ab.shape[1]
    guide = tf.nn.avg_pool2d(small, cell, cell, "VALID") if cell > 1 else small
    centre = _box_mean(guide)
    variance = _box_mean(guide * guide) - centre * centre + 25.0
    mean = _box_mean(ab)
    gain = (_box_mean(ab * guide) - mean * centre) / variance
    offset = mean - gain * centre
    fields = _box_mean(tf.concat([gain, offset], axis=-1))
    fields = tf.image.resize(fields, lightness.shape[1:3], "bilinear")
    return fields[..., :2] * lightness + fields[..., 2:]


def _box_mean(values: Tensor) -> Tensor:
    """Mean over windows of 3 x 3, edges repeated."""
    padded = tf.pad(values, [(0, 0), (1, 1), (1, 1), (0, 0)], "SYMMETRIC")
    return tf.nn.avg_pool2d(padded, 3, 1, "VALID")


def _joined(luminance: Tensor, root: Tensor, ab: Tensor) -> Tensor:
    """Linear RGB of that luminance: `colorkit.lab.join`."""
    x = _cube(root + ab[..., :1] / 500)
    z = _cube(root - ab[..., 1:] / 200)
    matrix = (lab.RGB_FROM_XYZ * lab.WHITE - [0, 1, 0]).astype(np.float32)
    added = tf.nn.conv2d(tf.concat([x, luminance, z], -1), matrix.T[None, None], 1, "SAME")
    above = tf.reduce_max(added, axis=-1, keepdims=True)
    below = -tf.reduce_min(added, axis=-1, keepdims=True)
    room = tf.minimum(
        (1 - luminance) / tf.maximum(above, TINY), luminance / tf.maximum(below, TINY)
    )
    return luminance + added * tf.minimum(room, 1)


def _cube(root: Tensor) -> Tensor:
    """The inverse of `_f`."""
    dark, slope = np.float32(0.2068966), np.float32(1 / 7.787)
    bright = tf.maximum(root, dark)
    return bright * bright * bright + slope * tf.minimum(root - dark, 0)


def _encoded(linear: Tensor) -> Tensor:
    """Linear light to sRGB code values, by a table of its square root."""
    root = tf.sqrt(tf.clip_by_value(linear, 0, 1))
    index = tf.cast(root * (CODES - 1) + 0.5, tf.int32)
    codes = 255 * lab.linear_to_srgb((np.arange(CODES) / (CODES - 1)) ** 2)
    return tf.gather(tf.constant(np.rint(codes), tf.uint8), index)
