"""Checkpoints of PyTorch, read without PyTorch, and without running anything that they hold.

Two containers are read. The zip archives of PyTorch 1.6 and later hold ``data.pkl``, a pickle
that describes tensors, and one record for each storage, the numbers that tensors look at. Older
files are five pickles, then the storages, one after the other.
"""

import io
import math
import os
import re
import reprlib
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import WeightsError
from colorkit.weights import pickles

MAX_PICKLE = 16 * 2**20
"""Longest pickle in bytes: one of 1000 tensors takes 200 kB."""

MAX_RECORDS = 100_000
"""Most records of a zip archive."""

MAX_DIMENSIONS = 64
"""As in NumPy."""

MAX_SHARING = 4
"""How many times the file's size all tensors may take, as they may look at the same numbers."""

LEGACY_MARK = 0x1950A86A20F9469CFC6C
LEGACY_VERSION = 1001

NESTED = ("state_dict", "model", "params_ema", "params")
"""Where training checkpoints keep the network, the best first."""

Fetch = Callable[[str], memoryview]


@dataclass(frozen=True)
class _Kind:
    """The kind of a storage: how its items are stored, little-endian."""

    dtype: str
    bfloat16: bool = False

    @property
    def item_size(self) -> int:
        return np.dtype(self.dtype).itemsize


KINDS = {
    "FloatStorage": _Kind("<f4"),
    "DoubleStorage": _Kind("<f8"),
    "HalfStorage": _Kind("<f2"),
    "BFloat16Storage": _Kind("<u2", bfloat16=True),
    "LongStorage": _Kind("<i8"),
    "IntStorage": _Kind("<i4"),
    "ShortStorage": _Kind("<i2"),
    "CharStorage": _Kind("<i1"),
    "ByteStorage": _Kind("<u1"),
    "BoolStorage": _Kind("?"),
}


@dataclass(frozen=True)
class _Storage:
    kind: _Kind
    key: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    """A tensor whose numbers are not read yet. Offset and strides count items."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def size(self) -> int:
        """What its numbers take, in bytes."""
        return math.prod(self.shape) * self.storage.kind.item_size


def read(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read the tensors of a PyTorch checkpoint.

    Parameters
    ----------
    path : str or path
        A file that ``torch.save`` wrote: a ``state_dict``, or a dict with one under
        ``state_dict``, ``model``, ``params_ema`` or ``params``.

    Returns
    -------
    dict
        Names to arrays of the stored shapes and dtypes, in the file's order; bfloat16 becomes
        float32. ``module.``, which ``DataParallel`` puts before every name, is taken away.

    Raises
    ------
    WeightsError
        When the file cannot be read, is no checkpoint, is damaged, or holds anything but tensors.
        Nothing that it names is imported or run.
    """
    try:
        content = np.memmap(path, np.uint8, mode="r").data
        zipped = bytes(content[:2]) == b"PK"
        root, fetch = _open_zip(path, content) if zipped else _open_legacy(content)
        tensors = _state_dict(root)
        _check(tensors, len(content))
        return {name: _array(name, tensor, fetch) for name, tensor in tensors.items()}
    except (OSError, OverflowError, ValueError) as error:
        raise WeightsError(f"cannot read weights from {os.fspath(path)!r}: {error}") from error


def _open_zip(path: str | os.PathLike[str], content: memoryview) -> tuple[object, Fetch]:
    records = _records(path, content)
    top = next((name[:-8] for name in records if re.fullmatch(r"([^/]+/)?data\.pkl", name)), None)
    if top is None or f"{top}constants.pkl" in records:
        raise ValueError("the archive holds no state_dict; save one with torch.save")

    def fetch(name: str) -> memoryview:
        if top + name not in records:
            raise ValueError(f"the archive lacks {reprlib.repr(top + name)}")
        return _stored(records[top + name], content)

    if f"{top}byteorder" in records and bytes(fetch("byteorder")) != b"little":
        raise ValueError("it was saved by a big-endian machine, which is not supported")
    stream = io.BytesIO(fetch("data.pkl")[:MAX_PICKLE])
    root = pickles.load(stream, NAMES, _storage)
    return root, lambda key: fetch(f"data/{key}")


