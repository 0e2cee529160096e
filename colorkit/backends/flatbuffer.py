"""FlatBuffers read field by field, every step inside the file: no package, no trust."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

MAX_ELEMENTS = 100_000
"""Of a vector of tables or numbers: that of a damaged file may go on and on."""


@dataclass(frozen=True)
class Table:
    """A table in a FlatBuffer; fields have the numbers of its schema.

    Whatever the bytes are, methods answer or raise ValueError or struct.error.
    """

    data: bytes
    position: int

    @classmethod
    def root(cls, data: bytes) -> "Table":
        """The outermost table."""
        return cls(data, _follow(data, 0))

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """A field that holds a number of a `struct` kind, such as ``"<I"``."""
        slot = self._slot(field)
        return default if slot is None else _number(kind, self.data, slot)

    def content(self, field: int, limit: int) -> bytes:
        """A field that holds bytes or text, at most as many as that."""
        start, count = self._vector(field)
        if count > limit:
            raise ValueError(f"{count} bytes of text, at most {limit}")
        return self.data[start : start + count]

    def extent(self, field: int) -> int:
        """How many bytes a field holds, all of them in the file."""
        start, count = self._vector(field)
        if start + count > len(self.data):
            raise ValueError(f"{count} bytes at {start} reach beyond the end")
        return count

    def numbers(self, field: int) -> Sequence[int]:
        """A field that holds a vector of int32."""
        start, count = self._vector(field)
        return struct.unpack_from(f"<{_checked(count)}i", self.data, start)

    def tables(self, field: int) -> Sequence["Table"]:
        """A field that holds a vector of tables."""
        start, count = self._vector(field)
        slots = range(start, start + 4 * _checked(count), 4)
        return [Table(self.data, _follow(self.data, slot)) for slot in slots]

    def _vector(self, field: int) -> tuple[int, int]:
        """Where its elements begin, and how many there are."""
        slot = self._slot(field)
        if slot is None:
            return 0, 0
        start = _follow(self.data, slot)
        return start + 4, _number("<I", self.data, start)

    def _slot(self, field: int) -> int | None:
        """Where a field is kept, or None where it has its default."""
        vtable = self.position - _number("<i", self.data, self.position)
        slot = 4 + 2 * field
        if slot >= _number("<H", self.data, vtable):
            return None
        offset = _number("<H", self.data, vtable + slot)
        return self.position + offset if offset else None


def _checked(count: int) -> int:
    if count > MAX_ELEMENTS:
        raise ValueError(f"{count} elements, at most {MAX_ELEMENTS}")
    return count


def _follow(data: bytes, position: int) -> int:
    return position + _number("<I", data, position)


def _number(kind: str, data: bytes, position: int) -> int:
    if position < 0:
        raise ValueError(f"an offset points to {position}")
    return int(struct.unpack_from(kind, data, position)[0])
