"""What a TFLite file of ours says of itself, in a metadata buffer of its own."""

import json
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from colorkit.backends.flatbuffer import Table
from colorkit.errors import BackendError

BUFFER = b"COLORKIT"
"""Name of the buffer that holds the metadata, as JSON."""

IDENTIFIER = b"TFL3"
MAX_BYTES = 2**16

# Numbers of fields in TensorFlow Lite's schema.fbs.
MODEL_BUFFERS, MODEL_METADATA = 4, 6
METADATA_NAME, METADATA_BUFFER = 0, 1
BUFFER_DATA = 0

COLOUR_SPACE = "CIE L*a*b* of sRGB, white D65, 2-degree observer"

Output = Literal["logits", "ab", "rgb"]
Interface = Literal["lightness", "gray", "rgb"]


@dataclass(frozen=True)
class Metadata:
    """What an exported file is, how it wants to be used, and where it comes from.

    Attributes
    ----------
    name : str
        Of the network.
    output : {"logits", "ab", "rgb"}
        ``logits`` on ab bins at temperature 1, ``ab`` in Lab units (two channels for each colour,
        best first), or 8-bit colours of a picture.
    stride : int
        Sides of what the network sees are multiples of this.
    size : int
        Preferred short side of what the network sees, in pixels.
    temperature : float or None
        Of the annealed mean inside; None where it is left open.
    precision : str
        As for `colorkit.export_tflite`.
    license : str
        Of the weights, as an SPDX expression.
    weights_sha256 : str
        Of the file that the weights were read from; empty when they came from memory.
    colorkit : str
        Version of colorkit that made the file.
    interface : {"lightness", "gray", "rgb"}
        What goes in: ``lightness``, or 8-bit pictures.
    sizes : tuple of tuple of int
        Heights and widths of the input that the file is bound to; none where it takes any.
    ranges : mapping
        The least and the greatest value of each input, by its name.
    bins : tuple of tuple of float
        The colour ``(a, b)`` of each class of the network's logits, in Lab units; none where it
        gives ab alone.
    caution : float or None
        How far chroma fades inside where the network is undecided; None where it does not.
    colour_space : str
        What lightness, a and b are.
    quantization : str
        How it was done, in words; empty where nothing was.
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
    interface: Interface = "lightness"
    sizes: tuple[tuple[int, int], ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    bins: tuple[tuple[float, float], ...] = ()
    caution: float | None = None
    colour_space: str = COLOUR_SPACE
    quantization: str = ""

    def __post_init__(self) -> None:
        for name, choices in (("output", get_args(Output)), ("interface", get_args(Interface))):
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"{name} must be one of {choices}; received {value!r}")
        for name in ("stride", "size"):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= 4096:
                raise ValueError(f"{name} must be a whole number in 1..4096; received {value!r}")
        for name in ("name", "precision", "license", "weights_sha256", "colorkit"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be a string; received {getattr(self, name)!r}")
        if not all(_is_size(size) for size in self.sizes):
            raise ValueError(f"sizes must be heights and widths; received {self.sizes!r}")
        temperature = self.temperature
        if temperature is not None and not (
            isinstance(temperature, int | float) and 0 < temperature < math.inf
        ):
            raise ValueError(f"temperature must be a positive number; received {temperature!r}")


def _is_size(size: object) -> bool:
    return isinstance(size, tuple) and len(size) == 2 and all(type(n) is int for n in size)


def signature_names(metadata: Metadata) -> dict[str, tuple[int, int] | None]:
    """A file's signatures, and the size that each is bound to."""
    if len(metadata.sizes) > 1:
        return {f"colorize_{height}x{width}": (height, width) for height, width in metadata.sizes}
    return {"colorize": metadata.sizes[0] if metadata.sizes else None}


def frozen(value: Any) -> Any:
    """JSON's lists as tuples, however deep."""
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    return tuple(map(frozen, value)) if isinstance(value, list) else value


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
        return Metadata(**{key: frozen(value) for key, value in values.items() if key in known})
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
    """The content of the metadata buffer; the generated code would take 10 ms to import."""
    root = Table.root(model)
    for entry in root.tables(MODEL_METADATA):
        if entry.content(METADATA_NAME, MAX_BYTES) == BUFFER:
            buffers = root.tables(MODEL_BUFFERS)
            return buffers[entry.number(METADATA_BUFFER, "<I")].content(BUFFER_DATA, MAX_BYTES)
    return None
