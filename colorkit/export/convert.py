"""From Keras to TFLite: the conversion itself, and smaller weights."""

import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from colorkit.backends.metadata import Output
from colorkit.bins import PUBLISHED_TEMPERATURE, gamut_bins
from colorkit.errors import ExportError
from colorkit.export.verify import first_line

if TYPE_CHECKING:
    import keras

Precision = Literal["float32", "float16", "int8-weights"]

SMALLEST_INT8 = 2**14
"""Numbers in the smallest kernel that becomes int8. Rounding the smaller ones too, which stand in
the first layers, would save a tenth of the file and put colours four times as far off (lite)."""


def convert(model: "keras.Model", size: tuple[int, int] | None, output: Output) -> bytes:
    """Turn a functional Keras model into a TFLite file with a signature ``colorize``.

    Parameters
    ----------
    model : keras.Model
        From lightness to logits, on TensorFlow.
    size : tuple of int or None
        Height and width, or None for any size and any number of pictures.
    output : {"logits", "ab"}
        What the signature gives.

    Raises
    ------
    ExportError
        When TensorFlow or its converter cannot do it.
    """
    import keras
    import tensorflow as tf

    shape = (1, *size, 1) if size else (None, None, None, 1)
    spec = keras.InputSpec(shape=shape, dtype="float32", name="lightness")
    archive = keras.export.ExportArchive()
    try:
        twin = _twin(model)
        archive.track(twin)
        archive.add_endpoint("colorize", _endpoint(twin, output), input_signature=[spec])
        with tempfile.TemporaryDirectory() as folder:
            archive.write_out(folder, verbose=False)
            converter = tf.lite.TFLiteConverter.from_saved_model(
                folder, signature_keys=["colorize"]
            )
            return bytes(converter.convert())
    except Exception as error:  # converters raise what they like
        raise ExportError(
            f"network {model.name!r} cannot be converted: {first_line(error)}"
        ) from error


def _endpoint(model: "keras.Model", output: Output) -> Callable[[Any], dict[str, Any]]:
    import tensorflow as tf

    def logits(lightness: Any) -> dict[str, Any]:
        return {"logits": model(lightness, training=False)}

    def ab(lightness: Any) -> dict[str, Any]:
        annealed = tf.nn.softmax(model(lightness, training=False) / PUBLISHED_TEMPERATURE)
        # A 1x1 convolution keeps four dimensions, and with them the delegate.
        return {"ab": tf.nn.conv2d(annealed, gamut_bins()[None, None], 1, "SAME")}

    return logits if output == "logits" else ab


def _twin(model: "keras.Model") -> "keras.Model":
    """The same model with an upsampling that can be traced for unknown sizes."""
    import keras
    import tensorflow as tf

    class Resize(keras.layers.UpSampling2D):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return tf.image.resize(inputs, tf.shape(inputs)[1:3] * self.size, "bilinear")

    def clone(layer: Any) -> Any:
        enlarges = isinstance(layer, keras.layers.UpSampling2D)
        kind = Resize if enlarges and layer.interpolation == "bilinear" else type(layer)
        return kind.from_config(layer.get_config())

    twin = keras.models.clone_model(model, clone_function=clone)
    twin.set_weights(model.get_weights())
    return twin


def shrink_weights(model: bytes, precision: Precision) -> bytes:
    """Store the weights of a float32 TFLite file in fewer bits; its arithmetic stays float32."""
    if precision == "float32":
        return model
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.quantizer import AlgorithmName, Quantizer

    work = Quantizer(model)
    every = (".*", qtyping.TFLOperationName.ALL_SUPPORTED)
    if precision == "float16":
        work.add_weight_only_config(*every, 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
    else:
        weights = qtyping.TensorQuantizationConfig(
            num_bits=8, granularity=qtyping.QuantGranularity.CHANNELWISE
        )
        work.update_quantization_recipe(
            *every,
            qtyping.OpQuantizationConfig(
                weight_tensor_config=weights,
                explicit_dequantize=True,
                min_weight_elements=SMALLEST_INT8,
            ),
        )
    result = work.quantize(enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)
