"""A Keras network as one ONNX file: converted, named, compared, put in place."""

import json
import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from colorkit.backends.metadata import Metadata
from colorkit.errors import ExportError
from colorkit.export import pictures, verify
from colorkit.export.endpoint import endpoint
from colorkit.export.plan import NetworkOutput, Size, plan
from colorkit.export.report import ExportReport
from colorkit.export.source import (
    Source,
    WeightsForm,
    check_packages,
    check_path,
    put,
    sample_sizes,
    source,
)
from colorkit.export.views import Arrays, Network

if TYPE_CHECKING:
    import keras
    from onnx import ModelProto

OPSET = 17
"""Old enough for every runtime of the last years, new enough for all that is needed."""

PACKAGES = {
    "tf2onnx": "tf2onnx",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "skimage": "scikit-image",
}


def export_onnx(
    path: str | os.PathLike[str],
    network: "str | keras.Model",
    *,
    size: Size | None = None,
    output: NetworkOutput = "logits",
    temperature: float | None = None,
    photos: pictures.Paths = (),
    force: bool = False,
    **weights: Unpack[WeightsForm],
) -> ExportReport:
    """Write a network as one ONNX file, float32, for ONNX Runtime, OpenCV 5 and others.

    The file's input ``lightness`` is ``(N, h, w, 1)`` float32 in 0..100. Padding is written out, so
    that all runtimes agree. Before the file is put in place, it is run by ONNX Runtime beside
    Keras; one that deviates is not written.

    Parameters
    ----------
    path : str or path
        The file, ending in ``.onnx``; replaced if it exists.
    network, size, output, temperature, photos, force, weights, license
        As for `export_tflite`; one size at most.

    Returns
    -------
    ExportReport
        Size, operators and deviation.

    Raises
    ------
    ExportError
        As for `export_tflite`.
    """
    path = Path(path)
    check_path(path, ".onnx")
    check_packages(PACKAGES, "ONNX", "onnx")
    origin = source(network, **weights)
    metadata = plan(origin, size=size, output=output, temperature=temperature)
    if len(metadata.sizes) > 1:
        raise ExportError(f"an ONNX file has one size, or takes any; received {size!r}")
    model = _convert(origin, metadata)
    content = model.SerializeToString()
    seen = pictures.load(photos, metadata.sizes or sample_sizes(origin))
    wanted = verify.answers(origin.model, metadata, seen)
    deviation = verify.compare(wanted, _runner(content), metadata, seen)
    if not force:
        verify.check(deviation, metadata.precision)
    put(path, content)
    used = Counter(node.op_type for node in model.graph.node)
    return ExportReport(path, len(content), dict(used.most_common()), deviation)


def _convert(origin: Source, metadata: Metadata) -> "ModelProto":
    """The network with its metadata, as the checker of ONNX wants it."""
    import onnx
    import tensorflow as tf
    import tf2onnx

    from colorkit.export.twin import twin

    sides = (1, *metadata.sizes[0]) if metadata.sizes else (None, None, None)
    signature = [
        tf.TensorSpec((*sides, it.shape[-1]), tf.float32, name=name)
        for name, it in zip(origin.inputs, origin.model.inputs, strict=True)
    ]
    try:
        model = twin(origin.model, explicit=True)
        function = tf.function(endpoint(model, metadata), input_signature=signature)
        converted, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
        _name(converted, metadata)
        onnx.checker.check_model(converted, full_check=True)
    except Exception as error:  # converters raise what they like
        raise ExportError(
            f"network {origin.model.name!r} cannot be converted: {verify.first_line(error)}"
        ) from error
    return converted


def _name(model: "ModelProto", metadata: Metadata) -> None:
    """Replace a converter's names of sizes and of itself by ours, and add the metadata."""
    for values, sides in (
        (model.graph.input, ("N", "h", "w")),
        (model.graph.output, ("N", "h_out", "w_out")),
    ):
        for value in values:
            for dimension, name in zip(value.type.tensor_type.shape.dim, sides, strict=False):
                if not dimension.dim_value:
                    dimension.dim_param = name
    del model.opset_import[1:]  # domains of which no operator is used
    model.graph.name = metadata.name
    for key, value in asdict(metadata).items():
        text = value if isinstance(value, str) else json.dumps(value)
        model.metadata_props.add(key=key, value=text)


def _runner(content: bytes) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [it.name for it in session.get_outputs()]

    def run(inputs: Arrays) -> Arrays:
        return dict(zip(names, session.run(names, inputs), strict=True))

    return run
