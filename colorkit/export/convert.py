"""From Keras to TFLite: the conversion itself."""

import tempfile
from typing import TYPE_CHECKING, Any

from colorkit.backends.metadata import Metadata, signature_names
from colorkit.errors import ExportError
from colorkit.export.endpoint import endpoint
from colorkit.export.source import Source
from colorkit.export.verify import first_line

if TYPE_CHECKING:
    import keras


def convert(origin: Source, metadata: Metadata) -> bytes:
    """Turn a network into a float32 TFLite file.

    Its signature is ``colorize``, or for several sizes ``colorize_256x384`` and so on, which share
    the weights.

    Parameters
    ----------
    origin : Source
        A functional model on TensorFlow.
    metadata : Metadata
        What the file is to be.

    Raises
    ------
    ExportError
        When TensorFlow or its converter cannot do it.
    """
    import tensorflow as tf

    from colorkit.export.twin import twin

    names = list(signature_names(metadata))
    try:
        archive = _archive(twin(origin.model), origin, metadata)
        with tempfile.TemporaryDirectory() as folder:
            archive.write_out(folder, verbose=False)
            converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=names)
            return bytes(converter.convert())
    except Exception as error:  # converters raise what they like
        raise ExportError(
            f"network {origin.model.name!r} cannot be converted: {first_line(error)}"
        ) from error


def _archive(model: "keras.Model", origin: Source, metadata: Metadata) -> Any:
    """A saved model with an endpoint for each signature."""
    import keras

    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, size in signature_names(metadata).items():
        sides = (1, *size) if size else (None, None, None)
        if metadata.interface == "lightness":
            signature = [
                keras.InputSpec(shape=(*sides, it.shape[-1]), dtype="float32", name=given)
                for given, it in zip(origin.inputs, model.inputs, strict=True)
            ]
        else:
            channels = 3 if metadata.interface == "rgb" else 1
            signature = [keras.InputSpec(shape=(*sides, channels), dtype="uint8", name="image")]
        archive.add_endpoint(name, endpoint(model, metadata), input_signature=signature)
    return archive
