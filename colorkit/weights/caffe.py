"""Weights in .caffemodel files, read without Caffe.

A file is one protobuf message: a net, of layers, of blobs, of numbers. What else it says of the
layers is skipped. The numbers of fields are those of ``caffe.proto``.
"""

import math
import os
import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import WeightsError

Value = int | memoryview

NAME_AND_BLOBS = {100: (1, 7), 2: (4, 6)}
"""Fields of a net that are layers, of today's kind and the old one: their name, their blobs."""

OLD_SHAPE = (1, 2, 3, 4)
"""Fields of a blob that are its axes in old files."""

MAX_AXES = 32
"""As in Caffe."""

MAX_FIELDS = 1_000_000
"""Most fields of a file; a net of 500 layers has about 50 000."""


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
        layers = _layers(_Message(content))
        if not layers:
            raise ValueError("not a .caffemodel file: no layer with blobs was found")
        return layers
    except (OSError, OverflowError, ValueError) as error:
        raise WeightsError(f"cannot read weights from {os.fspath(path)!r}: {error}") from error


class _Budget:
    """How many fields may still be read, in a message and all inside it."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ValueError(f"it has more than {MAX_FIELDS} fields")


class _Message:
    """The fields of a message, one after the other."""

    def __init__(self, content: memoryview, budget: _Budget | None = None) -> None:
        self.content = content
        self.budget = budget or _Budget(MAX_FIELDS)
        self.position = 0

    def inner(self, value: Value) -> "_Message":
        if isinstance(value, int):
            raise ValueError("a number stands where a message is expected")
        return _Message(value, self.budget)

    def __iter__(self) -> Iterator[tuple[int, int, Value]]:
        """Give number, storage and value of each field."""
        while self.position < len(self.content):
            self.budget.spend()
            number, storage = divmod(self.varint(), 8)
            yield number, storage, self.value(storage)

    def value(self, storage: int) -> Value:
        match storage:
            case 0:
                return self.varint()
            case 1:
                return self.take(8)
            case 2:
                return self.take(self.varint())
            case 5:
                return self.take(4)
        raise ValueError(f"it is damaged: no field is stored in way {storage}")

    def varint(self) -> int:
        """An integer, seven bits in a byte, the lowest first."""
        value = 0
        for shift in range(0, 70, 7):
            [byte] = self.take(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("it is damaged: an integer takes more than 10 bytes")

    def take(self, size: int) -> memoryview:
        end = self.position + size
        if end > len(self.content):
            raise ValueError(f"it is damaged or cut short: {size} bytes are missing at its end")
        taken, self.position = self.content[self.position : end], end
        return taken

    def varints(self) -> Iterator[int]:
        """Integers without anything between them."""
        while self.position < len(self.content):
            self.budget.spend()
            yield self.varint()


def _layers(net: _Message) -> dict[str, list[NDArray[Any]]]:
    layers: dict[str, list[NDArray[Any]]] = {}
    for number, _, value in net:
        if number in NAME_AND_BLOBS:
            name, blobs = _layer(net.inner(value), *NAME_AND_BLOBS[number])
            if blobs and name in layers:
                raise ValueError(f"two layers are named {reprlib.repr(name)}")
            if blobs:
                layers[name] = blobs
    return layers


def _layer(layer: _Message, name_field: int, blobs_field: int) -> tuple[str, list[NDArray[Any]]]:
    name = ""
    blobs = []
    for number, _, value in layer:
        if number == name_field and not isinstance(value, int):
            name = str(value, "utf-8")
        elif number == blobs_field:
            blobs.append(layer.inner(value))
    return name, [_blob(name, blob) for blob in blobs]


def _blob(layer: str, blob: _Message) -> NDArray[Any]:
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


def _axes(shape: _Message) -> list[int]:
    axes: list[int] = []
    for field in shape:
        match field:
            case (1, 0, int(size)):
                axes.append(size)
            case (1, 2, value):
                axes += shape.inner(value).varints()
    return axes