def _records(path: str | os.PathLike[str], content: memoryview) -> dict[str, zipfile.ZipInfo]:
    entries = re.finditer(rb"PK\x01\x02", content)
    if next(islice(entries, MAX_RECORDS, None), None):
        raise ValueError(f"the archive has more than {MAX_RECORDS} records")
    try:
        with zipfile.ZipFile(path) as archive:
            return {info.filename: info for info in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, struct.error) as error:
        raise ValueError(f"the archive is damaged or cut short: {error}") from error


def _stored(info: zipfile.ZipInfo, content: memoryview) -> memoryview:
    """The bytes of a record, where they stand in the file."""
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise ValueError(
            f"record {info.filename!r} is compressed or encrypted; PyTorch does neither"
        )
    header = bytes(content[info.header_offset :][:30])
    if len(header) < 30 or header[:4] != b"PK\3\4":
        raise ValueError(f"record {info.filename!r} is not where the archive says")
    begin = info.header_offset + 30 + sum(struct.unpack("<HH", header[26:]))
    data = content[begin : begin + info.file_size]
    if zlib.crc32(data) != info.CRC:
        raise ValueError(f"record {info.filename!r} is damaged")
    return data


def _open_legacy(content: memoryview) -> tuple[object, Fetch]:
    if bytes(content[257:262]) == b"ustar":
        raise ValueError(
            "it is a tar archive, PyTorch's format of before 2017 perhaps; "
            "load it with PyTorch, and save it again"
        )
    storages: dict[str, _Storage] = {}
    stream = io.BytesIO(content[:MAX_PICKLE])

    def load() -> object:
        return pickles.load(stream, NAMES, lambda saved: _note(storages, _storage(saved)))

    if load() != LEGACY_MARK or load() != LEGACY_VERSION:
        raise ValueError("it is a pickle, but no checkpoint of PyTorch")
    system, root, keys = load(), load(), load()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ValueError("it was saved by a big-endian machine, which is not supported")
    data = _split(content[stream.tell() :], keys, storages)

    def fetch(key: str) -> memoryview:
        if key not in data:
            raise ValueError(f"storage {reprlib.repr(key)} is missing")
        return data[key]

    return root, fetch


def _note(storages: dict[str, _Storage], storage: _Storage) -> _Storage:
    """Remember a storage; all that is said of it must agree."""
    if storages.setdefault(storage.key, storage) != storage:
        raise ValueError(f"storage {reprlib.repr(storage.key)} is described twice, differently")
    return storage


def _split(
    content: memoryview, keys: object, storages: dict[str, _Storage]
) -> dict[str, memoryview]:
    """The bytes of each storage; they must fill the file, each behind its length."""
    data = {}
    for key in keys if isinstance(keys, list) else ():
        if not isinstance(key, str) or key not in storages:
            raise ValueError(f"storage {reprlib.repr(key)} belongs to no tensor")
        count = int.from_bytes(content[:8], "little")
        size = count * storages[key].kind.item_size
        if len(content) < 8 + size:
            raise ValueError(f"it is cut short in storage {reprlib.repr(key)}")
        data[key], content = content[8 : 8 + size], content[8 + size :]
    if content:
        raise ValueError(f"{len(content)} bytes are left behind its last storage")
    return data


def _storage(saved: object) -> _Storage:
    match saved:
        case ("storage", _Kind() as kind, str(key), _, int(count), *view) if view in ([], [None]):
            return _Storage(kind, key, count)
    raise ValueError("its pickle refers to something that is no storage")


def _tensor(arguments: tuple[Any, ...]) -> _Tensor:
    match arguments:
        case (_Storage() as storage, offset, tuple(shape), tuple(strides), bool(), dict()):
            return _Tensor(storage, offset, shape, strides)
    raise ValueError("its pickle builds a tensor in an unknown way")


