"""From Keras to TFLite: the conversion itself, and smaller weights."""

import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from colorkit.backends.metadata import Output
from colorkit.bins import PUBLISHED_TEMPERATURE, gamut_bins
from colorkit.errors import ExportError
from colorkit.export.verify import first_line
from colorkit.networks import call

if TYPE_CHECKING:
    import keras

Precision = Literal["float32", "float16", "int8-weights", "int8-dynamic"]

INPUTS = ("lightness", "hints", "mask")
"""Of the signature, in the order of the model's; a network without hints has the first alone."""

SMALLEST_INT8 = 2**14
"""Numbers in the smallest kernel that becomes int8. Rounding the smaller ones too, which stand in
the first layers, would save a tenth of the file and put colours four times as far off (lite)."""


def convert(model: "keras.Model", size: tuple[int, int] | None, output: Output) -> bytes:
    """Turn a functional Keras model into a TFLite file with a signature ``colorize``.

    Parameters
    ----------
    model : keras.Model
        From lightness, and perhaps hints and mask, to logits, or to ab and logits; on TensorFlow.
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

    sides = (1, *size) if size else (None, None, None)
    signature = [
        keras.InputSpec(shape=(*sides, it.shape[-1]), dtype="float32", name=name)
        for name, it in zip(INPUTS, model.inputs, strict=False)
    ]
    archive = keras.export.ExportArchive()
    try:
        twin = _twin(model)
        archive.track(twin)
        archive.add_endpoint("colorize", _endpoint(twin, output), input_signature=signature)
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


def _endpoint(model: "keras.Model", output: Output) -> Callable[..., dict[str, Any]]:
    import tensorflow as tf

    def answer(*inputs: Any) -> dict[str, Any]:
        maps = call(model, inputs)
        if output == "ab":
            # A 1x1 convolution keeps four dimensions, and with them the delegate.
            logits = maps.pop("logits")
            if "ab" not in maps:
                annealed = tf.nn.softmax(logits / PUBLISHED_TEMPERATURE)
                maps["ab"] = tf.nn.conv2d(annealed, gamut_bins()[None, None], 1, "SAME")
        return maps

    return answer


def _twin(model: "keras.Model") -> "keras.Model":
    """The same model of layers that can be traced for unknown sizes, and stay one operator then."""
    import keras
    import tensorflow as tf

    class Resize(keras.layers.UpSampling2D):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return tf.image.resize(inputs, tf.shape(inputs)[1:3] * self.size, "bilinear")

    class Dilated(keras.layers.Conv2D):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            x = tf.nn.conv2d(inputs, self.kernel, 1, "SAME", dilations=self.dilation_rate)
            return self.activation(x + self.bias if self.use_bias else x)

    class Doubled(keras.layers.Conv2DTranspose):  # type: ignore[misc]
        """Of 4 x 4 and stride 2, as one 2 x 2 convolution whose channels are then set apart.

        Row 2p of the result is ``x[p-1] k[3] + x[p] k[1]``, row 2p+1 ``x[p] k[2] + x[p+1] k[0]``,
        and so are columns. Delegates do not run a transposed convolution of unknown size.
        """

        def call(self, inputs: Any) -> Any:
            taps = [(3, 1), (2, 0)]
            kernels = [
                tf.gather(tf.gather(self.kernel, rows, axis=0), columns, axis=1)
                for rows in taps
                for columns in taps
            ]
            kernel = tf.concat([tf.transpose(it, (0, 1, 3, 2)) for it in kernels], axis=-1)
            padded = tf.pad(inputs, [(0, 0), (1, 1), (1, 1), (0, 0)])
            whole = tf.nn.conv2d(padded, kernel, 1, "VALID")
            a, b, c, d = tf.split(whole, 4, axis=-1)
            phases = [a[:, :-1, :-1], b[:, :-1, 1:], c[:, 1:, :-1], d[:, 1:, 1:]]
            x = tf.nn.depth_to_space(tf.concat(phases, axis=-1), 2)
            return self.activation(x + self.bias if self.use_bias else x)

    def kind(layer: Any) -> Any:
        if isinstance(layer, keras.layers.UpSampling2D) and layer.interpolation == "bilinear":
            return Resize
        if getattr(layer, "padding", None) != "same":
            return type(layer)
        if type(layer) is keras.layers.Conv2D and max(layer.dilation_rate) > 1:
            return Dilated
        if type(layer) is keras.layers.Conv2DTranspose:
            doubles = (layer.kernel_size, layer.strides) == ((4, 4), (2, 2))
            return Doubled if doubles else type(layer)
        return type(layer)

    def clone(layer: Any) -> Any:
        return kind(layer).from_config(layer.get_config())

    twin = keras.models.clone_model(model, clone_function=clone)
    twin.set_weights(model.get_weights())
    return twin


def shrink_weights(model: bytes, precision: Precision) -> bytes:
    """Store the weights of a float32 TFLite file in fewer bits.

    Arithmetic stays float32, but for "int8-dynamic": there the large convolutions multiply in 8
    bits, with a scale for each picture.
    """
    if precision == "float32":
        return model
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.quantizer import AlgorithmName, Quantizer

    work = Quantizer(model)
    every = (".*", qtyping.TFLOperationName.ALL_SUPPORTED)
    if precision == "float16":
        work.add_weight_only_config(*every, 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
    else:
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
    result = work.quantize(enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)
