"""Frames in code: arrays in, arrays out, colour that is steady in time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from numbers import Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from colorkit import pixels
from colorkit.colorizer import BackendLike, Colorizer
from colorkit.errors import ImageValueError, OptionError
from colorkit.pixels import Pixels, has_colour
from colorkit.resize import Enlarged, Frame, resample, shrink
from colorkit.video.flow import opencv, reduced
from colorkit.video.steady import Steady, Still

Array = NDArray[np.float32]
T = TypeVar("T")

STEADINESS = 0.8
EVERY = 4
"""The network looks at one frame of so many, and as many are read ahead."""

GRID = 180
"""Short side, in pixels, at which motion is measured and colours are carried."""

SMALLEST = 16
"""The shortest at which motion can be measured."""


def colorize_frames(
    frames: Iterable[Any],
    backend: BackendLike | Colorizer | None = None,
    *,
    steadiness: float = STEADINESS,
    force: bool = False,
) -> Iterator[NDArray[Any]]:
    """Colour the frames of a film, one after another.

    Reads four frames ahead of the one that it hands out, whatever the length of the film.

    Parameters
    ----------
    frames : iterable of ndarray
        All of one size, each as for `colorkit.colorize`.
    backend : str, Backend, callable or Colorizer, optional
        As for `colorkit.colorize`; a Colorizer brings temperature, saturation, caution and size.
    steadiness : float
        How much colours hold on to those of the frames before: 0 (every frame by itself) to 1.
    force : bool
        Colour shots that are in colour, too.

    Yields
    ------
    ndarray
        ``(H, W, 3)`` or ``(H, W, 4)``, in the frame's dtype. A shot in colour passes unchanged.

    Raises
    ------
    OptionError
        When steadiness is out of range.
    ImageError
        When a frame cannot be taken, or has not the size of the first.
    VideoError
        When OpenCV is not installed.
    """
    check_steadiness(steadiness)
    return _colorize(iter(frames), as_colorizer(backend), steadiness, force=force)


def _colorize(
    frames: Iterator[Any], colorizer: Colorizer, steadiness: float, *, force: bool
) -> Iterator[NDArray[Any]]:
    first = next(frames, None)
    if first is None:
        return
    painter = Painter(colorizer, pixels.split(first).lightness.shape)

    def stills() -> Iterator[Still[tuple[Any, Pixels]]]:
        for number, frame in enumerate(chain([first], frames)):
            picture = pixels.split(frame)
            if picture.lightness.shape != painter.shape:
                raise ImageValueError(
                    f"frames must be of one size; the first is {painter.shape}, number {number} "
                    f"is {picture.lightness.shape}"
                )
            keep = partial(_in_colour, frame, force)
            small = reduced(picture.lightness, painter.grid)
            yield painter.still(
                (frame, picture), small, partial(getattr, picture, "lightness"), keep
            )

    for still, ab in Steady(steadiness, EVERY)(stills()):
        frame, picture = still.frame
        if ab is None:
            yield frame
        else:
            yield colorizer._finish(picture, [painter.enlarged(ab, still.gray, painter.shape)])


def _in_colour(frame: Any, force: bool) -> bool:
    return not force and has_colour(np.asarray(frame))


class Painter:
    """A recipe at work on frames of one size.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the frames.
    grid : tuple of int
        Height and width at which colours are carried.
    """

    def __init__(self, colorizer: Colorizer, shape: tuple[int, int], aspect: float = 1.0) -> None:
        """Prepare; ``aspect`` is the width of a pixel over its height."""
        self.colorizer = colorizer
        self.shape = shape
        self._square = (shape[0], round(shape[1] * aspect))
        scale = max(min(1.0, GRID / min(self._square)), SMALLEST / min(self._square))
        self.grid = (max(1, round(self._square[0] * scale)), max(1, round(self._square[1] * scale)))

    def still(
        self, frame: T, small: Array, lightness: Callable[[], Array], keep: Callable[[], bool]
    ) -> Still[T]:
        """A frame to be coloured.

        Parameters
        ----------
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
        return Still(frame, gray, lambda: None if keep() else self._paint(lightness(), small))

    def enlarged(self, ab: Array, gray: NDArray[np.uint8], shape: tuple[int, int]) -> Enlarged:
        """Colours on the grid, at a picture's size."""
        frame = Frame(shape, self.grid, self.grid)
        coarse = min(shape) >= 2 * min(self.grid)
        upsampling = self.colorizer.upsampling if coarse else "bilinear"
        return Enlarged(ab, gray * np.float32(1 / 2.55), frame, upsampling)

    def _paint(self, lightness: Array, small: Array) -> Array:
        _, backend = self.colorizer._loaded
        seen = resample(lightness, self._square)
        shrunk, frame = shrink(seen, self.colorizer.size or backend.size, backend.stride)
        ab = self.colorizer._decide(self.colorizer._predict(shrunk))
        enlarged = self.colorizer._enlarged(ab, shrunk, replace(frame, picture=self.grid))
        return np.stack(enlarged.rows(0, small), axis=-1)


def as_colorizer(backend: BackendLike | Colorizer | None) -> Colorizer:
    """A recipe, if it is none yet; its backend is loaded."""
    return (backend if isinstance(backend, Colorizer) else Colorizer(backend)).load()


def check_steadiness(steadiness: float) -> float:
    """Refuse, with `OptionError`, what is not a number in 0..1; and see that OpenCV is there."""
    number = isinstance(steadiness, Real) and not isinstance(steadiness, bool)
    if not number or not 0 <= steadiness <= 1:
        raise OptionError(f"steadiness must be a number in 0..1; received {steadiness!r}")
    opencv()
    return steadiness
