"""A look at how a film will be before it is coloured: single frames of it on one sheet."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from colorkit.colorizer import BackendLike, Colorizer
from colorkit.comparison import sheet, side_by_side
from colorkit.errors import VideoError
from colorkit.pixels import has_colour
from colorkit.video.container import opened
from colorkit.video.frames import as_colorizer

Array = NDArray[Any]

COLUMNS = 3
HEIGHT = 180


def preview(
    src: str | os.PathLike[str],
    backend: BackendLike | Colorizer | None = None,
    *,
    frames: int = 12,
    force: bool = False,
) -> Array:
    """Frames from all over a film, before and after, on one sheet.

    Each is coloured by itself.

    Parameters
    ----------
    src : str or path
        The film.
    backend, force
        As for `colorize_frames`.
    frames : int
        How many.

    Returns
    -------
    ndarray
        ``(H, W, 3)`` uint8.

    Raises
    ------
    VideoError
        When the film cannot be read.
    """
    colorizer = as_colorizer(backend)
    pairs = []
    for frame in _spread(Path(src), frames):
        before: Array = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
        keep = has_colour(before) and not force
        pairs.append(side_by_side(before, before if keep else colorizer.colorize(before), gap=2))
    if not pairs:
        raise VideoError(f"{os.fspath(src)!r} holds no pictures")
    return sheet(pairs, COLUMNS, HEIGHT)


def _spread(path: Path, count: int) -> Iterator[VideoFrame]:
    """Frames from the middles of so many equal parts of a film."""
    with opened(path) as source:
        for i in range(count):
            at = source.origin + source.seconds * (i + 0.5) / count
            source.container.seek(int(at / source.time_base), stream=source.video)
            found: Any = None
            for found in source.container.decode(source.video):
                if found.time is not None and found.time >= at:
                    break
            if found is not None:
                yield found
