"""Colours that a person gives at points of a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from colorkit.backends.base import HintMap
from colorkit.errors import HintError
from colorkit.resize import Frame


@dataclass(frozen=True)
class Hint:
    """A colour at a point.

    Attributes
    ----------
    row, column : float
        Of the point, in pixels of the picture.
    ab : tuple of float
        Its colour, Lab units; (0, 0) asks for gray.
    radius : float
        How far the colour reaches, in pixels of the picture; at least one pixel of what the
        network sees.
    """

    row: float
    column: float
    ab: tuple[float, float]
    radius: float = 0.0


def hint_map(hints: Sequence[Hint], frame: Frame) -> HintMap:
    """Hints at network size; of two at one place, the later counts.

    Raises
    ------
    HintError
        When a point lies outside the picture, or a colour or radius makes no sense.
    """
    height, width = frame.padded
    ab = np.zeros((1, height, width, 2), np.float32)
    mask = np.zeros((1, height, width, 1), np.float32)
    down, across = (frame.network[i] / frame.picture[i] for i in (0, 1))
    rows, columns = np.ogrid[:height, :width]
    for hint in hints:
        _check(hint, frame.picture)
        row, column = (hint.row + 0.5) * down, (hint.column + 0.5) * across
        vertical, horizontal = (rows + 0.5 - row) / down, (columns + 0.5 - column) / across
        near = vertical**2 + horizontal**2 <= hint.radius**2
        near[min(int(row), frame.network[0] - 1), min(int(column), frame.network[1] - 1)] = True
        ab[0, near] = hint.ab
        mask[0, near] = 1
    return HintMap(ab, mask)


def _check(hint: Hint, picture: tuple[int, int]) -> None:
    height, width = picture
    if not (0 <= hint.row < height and 0 <= hint.column < width):
        raise HintError(
            f"a hint at row {hint.row!r}, column {hint.column!r} lies outside the picture of "
            f"{height} rows and {width} columns"
        )
    if len(hint.ab) != 2 or not all(abs(value) <= 128 for value in hint.ab):
        raise HintError(f"the colour of a hint is (a, b) in -128..128; received {hint.ab!r}")
    if not 0 <= hint.radius < math.inf:
        raise HintError(
            f"the radius of a hint must be a number, at least 0; received {hint.radius!r}"
        )
