"""What a person says of a frame, by hints or with a brush, as points of it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import lab, pixels
from colorkit.errors import HintError
from colorkit.hints import Hint, check_inside
from colorkit.video.guide import Look
from colorkit.video.points import Points, Size, Spread
from colorkit.video.steady import Still, blend

Given = Sequence[Hint] | Any
"""Colours for one frame: hints, or a picture of it that was painted over."""

APART = 4
"""Pixels of the grid between points of a painting, or of the disc of a hint."""

PAINTED = 8.0
"""Chroma from which a pixel of a painting has a colour."""

STEP = 6.0
"""Lab units from one colour of a painting to the next: spreading takes time for each."""


def points_of(given: Given, shape: Size, grid: Size) -> Look:
    """What to do with a frame of a shape, for which colours are given, to have its points.

    Raises
    ------
    HintError
        When a hint lies outside the frame, or a painting has not its size or no colours.
    """
    if isinstance(given, Sequence):
        points = _of_hints(given, shape, grid)
        return lambda _, __: points
    return _of_painting(pixels.eight_bit(given), shape, grid)


def digest(hints: Mapping[float, Given]) -> str:
    """A hash of all that is given."""
    found = hashlib.sha256()
    for time, given in sorted(hints.items()):
        is_points = isinstance(given, Sequence)
        content = repr(given).encode() if is_points else pixels.eight_bit(given).tobytes()
        found.update(repr(time).encode() + content)
    return found.hexdigest()


def count_hints(hints: Mapping[float, Given]) -> int:
    """How many colours a person gave; a painting is one."""
    return sum(len(given) if isinstance(given, Sequence) else 1 for given in hints.values())


def _of_hints(hints: Sequence[Hint], shape: Size, grid: Size) -> Points:
    places, colours = [], []
    for hint in hints:
        check_inside(hint, shape)
        found = list(_disc(hint, np.divide(grid, shape), grid))
        places += found
        colours += [hint.ab] * len(found)
    return Points(*(np.array(pairs, np.float32).reshape(-1, 2) for pairs in (places, colours)))


def _disc(hint: Hint, scale: NDArray[np.float64], grid: Size) -> Iterator[tuple[float, float]]:
    """The places of a hint: its centre, and others within its radius."""
    row, column = (np.array([hint.row, hint.column]) + 0.5) * scale - 0.5
    reach = hint.radius * scale
    yield column, row
    for down in np.arange(-(reach[0] // APART), reach[0] / APART) * APART:
        for across in np.arange(-(reach[1] // APART), reach[1] / APART) * APART:
            inside = 0 <= row + down <= grid[0] - 1 and 0 <= column + across <= grid[1] - 1
            if inside and np.hypot(down / reach[0], across / reach[1]) <= 1:
                yield column + across, row + down


def _of_painting(painting: NDArray[np.uint8], shape: Size, grid: Size) -> Look:
    """Points of a painting's colours; where it was left gray, of those that the frame has."""
    if painting.shape[:2] != shape:
        height, width = painting.shape[:2]
        raise HintError(
            f"a painted frame must have the size of the film, {shape[1]} x {shape[0]} pixels; "
            f"received {width} x {height}"
        )
    rows, columns = (np.arange(APART // 2, side, APART) for side in grid)
    down = ((rows + 0.5) * shape[0] / grid[0]).astype(int)
    across = ((columns + 0.5) * shape[1] / grid[1]).astype(int)
    channels = [0, 1, 2] if painting.shape[2] > 2 else [0, 0, 0]
    rgb = painting[down][:, across][..., channels] / np.float32(255)
    ab = lab.rgb_to_lab(rgb)[..., 1:]
    painted = np.hypot(ab[..., 0], ab[..., 1]) > PAINTED
    if not painted.any():
        raise HintError("a painted frame must have colours; received one that is gray")
    places = np.dstack(np.meshgrid(columns, rows)).astype(np.float32)

    def look(still: Still[Any], before: Spread | None) -> Points:
        own = still.paint()
        if own is not None and before is not None:
            own = blend(own, before.ab, before.weight[..., 0])
        known = painted if own is None else np.ones_like(painted)
        both = ab if own is None else np.where(painted[..., None], ab, own[rows][:, columns])
        return Points(places[known], np.float32(STEP) * np.rint(both[known] / np.float32(STEP)))

    return look
