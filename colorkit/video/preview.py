"""A look at how a film will be before it is coloured: single frames of it on one sheet."""

import os
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from colorkit.colorizer import BackendLike, Colorizer
from colorkit.comparison import sheet, side_by_side
from colorkit.errors import VideoError
from colorkit.video.container import opened
from colorkit.video.corrections import Given
from colorkit.video.frames import as_colorizer, colorize_frames
from colorkit.video.guide import SOON

Array = NDArray[Any]

COLUMNS = 3
HEIGHT = 180


def preview(
    src: str | os.PathLike[str],
    backend: BackendLike | Colorizer | None = None,
    *,
    frames: int = 12,
    force: bool = False,
    hints: Mapping[float, Given] | None = None,
) -> Array:
    """Frames from all over a film, before and after, on one sheet.

    Each is coloured by itself. Frames with hints are shown in addition; others have none on the
    sheet, whatever their shot is to have.

    Parameters
    ----------
    src : str or path
        The film.
    backend, force
        As for `colorize_frames`.
    frames : int
        How many.
    hints : mapping, optional
        As for a `Delivery`.

    Returns
    -------
    ndarray
        ``(H, W, 3)`` uint8.

    Raises
    ------
    VideoError
        When the film cannot be read.
    HintError
        When a hint lies outside the picture.
    """
    colorizer = as_colorizer(backend)
    pairs = []
    for frame, given in _frames(Path(src), frames, hints or {}):
        before: Array = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
        its_own: dict[float, Given] = {} if given is None else {0: given}
        [after] = colorize_frames([before], colorizer, force=force, hints=its_own)
        pairs.append(side_by_side(before, after, gap=2))
    if not pairs:
        raise VideoError(f"{os.fspath(src)!r} holds no pictures")
    return sheet(pairs, COLUMNS, HEIGHT)


def _frames(
    path: Path, count: int, hints: Mapping[float, Given]
) -> Iterator[tuple[VideoFrame, Given | None]]:
    """Frames from the middles of so many equal parts of a film, and those with hints."""
    with opened(path) as source:
        wanted: Iterable[tuple[float, Given | None]] = (
            *((source.seconds * (i + 0.5) / count, None) for i in range(count)),
            *hints.items(),
        )
        for seconds, given in sorted(wanted, key=itemgetter(0)):
            at = source.origin + seconds - SOON
            source.container.seek(int(at / source.time_base), stream=source.video)
            found: Any = None
            for found in source.container.decode(source.video):
                if found.time is not None and found.time >= at:
                    break
            if found is not None:
                yield found, given
