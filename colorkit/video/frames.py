"""Frames in code: arrays in, arrays out, colour that is steady in time."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import pixels
from colorkit.colorizer import BackendLike, Colorizer
from colorkit.errors import ImageValueError, OptionError
from colorkit.pixels import Pixels, finish, has_colour
from colorkit.strips import thread_count
from colorkit.video.corrections import Given
from colorkit.video.flow import opencv, reduced
from colorkit.video.guide import Guide
from colorkit.video.painter import Painter
from colorkit.video.steady import Steady, Still

STEADINESS = 0.8
EVERY = 4
"""The network looks at one frame of so many, and as many are read ahead."""


def colorize_frames(
    frames: Iterable[Any],
    backend: BackendLike | Colorizer | None = None,
    *,
    steadiness: float = STEADINESS,
    force: bool = False,
    hints: Mapping[float, Given] | None = None,
) -> Iterator[NDArray[Any]]:
    """Colour the frames of a film, one after another.

    Reads four frames ahead of the one that it hands out, whatever the length of the film.

    Parameters
    ----------
    frames : iterable of ndarray
        All of one size, each as for `colorkit.colorize`. With hints, something that can be gone
        through twice, such as a list.
    backend : str, Backend, callable or Colorizer, optional
        As for `colorkit.colorize`; a Colorizer brings temperature, saturation, caution and size.
    steadiness : float
        How much colours hold on to those of the frames before: 0 (every frame by itself) to 1.
    force : bool
        Colour shots that are in colour, too.
    hints : mapping, optional
        By the number of a frame, from 0 on: a sequence of `colorkit.Hint`; or the frame painted
        over, an image of its size, which keeps its own colours where that is gray. Its shot
        follows.

    Yields
    ------
    ndarray
        ``(H, W, 3)`` or ``(H, W, 4)``, in the frame's dtype. A shot in colour passes unchanged.

    Raises
    ------
    OptionError
        When steadiness is out of range, or frames with hints can be gone through only once.
    HintError
        When a hint lies outside the picture, or there is no such frame.
    ImageError
        When a frame cannot be taken, or has not the size of the first.
    VideoError
        When OpenCV is not installed.
    """
    check_steadiness(steadiness)
    if hints and iter(frames) is frames:
        raise OptionError("frames with hints are gone through twice; give a list of them")
    return _colorize(frames, as_colorizer(backend), steadiness, hints, force=force)


def _colorize(
    frames: Iterable[Any],
    colorizer: Colorizer,
    steadiness: float,
    hints: Mapping[float, Given] | None,
    *,
    force: bool,
) -> Iterator[NDArray[Any]]:
    guide = Guide()
    if hints:
        for painter, stills in _reel(frames, colorizer, guide, force=force):
            guide = painter.look_ahead(enumerate(stills), hints)
    for painter, stills in _reel(frames, colorizer, guide, force=force):
        for still, ab in Steady(steadiness, EVERY)(stills):
            frame, picture = still.frame
            if ab is None:
                yield frame
            else:
                layer = painter.enlarged(ab, still.gray, painter.shape)
                yield finish(picture, [layer], thread_count(colorizer.threads))


def _reel(
    frames: Iterable[Any], colorizer: Colorizer, guide: Guide, *, force: bool
) -> Iterator[tuple[Painter, Iterator[Still[tuple[Any, Pixels]]]]]:
    """One painter and its stills; none where there are no frames."""
    pictures = _pictures(frames)
    first = next(pictures, None)
    if first is not None:
        painter = Painter(colorizer, first[1].lightness.shape, guide=guide)
        numbered = enumerate(chain([first], pictures))
        yield painter, (_still(painter, number, *pair, force=force) for number, pair in numbered)


def _pictures(frames: Iterable[Any]) -> Iterator[tuple[Any, Pixels]]:
    """Frames and what they are made of, all of one size."""
    shape = None
    for number, frame in enumerate(frames):
        picture = pixels.split(frame)
        shape = shape or picture.lightness.shape
        if picture.lightness.shape != shape:
            raise ImageValueError(
                f"frames must be of one size; the first is {shape}, number {number} is "
                f"{picture.lightness.shape}"
            )
        yield frame, picture


def _still(
    painter: Painter, number: int, frame: Any, picture: Pixels, *, force: bool
) -> Still[tuple[Any, Pixels]]:
    return painter.still(
        number,
        (frame, picture),
        reduced(picture.lightness, painter.grid),
        lambda: picture.lightness,
        lambda: not force and has_colour(np.asarray(frame)),
    )


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
