"""Picture size to network size and back: area averages down, ab along the edges of L* up."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import warn

Array = NDArray[np.float32]
Upsampling = Literal["guided", "bilinear"]

LONGEST = 4
"""The network sees at most this many times its short side along the long side."""


@dataclass(frozen=True)
class Frame:
    """Where a network's picture sits: its top left corner is the picture's, the rest is padding.

    Attributes
    ----------
    picture : tuple of int
        Height and width in pixels.
    network : tuple of int
        Height and width of the same picture as the network sees it.
    padded : tuple of int
        Height and width of the network's input.
    """

    picture: tuple[int, int]
    network: tuple[int, int]
    padded: tuple[int, int]

    def cell(self, grid: tuple[int, int]) -> tuple[float, float]:
        """Picture pixels a cell, for a grid ``(h', w')`` that covers the network's input."""
        vertical, horizontal = (
            self.picture[i] / self.network[i] * self.padded[i] / grid[i] for i in (0, 1)
        )
        return vertical, horizontal

    def cells(self, grid: tuple[int, int]) -> tuple[int, int]:
        """How many rows and columns of such a grid the picture touches: the rest is padding."""
        rows, columns = (-(-self.network[i] * grid[i] // self.padded[i]) for i in (0, 1))
        return rows, columns

    def seen(self, values: Array) -> Array:
        """Values ``(H, W, ...)`` over the picture, of any size, as ``(*padded, ...)``."""
        return _padded(resample(values, self.network), self.padded)


def shrink(lightness: Array, size: int, stride: int) -> tuple[Array, Frame]:
    """A picture at network size: short side ``size``, the long one in proportion.

    Parameters
    ----------
    lightness : ndarray
        ``(H, W)`` float32, L* in 0..100.
    size : int
        Short side in pixels. A smaller picture is enlarged.
    stride : int
        Both sides are padded, by reflection, to multiples of this.

    Returns
    -------
    small : ndarray
        ``(1, h, w, 1)`` float32.
    frame : Frame

    Warns
    -----
    ColorkitWarning
        When a long panorama is seen at less than ``size``.
    """
    height, width = lightness.shape
    scale = min(size / min(height, width), LONGEST * size / max(height, width))
    network = _scaled(lightness.shape, scale)
    if max(height, width) > LONGEST * min(height, width):
        warn(
            f"a picture of {width} x {height} pixels is very long: the network sees it at "
            f"{min(network)} pixels on the short side instead of {size}. "
            f"Colour parts of it for more detail."
        )
    padded = (-(-network[0] // stride) * stride, -(-network[1] // stride) * stride)
    frame = Frame((height, width), network, padded)
    return frame.seen(lightness)[None, :, :, None], frame


def fit(values: Array, room: tuple[int, int]) -> tuple[Array, tuple[int, int]]:
    """A picture ``(H, W, ...)`` in full inside a given size, the rest padded by reflection.

    Returns
    -------
    small : ndarray
        ``(*room, ...)`` float32.
    network : tuple of int
        Height and width of the picture in it, from the top left corner.
    """
    network = _scaled(values.shape, min(room[i] / values.shape[i] for i in (0, 1)))
    return _padded(resample(values, network), room), network


def resample(values: Array, shape: tuple[int, int]) -> Array:
    """``(H, W, ...)`` to ``(*shape, ...)``: area averages going down, linear going up."""
    for axis in (0, 1):
        rows = values.swapaxes(0, axis)
        flat = _resample_rows(rows.reshape(len(rows), -1), shape[axis])
        values = flat.reshape(shape[axis], *rows.shape[1:]).swapaxes(0, axis)
    return values


def block_mean(values: Array, grid: tuple[int, ...]) -> Array:
    """``(h, w)`` to a grid ``(h', w')``, of which both sides are whole multiples."""
    h, w = grid[0], grid[1]
    blocks = values.reshape(h, values.shape[0] // h, w, values.shape[1] // w)
    means: Array = blocks.mean(axis=(1, 3))
    return means


def _scaled(shape: tuple[int, ...], scale: float) -> tuple[int, int]:
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _padded(values: Array, shape: tuple[int, int]) -> Array:
    pad = [(0, shape[i] - values.shape[i]) for i in (0, 1)] + [(0, 0)] * (values.ndim - 2)
    return np.ascontiguousarray(np.pad(values, pad, "reflect"))


def _resample_rows(values: Array, count: int) -> Array:
    """``(H, W)`` to ``(count, W)``: area averages going down, linear going up."""
    values = np.ascontiguousarray(values)
    height = len(values)
    if count > height:
        return _interpolate_rows(values, count)
    if count == height:
        return values
    out = np.empty((count, values.shape[1]), np.float32)
    for mean, (rows, weights) in zip(out, _areas(height, count), strict=True):
        np.dot(weights, values[rows], out=mean)
    return out


@lru_cache(maxsize=8)
def _areas(height: int, count: int) -> list[tuple[slice, Array]]:
    """For each of fewer rows, those that it covers and their shares: costlier than the means."""
    areas = []
    for start, stop in pairwise(np.arange(count + 1) * height / count):
        rows = np.arange(int(start), min(int(np.ceil(stop)), height))
        overlap = np.minimum(rows + 1, stop) - np.maximum(rows, start)
        weights = (overlap / overlap.sum()).astype(np.float32)
        areas.append((slice(rows[0], rows[-1] + 1), weights))
    return areas


def _interpolate_rows(values: Array, count: int) -> Array:
    """Linear interpolation of rows; the first and last rows reach to the edges."""
    upper, share = _positions(np.arange(count), count / len(values), len(values))
    lower = np.minimum(upper + 1, len(values) - 1)
    share = share[:, None]
    return values[upper] * (1 - share) + values[lower] * share


def _positions(pixels: NDArray[np.intp], cell: float, cells: int) -> tuple[NDArray[np.intp], Array]:
    """The cell above each pixel's centre, and how far towards the next one it lies."""
    position = np.clip((pixels + 0.5) / cell - 0.5, 0, cells - 1)
    upper = np.minimum(position.astype(np.intp), max(cells - 2, 0))
    return upper, (position - upper).astype(np.float32)


class Enlarged:
    """ab at picture size, produced row by row from a coarse grid.

    The grid's columns are interpolated to picture width once (its rows are few); rows are
    interpolated when asked for. Rows depend on nothing but their number, so that strips of any
    height give the same picture.
    """

    def __init__(
        self,
        ab: Array,
        small: Array,
        frame: Frame,
        upsampling: Upsampling = "guided",
    ) -> None:
        """Prepare.

        Parameters
        ----------
        ab : ndarray
            ``(h', w', 2)`` in Lab units, over the network's input.
        small : ndarray
            ``(h, w)`` L* of the network's input, a multiple of the size of ``ab``.
        frame : Frame
            From `shrink`.
        upsampling : {"guided", "bilinear"}
            Along the edges of L* (fast guided filter), or blind to them.
        """
        grid = ab.shape[:2]
        planes = np.moveaxis(ab, -1, 0)
        if upsampling == "guided":
            planes = _guided_coefficients(planes, block_mean(small, grid))
        cell = frame.cell((grid[0], grid[1]))
        self._guided = upsampling == "guided"
        self._height_of_cell = cell[0]
        self._rows = _columns_at_picture_width(planes, frame.picture[1], cell[1])
        self._steps = np.diff(self._rows, axis=1, append=self._rows[:, -1:])

    def rows(self, start: int, lightness: Array) -> tuple[Array, Array]:
        """Planes a and b ``(n, W)`` of the rows from ``start`` on, whose L* is ``(n, W)``."""
        pixels = np.arange(start, start + len(lightness))
        upper, share = _positions(pixels, self._height_of_cell, self._rows.shape[1])
        planes = [self._plane(k, upper, share[:, None]) for k in range(len(self._rows))]
        if not self._guided:
            return planes[0], planes[1]
        for gain in planes[:2]:
            gain *= lightness
        planes[0] += planes[2]
        planes[1] += planes[3]
        return planes[0], planes[1]

    def _plane(self, k: int, upper: NDArray[np.intp], share: Array) -> Array:
        first = upper[0]
        if first == upper[-1]:  # one row of the grid: broadcasting saves two copies
            plane: Array = share * self._steps[k, first]
            plane += self._rows[k, first]
        else:
            plane = self._steps[k, upper]
            plane *= share
            plane += self._rows[k, upper]
        return plane


def _columns_at_picture_width(planes: Array, width: int, cell: float) -> Array:
    left, share = _positions(np.arange(width), cell, planes.shape[2])
    right = np.minimum(left + 1, planes.shape[2] - 1)
    # take, unlike indexing, leaves a row's columns side by side in memory.
    wide: Array = planes.take(left, axis=2) * (1 - share)
    wide += planes.take(right, axis=2) * share
    return wide


def _guided_coefficients(
    planes: Array, guide: Array, radius: int = 1, smoothness: float = 25.0
) -> Array:
    """Gains and offsets ``(4, h', w')`` of the fast guided filter (He and Sun 2015).

    In every window ab is a linear function of L*: ``ab = gain * L* + offset``. Interpolated gains
    and offsets, applied to the full-size L*, follow its edges.

    Parameters
    ----------
    planes : ndarray
        a and b ``(2, h', w')``.
    guide : ndarray
        L* ``(h', w')``.
    radius : int
        Of the window, in cells.
    smoothness : float
        Variance of L* (squared units) below which a window counts as flat.
    """

    def mean(values: Array) -> Array:
        return _box_mean(values, radius)

    centre = mean(guide)
    variance = mean(guide * guide) - centre * centre
    variance += np.float32(smoothness)
    gain: Array = np.divide(mean(planes * guide) - mean(planes) * centre, variance)
    offset = mean(planes) - gain * centre
    return np.concatenate([mean(gain), mean(offset)])


def _box_mean(values: Array, radius: int) -> Array:
    """Mean over windows ``(2 radius + 1) ** 2`` of the last two axes, edges repeated."""
    for axis in (-2, -1):
        pad = [(0, 0)] * values.ndim
        pad[axis] = (radius, radius)
        padded = np.pad(values, pad, "edge")
        size = values.shape[axis]
        windows = [padded.take(np.arange(size) + i, axis) for i in range(2 * radius + 1)]
        values = sum(windows[1:], windows[0]) / np.float32(2 * radius + 1)
    return values
