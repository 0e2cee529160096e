"""A network's twin: the same weights in layers that converters can trace for unknown sizes.

Only imported when a network is converted: it stands on TensorFlow.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

Tensor = Any  # tf.Tensor, which carries no types


def twin(model: keras.Model, *, explicit: bool = False) -> keras.Model:
    """The same model of layers that can be traced for unknown sizes, and stay one operator then.

    Parameters
    ----------
    model : keras.Model
        Functional, channels last.
    explicit : bool
        Write the padding of convolutions as numbers, for sides that are multiples of the network's
        stride: runtimes do not agree on what "same" is.
    """

    def clone(layer: Any) -> Any:
        kind = _explicit(layer) if explicit else _traceable(layer)
        return (kind or type(layer)).from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=clone)
    copy.set_weights(model.get_weights())
    return copy


def _traceable(layer: Any) -> Any:
    """What stands in for a layer, if it has to be another."""
    if isinstance(layer, layers.UpSampling2D):
        return _Resize
    if type(layer) is layers.AveragePooling2D and layer.pool_size == (1, 1):
        return _Thinned
    if type(layer) is layers.BatchNormalization and not _folds(layer):
        return _Norm
    if getattr(layer, "padding", None) != "same":
        return None
    if type(layer) is layers.Conv2D and max(layer.dilation_rate) > 1:
        return _Dilated
    if type(layer) is layers.Conv2DTranspose and _doubles(layer):
        return _Doubled
    return None


def _explicit(layer: Any) -> Any:
    if type(layer) is layers.Add:
        return _ExpandedAdd
    if getattr(layer, "padding", None) == "same":
        if type(layer) is layers.Conv2D:
            return _ExplicitConv
        if type(layer) is layers.DepthwiseConv2D:
            return _ExplicitDepthwise
    return _traceable(layer)


def _folds(norm: Any) -> bool:
    """Whether converters merge a normalisation with the layer before it, or it is no whole one."""
    before = norm.input._keras_history.operation
    linear = getattr(before, "activation", None) is keras.activations.linear
    return linear or not (norm.scale and norm.center)


def _doubles(layer: Any) -> bool:
    return (layer.kernel_size, layer.strides) == ((4, 4), (2, 2))


class _Resize(layers.UpSampling2D):  # type: ignore[misc]
    def call(self, inputs: Tensor) -> Tensor:
        known = inputs.shape[1:3]
        sides = np.int32(known) if known.is_fully_defined() else tf.shape(inputs)[1:3]
        return tf.image.resize(inputs, sides * self.size, self.interpolation)


class _Dilated(layers.Conv2D):  # type: ignore[misc]
    def call(self, inputs: Tensor) -> Tensor:
        x = tf.nn.conv2d(inputs, self.kernel, 1, "SAME", dilations=self.dilation_rate)
        return self.activation(x + self.bias if self.use_bias else x)


class _Norm(layers.BatchNormalization):  # type: ignore[misc]
    """As a convolution: in 8 bits, each channel then has a scale of its own."""

    def call(self, inputs: Tensor, training: bool = False, mask: Tensor = None) -> Tensor:
        scale = self.gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
        x = tf.nn.depthwise_conv2d(inputs, scale[None, None, :, None], (1, 1, 1, 1), "VALID")
        return x + (self.beta - self.moving_mean * scale)


class _Thinned(layers.AveragePooling2D):  # type: ignore[misc]
    """Every so-manieth row and column, as delegates take it: a convolution with ones."""

    def call(self, inputs: Tensor) -> Tensor:
        ones = tf.ones((1, 1, inputs.shape[-1], 1))
        return tf.nn.depthwise_conv2d(inputs, ones, (1, *self.strides, 1), "VALID")


class _ExplicitConv(layers.Conv2D):  # type: ignore[misc]
    def call(self, inputs: Tensor) -> Tensor:
        x = tf.nn.conv2d(
            inputs, self.kernel, self.strides, _pads(self), dilations=self.dilation_rate
        )
        return self.activation(x + self.bias if self.use_bias else x)


class _ExplicitDepthwise(layers.DepthwiseConv2D):  # type: ignore[misc]
    def call(self, inputs: Tensor) -> Tensor:
        x = tf.nn.depthwise_conv2d(
            inputs, self.kernel, (1, *self.strides, 1), _pads(self), dilations=self.dilation_rate
        )
        return self.activation(x + self.bias if self.use_bias else x)


class _ExpandedAdd(layers.Add):  # type: ignore[misc]
    """What is added everywhere is spread first: OpenCV adds to a convolution what has its shape."""

    def call(self, inputs: list[Tensor]) -> Tensor:
        full = next((it for it in inputs if not _is_spot(it)), inputs[0])
        return super().call(
            [tf.broadcast_to(it, tf.shape(full)) if _is_spot(it) else it for it in inputs]
        )


def _is_spot(tensor: Tensor) -> bool:
    return tuple(tensor.shape[1:3]) == (1, 1)


class _Doubled(layers.Conv2DTranspose):  # type: ignore[misc]
    """Of 4 x 4 and stride 2, as one 2 x 2 convolution whose channels are then set apart.

    Row 2p of the result is ``x[p-1] k[3] + x[p] k[1]``, row 2p+1 ``x[p] k[2] + x[p+1] k[0]``, and
    so are columns. Delegates do not run a transposed convolution of unknown size.
    """

    def call(self, inputs: Tensor) -> Tensor:
        taps = [(3, 1), (2, 0)]
        kernels = [
            tf.gather(tf.gather(self.kernel, rows, axis=0), columns, axis=1)
            for rows in taps
            for columns in taps
        ]
        kernel = tf.concat([tf.transpose(it, (0, 1, 3, 2)) for it in kernels], axis=-1)
        padded = tf.pad(inputs, [(0, 0), (1, 1), (1, 1), (0, 0)])
        whole = tf.nn.conv2d(padded, kernel, 1, "VALID")
        whole = self.activation(whole + tf.tile(self.bias, [4]) if self.use_bias else whole)
        a, b, c, d = tf.split(whole, 4, axis=-1)
        phases = [a[:, :-1, :-1], b[:, :-1, 1:], c[:, 1:, :-1], d[:, 1:, 1:]]
        return tf.nn.depth_to_space(tf.concat(phases, axis=-1), 2)


def _pads(layer: Any) -> list[tuple[int, int]]:
    """What "same" adds to even sides: the odd pixel of a stride of 2 below and to the right."""
    reach = [
        max(dilation * (kernel - 1) + 1 - stride, 0)
        for kernel, stride, dilation in zip(
            layer.kernel_size, layer.strides, layer.dilation_rate, strict=True
        )
    ]
    return [(0, 0), *((total // 2, total - total // 2) for total in reach), (0, 0)]
