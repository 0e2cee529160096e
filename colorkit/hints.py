"""Colours that a person gives at points of a picture."""

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from colorkit import lab
from colorkit.atomic import write_atomically
from colorkit.backends.base import HintMap
from colorkit.errors import FileError, HintError
from colorkit.resize import Frame

Colour = str | tuple[int, int, int] | tuple[float, float]

VERSION = 1
"""Of the file format."""

MAX_HINTS = 1000
MAX_BYTES = 1_000_000
"""Of a file of hints; both are far above what a person points at."""

LARGEST = 1e9
"""Of a row, a column or a radius, in pixels."""

FORMS = "'#rrggbb', (red, green, blue) in whole numbers 0..255, or (a, b) in -128..128"


@dataclass(frozen=True)
class Hint:
    """A colour at a point.

    Parameters
    ----------
    row, column : float
        Of the point, in pixels of the picture.
    colour : str or tuple
        ``"#c04020"`` (or ``"#c42"``), sRGB ``(192, 64, 32)``, or ab ``(52.0, 46.0)`` in Lab units.
        Its lightness does not count: that is the picture's. ``(0, 0)`` asks for gray.
    radius : float
        How far the colour reaches at least, whatever lies there, in pixels of the picture; 0 is
        one pixel of what the network sees.

    Raises
    ------
    HintError
        When something is not a number, not a colour, or outside its range.

    Examples
    --------
    >>> from colorkit import Hint
    >>> Hint(120, 340, "#c04020", radius=8)
    Hint(row=120, column=340, colour='#c04020', radius=8)
    """

    row: float
    column: float
    colour: Colour
    radius: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.colour, list | np.ndarray):
            object.__setattr__(self, "colour", tuple(self.colour))
        for what in ("row", "column", "radius"):
            value = getattr(self, what)
            if not _is_number(value) or not 0 <= value <= LARGEST:
                raise HintError(
                    f"the {what} of a hint must be a number in 0..{LARGEST:g}; received "
                    f"{_shown(value)}"
                )
        _ab(self.colour)

    @property
    def ab(self) -> tuple[float, float]:
        """The colour's a and b, Lab units."""
        return _ab(self.colour)


def hint_map(hints: Sequence[Hint], frame: Frame) -> HintMap:
    """Hints at network size; of two at one place, the later counts.

    Raises
    ------
    HintError
        When a point lies outside the picture.
    """
    height, width = frame.padded
    ab = np.zeros((1, height, width, 2), np.float32)
    mask = np.zeros((1, height, width, 1), np.float32)
    down, across = (frame.network[i] / frame.picture[i] for i in (0, 1))
    rows, columns = np.ogrid[:height, :width]
    for hint in hints:
        check_inside(hint, frame.picture)
        row, column = (hint.row + 0.5) * down, (hint.column + 0.5) * across
        near = min(int(row), frame.network[0] - 1), min(int(column), frame.network[1] - 1)
        ab[0, *near], mask[0, *near] = hint.ab, 1
        if hint.radius:
            vertical, horizontal = (rows + 0.5 - row) / down, (columns + 0.5 - column) / across
            disc = np.hypot(vertical, horizontal) <= hint.radius
            ab[0, disc], mask[0, disc] = hint.ab, 1
    return HintMap(ab, mask)


def save_hints(path: str | os.PathLike[str], hints: Iterable[Hint]) -> None:
    """Write hints to a JSON file that `load_hints` reads.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    content = {"version": VERSION, "hints": [asdict(hint) for hint in hints]}
    try:
        write_atomically(path, (json.dumps(content, indent=2, default=float) + "\n").encode())
    except OSError as error:
        raise FileError(f"cannot write {os.fspath(path)!r}: {error.strerror}") from error


def load_hints(path: str | os.PathLike[str]) -> list[Hint]:
    """Read hints from a JSON file.

    It holds ``{"version": 1, "hints": [...]}``, each hint with the names and values of `Hint`:
    ``{"row": 120, "column": 340, "colour": "#c04020", "radius": 8}``. The radius may be left out;
    colours in numbers are lists.

    Raises
    ------
    FileError
        When the file cannot be read.
    HintError
        When it holds anything else, more than 1000 hints, or more than a million bytes.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileError(f"cannot read {name!r}: {error.strerror}") from error
    if len(text) > MAX_BYTES:
        raise HintError(f"{name!r} is no file of hints: it has more than {MAX_BYTES} bytes")
    try:
        return [_hint(values) for values in _items(json.loads(text))]
    except (ValueError, RecursionError) as error:
        raise HintError(f"{name!r} is no file of hints: {error}") from error


def _items(content: Any) -> list[Any]:
    if not isinstance(content, dict) or content.keys() != {"version", "hints"}:
        raise HintError('it must hold {"version": 1, "hints": [...]}')
    if content["version"] != VERSION:
        raise HintError(
            f"its version is {_shown(content['version'])}; this colorkit reads {VERSION}"
        )
    items = content["hints"]
    if not isinstance(items, list) or len(items) > MAX_HINTS:
        raise HintError(f"its hints must be a list, of at most {MAX_HINTS}")
    return items


def _hint(values: Any) -> Hint:
    names = {"row", "column", "colour", "radius"}
    if not isinstance(values, dict) or not names - {"radius"} <= values.keys() <= names:
        raise HintError(
            f"a hint has row, column, colour and perhaps radius; received {_shown(values)}"
        )
    return Hint(**values)


def _ab(colour: Any) -> tuple[float, float]:
    """Colours in any form, as a and b."""
    values: Any = _from_hex(colour) if isinstance(colour, str) else colour
    if isinstance(values, tuple) and all(map(_is_number, values)):
        if len(values) == 2 and all(abs(value) <= 128 for value in values):
            return float(values[0]), float(values[1])
        if len(values) == 3 and all(map(_is_level, values)):
            _, a, b = lab.rgb_to_lab(np.array(values, np.float64) / 255)
            return float(a), float(b)
    raise HintError(f"the colour of a hint is {FORMS}; received {_shown(colour)}")


def _from_hex(colour: str) -> tuple[int, ...] | None:
    if not re.fullmatch("#([0-9a-fA-F]{3}){1,2}", colour):
        return None
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return tuple(bytes.fromhex(digits))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_level(value: Any) -> bool:
    return isinstance(value, Integral) and 0 <= int(value) <= 255


def _shown(value: Any) -> str:
    """A value, shortened: files are not trusted."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def check_inside(hint: Hint, picture: tuple[int, int]) -> None:
    """Refuse, with `HintError`, a point outside a picture of so many rows and columns."""
    height, width = picture
    if not (hint.row < height and hint.column < width):
        raise HintError(
            f"a hint at row {hint.row!r}, column {hint.column!r} lies outside the picture of "
            f"{height} rows and {width} columns"
        )
