"""One film on many machines: its shots are tasks."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from colorkit import Colorizer, VideoError
from colorkit.files import is_picture
from colorkit_dask.archive import connected

if TYPE_CHECKING:
    from distributed import Client

    from colorkit.video import Delivery, Report


def colorize_video(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    client: "Client | None" = None,
    *,
    colorizer: Colorizer | None = None,
    steadiness: float = 0.8,
    delivery: "Delivery | None" = None,
    resume: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> "Report":
    """Colour a film; every frame is as `colorkit.video.colorize_video` makes it.

    Segments of the film, up to 240 frames that go on from nothing but a segment before, are tasks.
    A lost worker loses one, which another makes. The client looks at all frames, and joins the
    segments.

    Parameters
    ----------
    src, dst : path
        As for `colorkit.video.colorize_video`: paths that the client and all workers see.
    client : distributed.Client, optional
        By default the one that is active, or else all cores of this machine.
    colorizer : Colorizer, optional
        The recipe. Each task computes on one thread unless it says how many.
    steadiness, delivery, progress
        As for `colorkit.video.colorize_video`.
    resume : bool
        Go on where the same call was interrupted.

    Returns
    -------
    colorkit.video.Report

    Raises
    ------
    VideoError
        As from `colorkit.video.colorize_video`; or when a segment makes several workers die.
    """
    from distributed import KilledWorker

    from colorkit.video import Delivery
    from colorkit.video import colorize_video as colorize

    colorizer = colorizer or Colorizer()
    with connected(client) as connection:
        try:
            return colorize(
                os.path.abspath(src),
                os.path.abspath(dst),
                replace(colorizer, threads=colorizer.threads or 1),
                steadiness=steadiness,
                delivery=delivery or Delivery(),
                workers=connection.get_executor(pure=False),
                resume=resume,
                progress=progress,
            )
        except KilledWorker as error:
            raise VideoError(
                f"several workers died of one segment ({error}); what is finished is kept"
            ) from error


def is_film(name: str) -> bool:
    """Whether something is to be taken for a film: a file that is no picture."""
    return Path(name).is_file() and not is_picture(name)