def _parameter(arguments: tuple[Any, ...]) -> _Tensor:
    match arguments:
        case (_Tensor() as tensor, bool(), dict()):
            return tensor
    raise ValueError("its pickle builds a parameter in an unknown way")


def _ordered(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    """An OrderedDict: empty, or, from Python 2, of a list of ``[key, value]``."""
    items: dict[Any, Any] = {}
    match arguments:
        case () | ([*_],):
            for pair in arguments[0] if arguments else ():
                pickles.merge(items, pair if isinstance(pair, list) else [pair])
            return items
    raise ValueError("its pickle builds an OrderedDict in an unknown way")


def _size(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    match arguments:
        case (tuple(sizes),):
            return sizes
    raise ValueError("its pickle builds a torch.Size in an unknown way")


NAMES: dict[str, object] = {
    "collections OrderedDict": _ordered,
    "torch Size": _size,
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch._utils _rebuild_parameter": _parameter,
    **{f"torch {name}": kind for name, kind in KINDS.items()},
}
"""All that a checkpoint may name."""


def _state_dict(root: object) -> dict[str, _Tensor]:
    if not isinstance(root, dict):
        raise ValueError(f"it holds a {_type(root)} without names; save a state_dict()")
    found = next((root[key] for key in NESTED if isinstance(root.get(key), dict)), root)
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, _Tensor):
            raise ValueError(
                f"{reprlib.repr(name)} is a {_type(value)} in what should be "
                "a dict of tensors; save the network's state_dict()"
            )
    if not found:
        raise ValueError("it holds no tensors")
    if all(name.startswith("module.") for name in found):
        return {name.removeprefix("module."): tensor for name, tensor in found.items()}
    return found


def _type(value: object) -> str:
    return type(value).__name__.lstrip("_")


def _check(tensors: dict[str, _Tensor], size: int) -> None:
    """Every tensor must stay inside its storage, and all together must be of the file's size."""
    for name, tensor in tensors.items():
        numbers = (tensor.storage.count, tensor.offset, *tensor.shape, *tensor.strides)
        if any(type(n) is not int or n < 0 for n in numbers):
            raise ValueError(f"tensor {reprlib.repr(name)} has a negative or broken size")
        if len(tensor.shape) != len(tensor.strides) or len(tensor.shape) > MAX_DIMENSIONS:
            raise ValueError(
                f"tensor {reprlib.repr(name)} has {len(tensor.shape)} dimensions "
                f"and {len(tensor.strides)} strides"
            )
        steps = zip(tensor.shape, tensor.strides, strict=True)
        end = tensor.offset + sum((n - 1) * stride for n, stride in steps) + 1
        if 0 not in tensor.shape and end > tensor.storage.count:
            raise ValueError(
                f"tensor {reprlib.repr(name)} reaches beyond the "
                f"{tensor.storage.count} numbers of its storage"
            )
    total = sum(tensor.size for tensor in tensors.values())
    if total > MAX_SHARING * size:
        raise ValueError(f"its tensors would take {total} bytes, but it has {size}")


def _array(name: str, tensor: _Tensor, fetch: Fetch) -> NDArray[Any]:
    kind = tensor.storage.kind
    data = fetch(tensor.storage.key)
    if len(data) != tensor.storage.count * kind.item_size:
        raise ValueError(
            f"the storage of tensor {reprlib.repr(name)} has {len(data)} bytes, "
            f"expected {tensor.storage.count} numbers"
        )
    if 0 in tensor.shape:
        return np.empty(tensor.shape, np.float32 if kind.bfloat16 else kind.dtype)
    stored = np.ndarray(
        tensor.shape,
        kind.dtype,
        buffer=data,
        offset=tensor.offset * kind.item_size,
        strides=[stride * kind.item_size for stride in tensor.strides],
    )
    if kind.bfloat16:  # the upper half of a float32
        return (stored.astype(np.uint32, order="C") << 16).view(np.float32)
    return stored.astype(stored.dtype.newbyteorder("="), order="C")
