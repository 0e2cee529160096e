"""Hints for backends that take none: a person's colours, spread along the edges of lightness."""

import numpy as np
from numpy.typing import NDArray

from colorkit.backends.base import HintMap
from colorkit.resize import block_mean

Array = NDArray[np.float32]

CELLS = 256
"""So many cells lie along the short side at least, where the input has them; more cost time."""

FLAT, EDGE = 3.0, 15.0
"""L* may change by the first from cell to cell for nothing; each further `EDGE` is one distance,
as much as the whole short side of a flat picture."""

SHARPNESS = 4.0
"""How fast, over a distance, one colour gives way to a nearer one."""

NEAR = 0.003
"""The distance within which a colour leaves hardly anything to others: about one cell."""

HELD = 0.03
"""The distance over which colours count in full against those of the backend."""

ROUNDS = 3
"""Of sweeps: colours find ways with about twice as many bends."""

TOGETHER = 16
"""Colours that are spread at once: few enough for the cache, enough to outweigh Python."""


def spread(hints: HintMap, lightness: Array) -> tuple[Array, Array]:
    """Colours of hints at every cell, and how much they count there.

    They run along ways on which L* changes little. Where several arrive the nearest counts most,
    so that those of one region blend, and those on two sides of an edge do not.

    Parameters
    ----------
    hints : HintMap
        For one picture; with one hint at least.
    lightness : ndarray
        ``(1, h, w, 1)`` float32, L* in 0..100.

    Returns
    -------
    ab : ndarray
        ``(h', w', 2)`` float32 in Lab units, at a whole fraction of the size.
    weight : ndarray
        ``(h', w', 1)`` float32: 1 at a hint, 0.38 a short side away or behind an edge of 18 L*.
    """
    marked = np.argwhere(hints.mask[0, ..., 0] > 0)
    colours, which = np.unique(hints.ab[0][tuple(marked.T)], axis=0, return_inverse=True)
    guide = block_mean(lightness[0, ..., 0], _grid(lightness.shape[1:3]))
    rows, columns = (marked * guide.shape // lightness.shape[1:3]).T
    nearest = np.full(guide.shape, np.inf, np.float32)
    mixed, total = np.zeros((*guide.shape, 2), np.float32), np.zeros(guide.shape, np.float32)
    for start in range(0, len(colours), TOGETHER):
        some = colours[start : start + TOGETHER]
        here = (which >= start) & (which < start + len(some))
        distance: Array = np.full((len(guide), len(some), guide.shape[1]), np.inf, np.float32)
        distance[rows[here], which[here] - start, columns[here]] = 0
        distance = _shortest(distance, guide)
        np.minimum(nearest, distance.min(axis=1), out=nearest)
        pull = np.exp(-SHARPNESS * distance) / (distance**2 + np.float32(NEAR**2))
        mixed += pull.swapaxes(1, 2) @ some
        total += pull.sum(axis=1)
    mixed /= np.maximum(total, np.float32(1e-37))[..., None]  # so far away nothing counts
    return mixed, np.exp(np.minimum(np.float32(HELD) - nearest, 0))[..., None]


def _grid(shape: tuple[int, ...]) -> tuple[int, int]:
    """A whole fraction of the size with `CELLS` along the short side, or a few more."""
    height, width = shape
    coarsest = max(min(shape) // CELLS, 1)
    cell = next(n for n in range(coarsest, 0, -1) if height % n == 0 == width % n)
    return height // cell, width // cell


def _shortest(distance: Array, guide: Array) -> Array:
    """Of every cell to each colour's nearest zero, both ``(h, n, w)``, along rows and columns."""
    down, across = (_steps(lightness, min(guide.shape)) for lightness in (guide, guide.T))
    for _ in range(ROUNDS):
        for steps in (down, across):
            _sweep(distance, steps)
            # Rows become columns and lie side by side in memory, for the other direction.
            distance = np.ascontiguousarray(distance.swapaxes(0, 2))
    return distance


def _steps(guide: Array, short_side: int) -> Array:
    """The way from each row to the next, ``(h - 1, 1, w)``."""
    change = np.clip(np.abs(np.diff(guide, axis=0)) - np.float32(FLAT), 0, None)
    steps: Array = change / np.float32(EDGE) + np.float32(1 / short_side)
    return np.ascontiguousarray(steps[:, None])


def _sweep(distance: Array, steps: Array) -> None:
    """Shorten distances by ways down and then up the columns, in place."""
    for row, step in enumerate(steps):
        np.minimum(distance[row + 1], distance[row] + step, out=distance[row + 1])
    for row in range(len(steps) - 1, -1, -1):
        np.minimum(distance[row], distance[row + 1] + steps[row], out=distance[row])
