"""A look at a TFLite file before LiteRT loads it: whole, and of harmless operators only."""

import math
import os
import struct
from collections.abc import Iterator, Sequence

from colorkit.backends.flatbuffer import Table
from colorkit.errors import BackendError

# Numbers of fields in TensorFlow Lite's schema.fbs.
MODEL_CODES, MODEL_SUBGRAPHS, MODEL_BUFFERS = 1, 2, 4
CODE_DEPRECATED, CODE_BUILTIN = 0, 3
SUBGRAPH_TENSORS, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, SUBGRAPH_OPERATORS = 0, 1, 2, 3
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER = 0, 1, 2
OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS = 0, 1, 2
BUFFER_DATA, BUFFER_OFFSET, BUFFER_SIZE = 0, 1, 2

MAX_ELEMENTS = 2**28
"""Numbers in one tensor: a gigabyte of floats."""

BYTES = {0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 9: 1, 16: 2}
"""Of one number of each type: float32, float16, int32, uint8, int64, bool, int16, int8, uint16."""

OPERATORS = {
    "ADD": 0, "AVERAGE_POOL_2D": 1, "CONCATENATION": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4,
    "DEPTH_TO_SPACE": 5, "DEQUANTIZE": 6, "FULLY_CONNECTED": 9, "LOGISTIC": 14, "MAX_POOL_2D": 17,
    "MUL": 18, "RELU": 19, "RELU_N1_TO_1": 20, "RELU6": 21, "RESHAPE": 22, "RESIZE_BILINEAR": 23,
    "SOFTMAX": 25, "SPACE_TO_DEPTH": 26, "TANH": 28, "PAD": 34, "GATHER": 36,
    "BATCH_TO_SPACE_ND": 37, "SPACE_TO_BATCH_ND": 38, "TRANSPOSE": 39, "MEAN": 40, "SUB": 41,
    "DIV": 42, "SQUEEZE": 43, "STRIDED_SLICE": 45, "EXP": 47, "SPLIT": 49, "LOG_SOFTMAX": 50,
    "CAST": 53, "PRELU": 54, "MAXIMUM": 55, "MINIMUM": 57, "NEG": 59, "PADV2": 60, "SLICE": 65,
    "TRANSPOSE_CONV": 67, "EXPAND_DIMS": 70, "LOG": 73, "SUM": 74, "SQRT": 75, "RSQRT": 76,
    "SHAPE": 77, "POW": 78, "REDUCE_MAX": 82, "PACK": 83, "REDUCE_MIN": 89, "FLOOR_DIV": 90,
    "SQUARE": 92, "FLOOR_MOD": 95, "RESIZE_NEAREST_NEIGHBOR": 97, "LEAKY_RELU": 98,
    "SQUARED_DIFFERENCE": 99, "MIRROR_PAD": 100, "ABS": 101, "SPLIT_V": 102, "ELU": 111,
    "QUANTIZE": 114, "HARD_SWISH": 117, "BATCH_MATMUL": 126, "BROADCAST_TO": 130, "GELU": 150,
}  # fmt: skip
"""Arithmetic on tensors. Left out are custom operators, which bring code of their own, and those
with variables, tables, random numbers or other graphs inside."""

_CODES = frozenset(OPERATORS.values())
_SHAPE_KEEPING = frozenset(
    OPERATORS[name] for name in ("DEQUANTIZE", "QUANTIZE", "CAST", "RELU", "RELU6", "SOFTMAX")
)


def screen(model: bytes, source: str | os.PathLike[str]) -> None:
    """Refuse a file that is damaged, or does more than arithmetic.

    Parameters
    ----------
    model : bytes
        The whole TFLite file.
    source : str or path
        Its name, for messages.

    Raises
    ------
    BackendError
        When it should not be loaded.
    """
    try:
        for fault in _faults(Table.root(model)):
            raise BackendError(f"{os.fspath(source)!r} is not loaded: {fault}")
    except (ValueError, struct.error) as error:
        raise BackendError(f"{os.fspath(source)!r} is a damaged TFLite file: {error}") from error


def _faults(root: Table) -> Iterator[str]:
    codes = [_code(table) for table in root.tables(MODEL_CODES)]
    for code in codes:
        if code not in _CODES:
            yield f"its operator number {code} is none of those that colorkit allows"
    sizes = [_size(table) for table in root.tables(MODEL_BUFFERS)]
    for graph in root.tables(MODEL_SUBGRAPHS):
        yield from _faults_of_graph(graph, codes, sizes)


def _size(buffer: Table) -> int:
    """How many bytes a buffer has: in the FlatBuffer or, as quantizers write it, behind its end."""
    size, end = buffer.number(BUFFER_SIZE, "<Q"), len(buffer.data)
    if buffer.number(BUFFER_OFFSET, "<Q") + size > end:
        raise ValueError(f"a buffer reaches beyond byte {end}")
    return size or buffer.extent(BUFFER_DATA)


def _faults_of_graph(graph: Table, codes: Sequence[int], sizes: Sequence[int]) -> Iterator[str]:
    tensors = graph.tables(SUBGRAPH_TENSORS)
    shapes = [tuple(tensor.numbers(TENSOR_SHAPE)) for tensor in tensors]
    for tensor, shape in zip(tensors, shapes, strict=True):
        yield from _faults_of_tensor(tensor, shape, sizes)
    ends = *graph.numbers(SUBGRAPH_INPUTS), *graph.numbers(SUBGRAPH_OUTPUTS)
    if not _are_tensors(ends, len(tensors)):
        yield "an input or output is missing"
    for operator in graph.tables(SUBGRAPH_OPERATORS):
        inputs, outputs = operator.numbers(OPERATOR_INPUTS), operator.numbers(OPERATOR_OUTPUTS)
        code = operator.number(OPERATOR_CODE, "<I")
        if code >= len(codes):
            yield "an operator's kind is missing"
        elif not _are_tensors((*inputs, *outputs), len(tensors)):
            yield "an operator's tensor is missing"
        elif codes[code] in _SHAPE_KEEPING:
            kept = {shapes[index] for index in (*inputs[:1], *outputs)}
            if len(kept) > 1:
                yield f"an operator that keeps shapes has {sorted(kept)}"


def _faults_of_tensor(tensor: Table, shape: tuple[int, ...], sizes: Sequence[int]) -> Iterator[str]:
    count, buffer = math.prod(shape), tensor.number(TENSOR_BUFFER, "<I")
    kind = tensor.number(TENSOR_TYPE, "<b")
    if min(shape, default=0) < 0 or count > MAX_ELEMENTS:
        yield f"a tensor has the shape {shape}"
    if kind not in BYTES:
        yield f"a tensor has the type number {kind}"
    elif buffer >= len(sizes):
        yield "a tensor's buffer is missing"
    elif sizes[buffer] not in (0, count * BYTES[kind]):
        yield f"a tensor of the shape {shape} has {sizes[buffer]} bytes"


def _are_tensors(indices: Sequence[int], count: int) -> bool:
    """-1 stands for an input that is left out."""
    return all(-1 <= index < count for index in indices)


def _code(table: Table) -> int:
    """Old files store small codes in the deprecated field, new ones in both."""
    return max(table.number(CODE_DEPRECATED, "<b"), table.number(CODE_BUILTIN, "<i"))
