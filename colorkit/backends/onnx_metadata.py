"""What an ONNX file of ours says of itself, and whether all of it is there."""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Literal, get_origin

from colorkit.backends.metadata import Metadata, frozen
from colorkit.errors import BackendError
from colorkit.weights.protobuf import Message

STRINGS = frozenset(
    field.name
    for field in fields(Metadata)
    if field.type is str or get_origin(field.type) is Literal
)
"""What stands in a file as it is; all else is JSON."""

# Numbers of fields in onnx.proto, by message: those that lead to tensors, and what they hold.
_LEADS = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 10: "tensor", 6: "graph", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_MODEL_METADATA, _KEY, _VALUE = 14, 1, 2
_ELSEWHERE = (13, 14)
"""Fields of a tensor whose numbers are in another file: colorkit writes neither."""


def read_metadata(model: bytes, source: str) -> Metadata:
    """What an ONNX file says of itself.

    Parameters
    ----------
    model : bytes
        The whole file.
    source : str
        Its name, for messages.

    Raises
    ------
    BackendError
        When it is no ONNX file, refers to data elsewhere, or is not one that colorkit exported.
    """
    try:
        if _refers_elsewhere(model):
            raise BackendError(
                f"{source!r} keeps numbers in other files, which are not read; export it with "
                f"colorkit.export_onnx"
            )
        texts = dict(_entries(model))
    except ValueError as error:
        raise BackendError(f"{source!r} is not an ONNX file, or damaged: {error}") from error
    known = {field.name for field in fields(Metadata)}
    if "stride" not in texts:
        raise BackendError(
            f"{source!r} carries no colorkit metadata, so that its input and output are unknown; "
            f"export it with colorkit.export_onnx"
        )
    try:
        return Metadata(**{key: _value(key, text) for key, text in texts.items() if key in known})
    except (RecursionError, TypeError, ValueError) as error:
        raise BackendError(
            f"the colorkit metadata of {source!r} cannot be used: {error}"
        ) from error


def _value(key: str, text: str) -> Any:
    return text if key in STRINGS else frozen(json.loads(text))


def _refers_elsewhere(model: bytes) -> bool:
    """Whether any tensor, however deep, names a file for its data."""
    pending = [("model", Message(memoryview(model)))]
    while pending:
        kind, message = pending.pop()
        for number, _, value in message:
            if kind == "tensor" and number in _ELSEWHERE:
                return True
            if number in _LEADS[kind]:
                pending.append((_LEADS[kind][number], message.inner(value)))
    return False


def _entries(model: bytes) -> Iterator[tuple[str, str]]:
    whole = Message(memoryview(model))
    for number, _, value in whole:
        if number == _MODEL_METADATA:
            parts = {n: str(v, "utf-8") for n, _, v in whole.inner(value) if not isinstance(v, int)}
            yield parts.get(_KEY, ""), parts.get(_VALUE, "")
