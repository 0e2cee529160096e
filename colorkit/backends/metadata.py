"""What a TFLite file of ours says of itself, in a metadata buffer of its own."""

import json
import math
import os
import struct
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from colorkit.errors import BackendError

BUFFER = b"COLORKIT"
"""Name of the buffer that holds the metadata, as JSON."""

IDENTIFIER = b"TFL3"
MAX_BYTES = 2**16
MAX_ENTRIES = 1000

# Numbers of fields in TensorFlow Lite's schema.fbs.
MODEL_BUFFERS, MODEL_METADATA = 4, 6
METADATA_NAME, METADATA_BUFFER = 0, 1
BUFFER_DATA = 0

Output = Literal["logits", "ab"]


@dataclass(frozen=True)
class Metadata:
    """How a network in a TFLite file wants to be used, and where it comes from.

    Its signature ``colorize`` takes ``lightness`` ``(N, h, w, 1)`` float32 in 0..100.

    Attributes
    ----------
    name : str
        Of the network.
    output : {"logits", "ab"}
        Of the signature: ``logits`` on the 313 ab bins at temperature 1, or ``ab`` in Lab units.
    stride : int
        Sides of the input are multiples of this.
    size : int
        Preferred short side of the input, in pixels.
    temperature : float or None
        Of the annealed mean inside, where the output is ab.
    precision : str
        Of the weights: "float32", "float16" or "int8-weights".
    license : str
        Of the weights, as an SPDX expression.
    weights_sha256 : str
        Of the file that the weights were read from; empty when they came from memory.
    colorkit : str
        Version of colorkit that made the file.
    """

    name: str
    output: Output
    stride: int
    size: int
    temperature: float | None
    precision: str
    license: str
    weights_sha256: str
    colorkit: str

    def __post_init__(self) -> None:
        if self.output not in get_args(Output):
            raise ValueError(f"output must be one of {get_args(Output)}; received {self.output!r}")
        for name in ("stride", "size"):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= 4096:
                raise ValueError(f"{name} must be a whole number in 1..4096; received {value!r}")
        for name in ("name", "precision", "license", "weights_sha256", "colorkit"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be a string; received {getattr(self, name)!r}")
        temperature = self.temperature
        if temperature is not None and not (
            isinstance(temperature, int | float) and 0 < temperature < math.inf
        ):
            raise ValueError(f"temperature must be a positive number; received {temperature!r}")


def read_metadata(model: bytes, source: str | os.PathLike[str]) -> Metadata:
    """What a file says of itself.

    Parameters
    ----------
    model : bytes
        The whole TFLite file.
    source : str or path
        Its name, for messages.

    Raises
    ------
    BackendError
        When it is no TFLite file, or not one that colorkit exported.
    """
    if model[4:8] != IDENTIFIER:
        raise BackendError(f"{os.fspath(source)!r} is not a TFLite file")
    try:
        text = _find(model)
    except (IndexError, ValueError, struct.error) as error:
        raise BackendError(f"{os.fspath(source)!r} is a damaged TFLite file: {error}") from error
    if text is None:
        raise BackendError(
            f"{os.fspath(source)!r} carries no colorkit metadata, so that its input and output "
            f"are unknown; export it with colorkit.export_tflite"
        )
    try:
        values = json.loads(text)
        known = {field.name for field in fields(Metadata)}
        # A later colorkit may write more than this one knows.
        return Metadata(**{key: value for key, value in values.items() if key in known})
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        raise BackendError(
            f"the colorkit metadata of {os.fspath(source)!r} cannot be used: {error}"
        ) from error


def write_metadata(model: bytes, metadata: Metadata) -> bytes:
    """The same TFLite file with metadata in it, in place of any that it held."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    class AlignedBuffer(schema.BufferT):  # type: ignore[misc]
        """The schema asks for numbers at multiples of 16 bytes; its generated code forgets it."""

        def Pack(self, builder: Any) -> Any:  # noqa: N802  # the generated name
            if self.data is None:
                return super().Pack(builder)
            builder.Prep(16, len(self.data))
            data = builder.CreateByteVector(self.data)
            schema.BufferStart(builder)
            schema.BufferAddData(builder, data)
            return schema.BufferEnd(builder)

    content = schema.ModelT.InitFromPackedBuf(model, 0)
    others = [old for old in content.metadata or [] if old.name != BUFFER]
    content.buffers = [AlignedBuffer(_numbers(model, old)) for old in content.buffers]
    content.buffers.append(AlignedBuffer(json.dumps(asdict(metadata)).encode()))
    content.metadata = [*others, schema.MetadataT(BUFFER, len(content.buffers) - 1)]
    builder = flatbuffers.Builder(len(model) + MAX_BYTES)
    builder.Finish(content.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _numbers(model: bytes, buffer: Any) -> bytes | None:
    """What a buffer holds, inside the FlatBuffer or, as quantizers write it, behind its end."""
    if buffer.offset > 1:
        return model[buffer.offset : buffer.offset + buffer.size]
    return None if buffer.data is None else bytes(buffer.data)


def _find(model: bytes) -> bytes | None:
    """The content of the metadata buffer.

    Walks the FlatBuffer itself: that takes no package, and the generated code takes 10 ms to
    import.
    """
    root = _follow(model, 0)
    buffers = _vector(model, root, MODEL_BUFFERS)
    entries = _vector(model, root, MODEL_METADATA)
    if len(entries) > MAX_ENTRIES:
        raise ValueError(f"{len(entries)} pieces of metadata, at most {MAX_ENTRIES}")
    for entry in entries:
        table = _follow(model, entry)
        if _text(model, table, METADATA_NAME) == BUFFER:
            slot = _field(model, table, METADATA_BUFFER)
            index = 0 if slot is None else _number("<I", model, slot)
            return _text(model, _follow(model, buffers[index]), BUFFER_DATA)
    return None


def _text(model: bytes, table: int, field: int) -> bytes:
    """A field that holds bytes, at most as many as metadata may have."""
    slot = _field(model, table, field)
    if slot is None:
        return b""
    start = _follow(model, slot)
    length = _number("<I", model, start)
    if length > MAX_BYTES:
        raise ValueError(f"{length} bytes of text, at most {MAX_BYTES}")
    return model[start + 4 : start + 4 + length]


def _vector(model: bytes, table: int, field: int) -> range:
    """Where the elements of a vector of tables are kept."""
    slot = _field(model, table, field)
    if slot is None:
        return range(0)
    start = _follow(model, slot)
    return range(start + 4, start + 4 + 4 * _number("<I", model, start), 4)


def _field(model: bytes, table: int, field: int) -> int | None:
    """Where a table keeps a field, or None where it has its default."""
    vtable = table - _number("<i", model, table)
    slot = 4 + 2 * field
    offset = _number("<H", model, vtable + slot) if slot < _number("<H", model, vtable) else 0
    return table + offset if offset else None


def _follow(model: bytes, position: int) -> int:
    return position + _number("<I", model, position)


def _number(kind: str, model: bytes, position: int) -> int:
    if position < 0:
        raise ValueError(f"an offset points to {position}")
    return int(struct.unpack_from(kind, model, position)[0])
