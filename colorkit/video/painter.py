"""A recipe at work on frames of one size."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from colorkit.backends.base import HintMap
from colorkit.colorizer import Colorizer
from colorkit.resize import Enlarged, Frame, resample
from colorkit.video.corrections import Given, points_of
from colorkit.video.flow import opencv
from colorkit.video.guide import Guide, follow
from colorkit.video.points import Points, Size
from colorkit.video.steady import Still

Array = NDArray[np.float32]
T = TypeVar("T")

GRID = 180
"""Short side, in pixels, at which motion is measured and colours are carried."""

SMALLEST = 16
"""The shortest at which motion can be measured."""


class Painter:
    """A recipe at work on frames of one size.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the frames.
    grid : tuple of int
        Height and width at which colours are carried.
    """

    def __init__(
        self, colorizer: Colorizer, shape: Size, aspect: float = 1.0, *, guide: Guide
    ) -> None:
        """Prepare; ``aspect`` is the width of a pixel over its height."""
        self.colorizer = colorizer
        self.shape = shape
        self.guide = guide
        self._square = (shape[0], round(shape[1] * aspect))
        scale = max(min(1.0, GRID / min(self._square)), SMALLEST / min(self._square))
        self.grid = (max(1, round(self._square[0] * scale)), max(1, round(self._square[1] * scale)))

    def look_ahead(
        self, frames: Iterable[tuple[float, Still[Any]]], hints: Mapping[float, Given]
    ) -> Guide:
        """Follow hints through frames, which come with their times."""
        wanted = {at: points_of(given, self.shape, self.grid) for at, given in hints.items()}
        return follow(frames, wanted)

    def still(
        self,
        number: int,
        frame: T,
        small: Array,
        lightness: Callable[[], Array],
        keep: Callable[[], bool],
    ) -> Still[T]:
        """A frame to be coloured.

        Parameters
        ----------
        number : int
            Of the frame, from 0 on.
        frame : object
            Is handed through.
        small : ndarray
            L* on the grid.
        lightness : callable
            L* of the frame, if it is asked for.
        keep : callable
            Whether the frame stays as it is.
        """
        gray = (small * np.float32(2.55)).astype(np.uint8)
        points = self.guide.points.get(number)

        def paint(arrived: HintMap | None = None) -> Array | None:
            return None if keep() else self._paint(lightness(), small, points, arrived)

        refine = paint if self.colorizer.refines else None
        return Still(frame, gray, paint, number in self.guide.asked, refine)

    def enlarged(self, ab: Array, gray: NDArray[np.uint8], shape: Size) -> Enlarged:
        """Colours on the grid, at a picture's size."""
        frame = Frame(shape, self.grid, self.grid)
        upsampling = self.colorizer.upsampling if self._is_coarse(shape) else "bilinear"
        return Enlarged(ab, gray * np.float32(1 / 2.55), frame, upsampling)

    def planes(self, ab: Array, gray: NDArray[np.uint8], lightness: Array) -> tuple[Array, Array]:
        """The same for all of a picture of that lightness: a and b, ``(H, W)``."""
        if self._is_coarse(lightness.shape):
            return self.enlarged(ab, gray, lightness.shape).rows(0, lightness)
        # As bilinear as the above, in a sixth of the time.
        a, b = opencv().split(opencv().resize(ab, lightness.shape[::-1]))
        return a, b

    def _is_coarse(self, shape: tuple[int, ...]) -> bool:
        return min(shape) >= 2 * min(self.grid)

    def _paint(
        self, lightness: Array, small: Array, points: Points | None, arrived: HintMap | None
    ) -> Array:
        hints = points.hints(self.grid, self._square) if points else None
        square = resample(lightness, self._square)
        return self.colorizer.paint(square, small, hints=hints, arrived=arrived)
