"""Colour profiles (ICC.1) of curves and a matrix, read as numbers."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Curve = Callable[[Array], Array]

_MAX_BYTES = 2**22
_D50 = (0.9642, 1.0, 0.8249)

# Parametric curves: how many numbers each type has.
_COUNTS = (1, 3, 4, 5, 7)


class Profile:
    """A profile taken apart.

    Parameters
    ----------
    data : bytes
        All of it.

    Attributes
    ----------
    data : bytes
        All of it.
    kind : str
        What a picture's channels are: "GRAY", "RGB", "CMYK", "Lab", ...
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > _MAX_BYTES:
            raise ValueError(f"it has {len(data)} bytes, more than {_MAX_BYTES}")
        if data[36:40] != b"acsp" or len(data) < 132:
            raise ValueError("it is not an ICC profile")
        self.data = data
        self.kind = data[16:20].decode("ascii").strip()
        self._speaks_lab = data[20:24] == b"Lab "
        self._tags: dict[bytes, bytes] = {}
        count = min(_int(data, 128), (len(data) - 132) // 12)
        for name, start, length in struct.iter_unpack(">4sII", data[132 : 132 + 12 * count]):
            self._tags[name] = data[start : start + length]

    @property
    def has_matrix(self) -> bool:
        """Whether it says by three curves and a matrix what RGB means."""
        return {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} <= set(self._tags)

    def gray_curve(self) -> Curve:
        """From gray in [0, 1] to luminance."""
        curve = self._curve(b"kTRC")
        return (lambda code: _luminance(curve(code))) if self._speaks_lab else curve

    def curves(self) -> tuple[Curve, Curve, Curve]:
        """From red, green and blue in [0, 1] to linear light."""
        return self._curve(b"rTRC"), self._curve(b"gTRC"), self._curve(b"bTRC")

    def matrix(self) -> Array:
        """From linear light to CIE XYZ relative to D50, ``(3, 3)``."""
        columns = [self._numbers(name, 8, 3) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        matrix = np.array(columns).T
        if np.abs(matrix.sum(axis=1) - _D50).max() > 0.05:
            raise ValueError("its white is not white")
        return matrix

    def _curve(self, name: bytes) -> Curve:
        data = self._tag(name)
        if data[:4] == b"para":
            return self._parametric(name, int.from_bytes(data[8:10], "big"))
        if data[:4] != b"curv":
            raise ValueError(f"its curve {name!r} is of an unknown type {data[:4]!r}")
        table = np.frombuffer(data, ">u2", _int(data, 8), 12)
        if len(table) == 0:
            return lambda code: code
        if len(table) == 1:
            gamma = table[0] / 256
            return lambda code: np.power(code, gamma)
        places = np.linspace(0, 1, len(table))
        return lambda code: np.interp(code, places, table / 65535)

    def _parametric(self, name: bytes, type: int) -> Curve:
        if type >= len(_COUNTS):
            raise ValueError(f"its curve {name!r} is of an unknown type {type}")
        given = self._numbers(name, 12, _COUNTS[type])
        g, a, b, c, d, e, f = [*given, *(1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)[len(given) :]]
        if type in (1, 2):  # above -b/a the power, with c added, below it c alone
            d, e, f, c = -b / a, c, c, 0.0

        def curve(code: Array) -> Array:
            power = np.power(np.maximum(a * code + b, 0), g) + e
            return np.clip(np.where(code >= d, power, c * code + f), 0, 1)

        return curve

    def _numbers(self, name: bytes, start: int, count: int) -> tuple[float, ...]:
        """Numbers in 16.16 bits."""
        values = struct.unpack_from(f">{count}i", self._tag(name), start)
        return tuple(value / 65536 for value in values)

    def _tag(self, name: bytes) -> bytes:
        if name not in self._tags:
            raise ValueError(f"it has no {name.decode()!r}")
        return self._tags[name]


def _int(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + 4], "big")


def _luminance(lightness: Array) -> Array:
    """Luminance of an L* in [0, 1]."""
    fy = (100 * lightness + 16) / 116
    return np.where(fy > 6 / 29, fy**3, (fy - 4 / 29) * 3 * (6 / 29) ** 2)
