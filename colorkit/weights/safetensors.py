"""Weights in .safetensors files: numbers with names, and nothing in them that could run.

A file is the length of its header (8 bytes, little-endian), the header (JSON: dtype, shape and
place of every tensor), and the numbers themselves, one tensor after the other.
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.atomic import write_atomically
from colorkit.errors import WeightsError

Array = NDArray[np.float32]

MAX_HEADER = 100_000_000
"""Longest header in bytes that is read, as in the reference implementation."""

ITEM_SIZES = {"F32": 4, "F16": 2, "BF16": 2}

DTYPES: dict[type, str] = {np.float32: "F32", np.float16: "F16"}


def read(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read every tensor of a .safetensors file.

    Parameters
    ----------
    path : str or path
        The file. Its tensors may be F32, F16 or BF16.

    Returns
    -------
    dict
        Names to float32 arrays of the stored shapes, in the file's order.

    Raises
    ------
    WeightsError
        When the file cannot be read, is no .safetensors file, is cut short, or holds anything
        that does not add up.
    """
    try:
        content = memoryview(Path(path).read_bytes())
        header, data = _split(content)
        places = _places(header, len(data))
        return {name: _tensor(entry, data) for name, entry in places.items()}
    except (OSError, OverflowError, ValueError) as error:
        raise WeightsError(f"cannot read weights from {os.fspath(path)!r}: {error}") from error


def _split(content: memoryview) -> tuple[dict[str, Any], memoryview]:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(MAX_HEADER, len(content) - 8):
        raise ValueError(
            f"not a .safetensors file, or cut short: {len(content)} bytes, header of {length}"
        )
    try:
        header = json.loads(str(content[8 : 8 + length], "utf-8"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError("the header is nested too deeply") from error
    if not isinstance(header, dict):
        raise ValueError(f"the header must be a JSON object; received {type(header).__name__}")
    header.pop("__metadata__", None)
    return header, content[8 + length :]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("the header names a tensor twice")
    return entries


def _places(header: dict[str, Any], size: int) -> dict[str, dict[str, Any]]:
    """The entries in the order of their data, which must fill the file without gap or overlap."""
    for name, entry in header.items():
        _check_entry(name, entry)
    ordered = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    position = 0
    for name, entry in ordered:
        begin, end = entry["data_offsets"]
        if begin != position:
            raise ValueError(f"tensor {name!r} begins at byte {begin}, expected {position}")
        position = end
    if position != size:
        raise ValueError(f"its tensors take {position} bytes, but it holds {size}")
    return dict(ordered)


def _check_entry(name: str, entry: Any) -> None:
    if not name or not isinstance(entry, dict):
        raise ValueError(f"the header's entry {name!r} describes no tensor: {entry!r}")
    keys = ("dtype", "shape", "data_offsets")
    dtype, shape, offsets = (entry.get(key, ()) for key in keys)
    if not isinstance(dtype, str) or dtype not in ITEM_SIZES:
        raise ValueError(f"tensor {name!r} has dtype {dtype!r}; known are {', '.join(ITEM_SIZES)}")
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or any(type(n) is not int or n < 0 for n in numbers):
            raise ValueError(f"tensor {name!r} has shape {shape!r} at bytes {offsets!r}")
    if len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * ITEM_SIZES[dtype]:
        raise ValueError(f"tensor {name!r} of shape {shape} does not fit bytes {offsets}")


def _tensor(entry: dict[str, Any], data: memoryview) -> Array:
    begin, end = entry["data_offsets"]
    stored = data[begin:end]
    if entry["dtype"] == "BF16":  # the upper half of a float32
        bits = np.frombuffer(stored, "<u2").astype(np.uint32) << 16
        values = bits.view(np.float32)
    else:
        values = np.frombuffer(stored, f"<f{ITEM_SIZES[entry['dtype']]}").astype(np.float32)
    return values.reshape(entry["shape"])


def write(path: str | os.PathLike[str], tensors: Mapping[str, NDArray[np.floating[Any]]]) -> None:
    """Write tensors into a .safetensors file, whole or not at all.

    Parameters
    ----------
    path : str or path
        The file, replaced if it exists.
    tensors : mapping
        Names to float32 or float16 arrays; stored in this order, in their dtype.

    Raises
    ------
    WeightsError
        When an array has another dtype, or the file cannot be written.
    """
    header: dict[str, Any] = {}
    position = 0
    for name, values in tensors.items():
        if values.dtype.type not in DTYPES:
            raise WeightsError(
                f"tensor {name!r} must be float32 or float16 to be stored; received {values.dtype}"
            )
        end = position + values.nbytes
        dtype = DTYPES[values.dtype.type]
        header[name] = {"dtype": dtype, "shape": values.shape, "data_offsets": (position, end)}
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # keeps the numbers aligned, as the format asks
    numbers = (v.astype(v.dtype.newbyteorder("<")).tobytes() for v in tensors.values())
    try:
        write_atomically(path, b"".join([len(text).to_bytes(8, "little"), text, *numbers]))
    except OSError as error:
        raise WeightsError(f"cannot write weights to {os.fspath(path)!r}: {error}") from error
