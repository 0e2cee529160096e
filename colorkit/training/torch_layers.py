"""Layers of Keras that PyTorch trains quickly on CPUs, with the same weights and answers.

Keras' own move every picture from channels last to channels first and back, normalise in five
passes, and leave the gradients of depthwise convolutions to oneDNN, which has a quick kernel for
3x3 weights alone and none for the input at stride 2.
"""

from typing import Any, cast

import torch
from keras import layers, ops
from torch.nn import functional

Tensor = torch.Tensor
LAST = torch.channels_last


class Conv2D(layers.Conv2D):  # type: ignore[misc]  # Keras carries no types
    """Convolution without a move."""

    def call(self, inputs: Tensor) -> Tensor:
        """Convolve ``(N, H, W, C)``."""
        x, padding = _padded(self, inputs.permute(0, 3, 1, 2))
        kernel = ops.convert_to_tensor(self.kernel).permute(3, 2, 0, 1)
        bias = ops.convert_to_tensor(self.bias) if self.use_bias else None
        x = functional.conv2d(
            x, kernel, bias, self.strides, padding, self.dilation_rate, self.groups
        )
        x = x.permute(0, 2, 3, 1)
        return x if self.activation is None else cast("Tensor", self.activation(x))


class DepthwiseConv2D(layers.DepthwiseConv2D):  # type: ignore[misc]
    """Depthwise convolution with gradients of its own."""

    def call(self, inputs: Tensor) -> Tensor:
        """Convolve ``(N, H, W, C)``, each channel by itself."""
        if not self._is_plain():
            return cast("Tensor", super().call(inputs))
        x, _ = _padded(self, inputs.permute(0, 3, 1, 2), inside=False)
        kernel = ops.convert_to_tensor(self.kernel).permute(2, 3, 0, 1)
        x = cast("Tensor", _Depthwise.apply(x, kernel, self.strides[0]))  # type: ignore[no-untyped-call]
        return x.permute(0, 2, 3, 1)

    def _is_plain(self) -> bool:
        height, width = self.kernel_size
        return (
            self.padding == "same"
            and height == width
            and height in (3, 5, 7)
            and self.strides[0] <= 2
            and self.dilation_rate == (1, 1)
            and self.depth_multiplier == 1
            and not self.use_bias
            and self.activation is None
        )


class BatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalisation in one pass; the moving variance is that of a sample, not of all."""

    def call(self, inputs: Tensor, training: bool | None = None, mask: None = None) -> Tensor:
        """Normalise ``(N, H, W, C)``."""
        is_single = inputs.numel() == inputs.shape[-1]  # PyTorch refuses to normalise it by itself
        if inputs.device.type == "meta" or is_single:
            return cast("Tensor", super().call(inputs, training=training, mask=mask))
        x = functional.batch_norm(
            inputs.permute(0, 3, 1, 2),
            self.moving_mean.value,
            self.moving_variance.value,
            self.gamma.value,
            self.beta.value,
            training=bool(training) and self.trainable,
            momentum=1 - self.momentum,
            eps=self.epsilon,
        )
        return x.permute(0, 2, 3, 1)


QUICK = {
    layers.Conv2D: Conv2D,
    layers.DepthwiseConv2D: DepthwiseConv2D,
    layers.BatchNormalization: BatchNormalization,
}
"""What stands for which layer."""


def _padded(layer: Any, x: Tensor, inside: bool = True) -> tuple[Tensor, tuple[int, int]]:
    """Input and padding of a convolution; where it is the same on all sides, left to PyTorch."""
    if layer.padding == "valid":
        return x.contiguous(memory_format=LAST), (0, 0)
    sides = []
    for size, kernel, stride, dilation in zip(
        x.shape[2:], layer.kernel_size, layer.strides, layer.dilation_rate, strict=True
    ):
        total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        sides.append((total // 2, total - total // 2))
    if inside and all(before == after for before, after in sides):
        return x, (sides[0][0], sides[1][0])
    return functional.pad(x, (*sides[1], *sides[0])).contiguous(memory_format=LAST), (0, 0)


class _Depthwise(torch.autograd.Function):
    """Convolution of a padded input ``(N, C, H, W)`` with ``(C, 1, k, k)``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x, kernel)
        ctx.stride = stride
        return functional.conv2d(x, kernel, None, stride, groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, kernel = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=LAST)
        needs_x, needs_kernel, _ = ctx.needs_input_grad
        return (
            _input_gradient(x, kernel, gradient, ctx.stride) if needs_x else None,
            _kernel_gradient(x, kernel, gradient, ctx.stride) if needs_kernel else None,
            None,
        )


def _input_gradient(x: Tensor, kernel: Tensor, gradient: Tensor, stride: int) -> Tensor:
    """A convolution with the mirrored kernel, of the gradient with zeros between its rows."""
    size = kernel.shape[2]
    if stride > 1 or gradient.shape[2] + size - 1 != x.shape[2]:
        height, width = (n - size + 1 for n in x.shape[2:])
        spread = gradient.new_zeros(*gradient.shape[:2], height, width)
        spread = spread.contiguous(memory_format=LAST)
        spread[:, :, ::stride, ::stride] = gradient
        gradient = spread
    return functional.conv2d(gradient, kernel.flip(2, 3), None, 1, size - 1, groups=x.shape[1])


def _kernel_gradient(x: Tensor, kernel: Tensor, gradient: Tensor, stride: int) -> Tensor:
    """Windows of 3x3 that cover the kernel together, each by oneDNN's quick kernel."""
    size = kernel.shape[2]
    if size <= 3:
        return _window_gradient(x, kernel, gradient, stride)
    found = torch.empty_like(kernel)
    starts = (*range(0, size - 3, 3), size - 3)
    height, width = (n - size + 3 for n in x.shape[2:])
    window = kernel[:, :, :3, :3].contiguous()
    for i in starts:
        for j in starts:
            part = x[:, :, i : i + height, j : j + width].contiguous(memory_format=LAST)
            found[:, :, i : i + 3, j : j + 3] = _window_gradient(part, window, gradient, stride)
    return found


def _window_gradient(x: Tensor, kernel: Tensor, gradient: Tensor, stride: int) -> Tensor:
    strides, none, channels = [stride] * 2, [0, 0], x.shape[1]
    gradients: tuple[Tensor, ...] = torch.ops.aten.convolution_backward(
        gradient, x, kernel, None, strides, none, [1, 1], False, none, channels,
        (False, True, False),
    )  # fmt: skip
    return gradients[1]
