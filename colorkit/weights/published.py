"""The published weights, by the names and in the layouts of colorkit's Keras networks.

Each function takes what a container holds, all of it or a `WeightsError`, and returns what
`colorkit.networks.load_weights` takes. Narrow networks have fewer channels in the same ratios;
the first convolution says how many.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from colorkit.bins import gamut_bins
from colorkit.errors import WeightsError
from colorkit.weights.fitting import Shape, check_fit

Array = NDArray[np.float32]

SHARPNESS = 2.606
"""1 / temperature of the published annealed mean, a factor in the last layer of the checkpoint."""

CONV_PARTS = ("kernel", "bias")

NORM_PARTS = ("gamma", "beta", "moving_mean", "moving_variance")


class Layer(NamedTuple):
    """A layer with numbers: its name in Caffe and Keras, and in PyTorch; the shape of its kernel.

    The shape is that of Caffe and PyTorch, at full width; of a normalisation, the channels alone.
    """

    name: str
    module: str
    shape: Shape

    @property
    def is_norm(self) -> bool:
        """Whether it is a normalisation."""
        return len(self.shape) == 1

    @property
    def outputs(self) -> int:
        """Channels that leave it: in transposed convolutions, the 4x4 ones, they come second."""
        return self.shape[1 if self.shape[-1] == 4 else 0]


def _trunk(first: str, inputs: int) -> Iterator[Layer]:
    """The seven blocks that both networks begin with: convolutions, then a normalisation."""
    blocks = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3), (512, 3), (512, 3))
    for number, (outputs, convolutions) in enumerate(blocks, 1):
        for i in range(1, convolutions + 1):
            name = first if number == i == 1 else f"conv{number}_{i}"
            # Every other module is a ReLU.
            yield Layer(name, f"model{number}.{2 * i - 2}", (outputs, inputs, 3, 3))
            inputs = outputs
        yield Layer(f"{name}norm", f"model{number}.{2 * convolutions}", (outputs,))


ECCV16 = (
    *_trunk("bw_conv1_1", 1),
    Layer("conv8_1", "model8.0", (512, 256, 4, 4)),
    Layer("conv8_2", "model8.2", (256, 256, 3, 3)),
    Layer("conv8_3", "model8.4", (256, 256, 3, 3)),
    Layer("conv8_313", "model8.6", (313, 256, 1, 1)),
)

SIGGRAPH17 = (
    *_trunk("conv1_1", 4),
    Layer("conv8_1", "model8up.0", (512, 256, 4, 4)),
    Layer("conv3_3_short", "model3short8.0", (256, 256, 3, 3)),
    Layer("conv8_2", "model8.1", (256, 256, 3, 3)),
    Layer("conv8_3", "model8.3", (256, 256, 3, 3)),
    Layer("conv8_3norm", "model8.5", (256,)),
    Layer("conv9_1", "model9up.0", (256, 128, 4, 4)),
    Layer("conv2_2_short", "model2short9.0", (128, 128, 3, 3)),
    Layer("conv9_2", "model9.1", (128, 128, 3, 3)),
    Layer("conv9_2norm", "model9.3", (128,)),
    Layer("conv10_1", "model10up.0", (128, 128, 4, 4)),
    Layer("conv1_2_short", "model1short10.0", (128, 64, 3, 3)),
    Layer("conv10_2", "model10.1", (128, 128, 3, 3)),
    Layer("model_class", "model_class.0", (529, 256, 1, 1)),
    Layer("conv10_ab", "model_out.0", (2, 128, 1, 1)),
)


def eccv16_from_torch(state: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
    """Weights of `eccv16` from the checkpoint ``colorization_release_v2-9b330a0b.pth``.

    Parameters
    ----------
    state : mapping
        The state dict: 75 arrays, and 7 counters that may be absent.

    Returns
    -------
    dict
        Names of weights to float32 arrays; the last layer is divided by 2.606, so that logits are
        those of temperature 1.

    Raises
    ------
    WeightsError
        With the first differences in names and shapes, or when the classes have other colours.
    """
    tensors = _from_torch("eccv16", ECCV16, state, {"model_out.weight": (2, 313, 1, 1)})
    _check_bins(state["model_out.weight"], "model_out.weight", unit=110)
    for part in ("kernel", "bias"):
        tensors[f"conv8_313/{part}"] /= SHARPNESS
    return tensors


def siggraph17_from_torch(state: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
    """Weights of `siggraph17` from the checkpoint ``siggraph17-df00044c.pth``.

    Parameters
    ----------
    state : mapping
        The state dict: 98 arrays, and 9 counters that may be absent.

    Returns
    -------
    dict
        Names of weights to float32 arrays.

    Raises
    ------
    WeightsError
        With the first differences in names and shapes.
    """
    return _from_torch("siggraph17", SIGGRAPH17, state, {})


@np.errstate(over="ignore", invalid="ignore")  # what comes of it is refused at the end
def eccv16_from_caffe(layers: Mapping[str, Sequence[NDArray[Any]]]) -> dict[str, Array]:
    """Weights of `eccv16` from ``colorization_release_v2.caffemodel`` and its like.

    Parameters
    ----------
    layers : mapping
        Names of layers to their blobs. Layers of other names are left alone, as Caffe does: a
        training net's, which prepared its data, are in its file too.

    Returns
    -------
    dict
        Names of weights to float32 arrays. Caffe's network took lightness in -50..50, and kept
        sums with the number of terms for means and variances.

    Raises
    ------
    WeightsError
        With the first differences in names and shapes, or when the classes have other colours.
    """
    wanted = {layer.name for layer in ECCV16} | {"conv8_313_rh", "class8_ab"}
    blobs = {
        f"{name}[{i}]": _flat(blob)
        for name, stored in layers.items()
        if name in wanted
        for i, blob in enumerate(stored)
    }
    required = _scaled(_caffe_shapes(ECCV16), blobs.get("bw_conv1_1[0]"))
    decoder = {"conv8_313_rh[0]": (313,), "class8_ab[0]": (2, 313, 1, 1), "class8_ab[1]": (2,)}
    check_fit(blobs, required, _verdict("eccv16"), decoder)
    if "class8_ab[0]" in blobs:
        _check_bins(blobs["class8_ab[0]"], "class8_ab", unit=1)

    tensors: dict[str, Array] = {}
    for layer in ECCV16:
        numbers = [blobs[f"{layer.name}[{i}]"] for i in range(3 if layer.is_norm else 2)]
        tensors |= _named(layer, _statistics(*numbers) if layer.is_norm else numbers)
    tensors["bw_conv1_1/kernel"] *= 100
    return _finite(tensors)


@np.errstate(over="ignore", invalid="ignore")
def _from_torch(
    network: str,
    layers: Sequence[Layer],
    state: Mapping[str, NDArray[Any]],
    decoder: Mapping[str, Shape],
) -> dict[str, Array]:
    required = _scaled(_torch_shapes(layers), state.get("model1.0.weight")) | dict(decoder)
    counters = {f"{layer.module}.num_batches_tracked": () for layer in layers if layer.is_norm}
    check_fit(state, required, _verdict(network), counters)
    tensors: dict[str, Array] = {}
    for layer in layers:
        numbers = [state[f"{layer.module}.{part}"] for part in _torch_parts(layer)]
        tensors |= _named(layer, numbers)
    return _finite(tensors)


def _torch_parts(layer: Layer) -> tuple[str, ...]:
    statistics = ("running_mean", "running_var") if layer.is_norm else ()
    return ("weight", "bias", *statistics)


def _torch_shapes(layers: Iterable[Layer]) -> dict[str, Shape]:
    return {
        f"{layer.module}.{part}": layer.shape if part == "weight" else (layer.outputs,)
        for layer in layers
        for part in _torch_parts(layer)
    }


def _caffe_shapes(layers: Iterable[Layer]) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for layer in layers:
        shapes |= {f"{layer.name}[0]": layer.shape, f"{layer.name}[1]": (layer.outputs,)}
        if layer.is_norm:
            shapes[f"{layer.name}[2]"] = (1,)
    return shapes


def _scaled(shapes: Mapping[str, Shape], first: NDArray[Any] | None) -> dict[str, Shape]:
    """Shapes of a network whose first kernel has that many outputs where 64 were published."""
    unit = 64 if first is None or not first.shape else first.shape[0]
    # Classes, inputs and sides of kernels are no multiples of 64; all widths are.
    return {
        name: tuple(n * unit // 64 if n % 64 == 0 else n for n in shape)
        for name, shape in shapes.items()
    }


def _flat(blob: NDArray[Any]) -> NDArray[Any]:
    """A vector for the (1, 1, 1, n) that Caffe wrote for one."""
    return blob.reshape(-1) if set(blob.shape[:-1]) <= {1} else blob


def _verdict(network: str) -> str:
    return f"these are not the weights of the published network {network!r}"


def _check_bins(decoder: NDArray[Any], name: str, unit: float) -> None:
    """Refuse a network whose classes are other colours, or the same in another order."""
    bins = gamut_bins() / unit
    colours = decoder[:, :, 0, 0].T
    right = (np.abs(colours - bins) < 0.5 / unit).all(axis=1)  # float16 is near enough
    if not right.all():
        q = int(right.argmin())
        a, b = (float(value) * unit for value in colours[q])
        raise WeightsError(
            f"{np.sum(~right)} of the 313 colours in {name!r} are not those of the published "
            f"network: class {q} is ab ({a:g}, {b:g}), not ({gamut_bins()[q, 0]:g}, "
            f"{gamut_bins()[q, 1]:g})"
        )


def _named(layer: Layer, numbers: Sequence[NDArray[Any]]) -> dict[str, Array]:
    """Numbers in Keras' order and layout, under its names."""
    parts = NORM_PARTS if layer.is_norm else CONV_PARTS
    if not layer.is_norm:
        numbers = [numbers[0].transpose(2, 3, 1, 0), numbers[1]]
    return {
        f"{layer.name}/{part}": np.array(values, np.float32, order="C")
        for part, values in zip(parts, numbers, strict=True)
    }


def _statistics(
    means: NDArray[Any], variances: NDArray[Any], count: NDArray[Any]
) -> list[NDArray[Any]]:
    """What a normalisation of Caffe's comes to; 0 terms give 0, as there."""
    share = 1 / count[0] if count[0] else 0 * count[0]
    return [np.ones_like(means), np.zeros_like(means), means * share, variances * share]


def _finite(tensors: dict[str, Array]) -> dict[str, Array]:
    for name, values in tensors.items():
        if not np.isfinite(values).all():
            raise WeightsError(f"{name!r} has infinite numbers or NaN; the file is damaged")
    return tensors
