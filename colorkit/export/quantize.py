"""Smaller weights, and arithmetic in 8 bits, for TFLite files."""

import io
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from colorkit.backends.metadata import Metadata
from colorkit.export.endpoint import SCOPE

if TYPE_CHECKING:
    import keras

Precision = Literal["float32", "float16", "int8-weights", "int8-dynamic", "int8"]
Samples = Mapping[str, Sequence[Mapping[str, NDArray[Any]]]]
"""Inputs by name, several times for each signature."""

SMALLEST_INT8 = 2**14
"""Numbers in the smallest kernel that becomes int8 while its input stays float. Rounding the
smaller ones too, which stand in the first layers, would save a tenth of the file and put colours
four times as far off (lite)."""

FIRST_LARGE = 2**12
"""Numbers in the kernel with which int8 and float16 begin. Before it channels are few, and what is
rounded there is felt everywhere: colours would be three and four times as far off (lite)."""

_LARGE = f"kernels of {SMALLEST_INT8} numbers and more int8 per channel, symmetric"
DESCRIPTIONS: dict[Precision, str] = {
    "float32": "",
    "float16": f"weights float16, from the first kernel of {FIRST_LARGE} numbers on; arithmetic "
    "float32",
    "int8-weights": f"{_LARGE}; arithmetic float32",
    "int8-dynamic": f"{_LARGE}; their products in int8, activations scaled for each picture",
    "int8": "weights int8 per channel, symmetric, activations int8, calibrated; float32 are the "
    f"layers before the first kernel of {FIRST_LARGE} numbers, and those that give the answer",
}


def quantize(model: bytes, metadata: Metadata, network: "keras.Model", samples: Samples) -> bytes:
    """Store the weights of a float32 TFLite file in fewer bits.

    Arithmetic stays float32, but for "int8-dynamic", where the large convolutions multiply in 8
    bits, and "int8", where the whole network does, up to the layer that gives its answer. Of a file
    that takes pictures, only the network's operators change.

    Parameters
    ----------
    model : bytes
        The float32 file.
    metadata : Metadata
        Of the file that is wanted.
    network : keras.Model
        What the file was converted from.
    samples : mapping
        What "int8" is calibrated on.
    """
    if metadata.precision == "float32":
        return model
    from ai_edge_quantizer.quantizer import Quantizer

    work = Quantizer(model)
    scope = ".*" if metadata.interface == "lightness" else f"(^|;){SCOPE}/"
    if metadata.precision == "int8":
        _static(work, network)
    else:
        _weights(work, scope, metadata.precision)
    if metadata.precision == "float16":
        _leave(work, _first_layers(network))
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):  # progress bars
        warnings.simplefilter("ignore")  # that it uses memory, and that some channels are 0
        ranges = work.calibrate(samples, num_threads=2) if work.need_calibration else None
        result = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _weights(work: Any, scope: str, precision: str) -> None:
    """Weights alone, each layer's input staying float."""
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.quantizer import AlgorithmName

    every = (scope, qtyping.TFLOperationName.ALL_SUPPORTED)
    if precision == "float16":
        work.add_weight_only_config(*every, 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
        return
    dynamic = precision == "int8-dynamic"
    weights = qtyping.TensorQuantizationConfig(
        num_bits=8, granularity=qtyping.QuantGranularity.CHANNELWISE
    )
    work.update_quantization_recipe(
        *every,
        qtyping.OpQuantizationConfig(
            weight_tensor_config=weights,
            compute_precision=qtyping.ComputePrecision["INTEGER" if dynamic else "FLOAT"],
            explicit_dequantize=not dynamic,
            min_weight_elements=SMALLEST_INT8,
        ),
    )


def _static(work: Any, network: "keras.Model") -> None:
    """Weights and what flows between layers, but for the two ends of the network."""
    from ai_edge_quantizer import qtyping

    every = qtyping.TFLOperationName.ALL_SUPPORTED
    work.add_static_config(f"(^|;){SCOPE}/", every, activation_num_bits=8, weight_num_bits=8)
    _leave(work, {*_first_layers(network), *_last_layers(network)})


def _leave(work: Any, layers: Iterable[str]) -> None:
    """Keep layers in float32."""
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.quantizer import AlgorithmName

    work.update_quantization_recipe(
        rf"/({'|'.join(layers)})(_\d+)?/",
        qtyping.TFLOperationName.ALL_SUPPORTED,
        algorithm_key=AlgorithmName.NO_QUANTIZE,
    )


def _first_layers(network: "keras.Model") -> Iterator[str]:
    """Names of the layers before the first large kernel."""
    for layer in network.layers:
        if any(math.prod(weight.shape) >= FIRST_LARGE for weight in layer.weights):
            return
        yield layer.name


def _last_layers(network: "keras.Model") -> Iterator[str]:
    """Names of the layers that give the answers, back to the last weights."""
    pending = [output._keras_history.operation for output in network.outputs]
    while pending:
        layer = pending.pop()
        yield layer.name
        if not layer.weights:
            pending.append(layer.input._keras_history.operation)
