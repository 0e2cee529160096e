"""Weights in .caffemodel files, read without Caffe.

A file is one protobuf message: a net, of layers, of blobs, of numbers. What else it says of the
layers is skipped. The numbers of fields are those of ``caffe.proto``.
"""

import math
import os
import reprlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import WeightsError
from colorkit.weights.protobuf import Message

NAME_AND_BLOBS = {100: (1, 7), 2: (4, 6)}
"""Fields of a net that are layers, of today's kind and the old one: their name, their blobs."""

OLD_SHAPE = (1, 2, 3, 4)
"""Fields of a blob that are its axes in old files."""

MAX_AXES = 32
"""As in Caffe."""


def read(path: str | os.PathLike[str]) -> dict[str, list[NDArray[np.floating[Any]]]]:
    """Read the blobs of every layer of a .caffemodel file.

    Parameters
    ----------
    path : str or path
        The file, with layers of either kind (``LayerParameter``, ``V1LayerParameter``).

    Returns
    -------
    dict
        Names of layers to their blobs, float32 or float64, in the file's order. Shapes are those
        stored: old files have four axes for everything, ``(1, 1, 1, N)`` for a bias. Layers
        without blobs are left out.

    Raises
    ------
    WeightsError
        When the file cannot be read, is no .caffemodel file, is cut short, or does not add up.
    """
    try:
        content = np.memmap(path, np.uint8, mode="r").data
        layers = _layers(Message(content))
        if not layers:
            raise ValueError("not a .caffemodel file: no layer with blobs was found")
        return layers
    except (OSError, OverflowError, ValueError) as error:
        raise WeightsError(f"cannot read weights from {os.fspath(path)!r}: {error}") from error


def _layers(net: Message) -> dict[str, list[NDArray[Any]]]:
    layers: dict[str, list[NDArray[Any]]] = {}
    for number, _, value in net:
        if number in NAME_AND_BLOBS:
            name, blobs = _layer(net.inner(value), *NAME_AND_BLOBS[number])
            if blobs and name in layers:
                raise ValueError(f"two layers are named {reprlib.repr(name)}")
            if blobs:
                layers[name] = blobs
    return layers


def _layer(layer: Message, name_field: int, blobs_field: int) -> tuple[str, list[NDArray[Any]]]:
    name = ""
    blobs = []
    for number, _, value in layer:
        if number == name_field and not isinstance(value, int):
            name = str(value, "utf-8")
        elif number == blobs_field:
            blobs.append(layer.inner(value))
    return name, [_blob(name, blob) for blob in blobs]


def _blob(layer: str, blob: Message) -> NDArray[Any]:
    old_shape: dict[int, int] = {}
    shape: list[int] = []
    singles, doubles = bytearray(), bytearray()
    for field in blob:
        match field:
            case (axis, 0, int(size)) if axis in OLD_SHAPE:
                old_shape[axis] = size
            case (7, 2, value):
                shape += _axes(blob.inner(value))
            case (5, 2 | 5, memoryview() as data):
                singles += data
            case (8, 2 | 1, memoryview() as data):
                doubles += data
    if old_shape:
        shape = [old_shape.get(axis, 0) for axis in OLD_SHAPE]
    dtype = np.dtype("<f8" if doubles else "<f4")
    values = np.frombuffer(doubles or singles, dtype)
    if len(shape) > MAX_AXES or math.prod(shape) != len(values):
        raise ValueError(
            f"a blob of layer {reprlib.repr(layer)} has shape {tuple(shape[:MAX_AXES])} "
            f"but {len(values)} numbers"
        )
    return values.astype(dtype.newbyteorder("="), copy=False).reshape(shape)


def _axes(shape: Message) -> list[int]:
    axes: list[int] = []
    for field in shape:
        match field:
            case (1, 0, int(size)):
                axes.append(size)
            case (1, 2, value):
                axes += shape.inner(value).varints()
    return axes
