"""Pairs of frames out of film in colour, kept small and decoded once."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import VideoError

if TYPE_CHECKING:
    from av import VideoFrame

    from colorkit.video.container import Source

Frame = NDArray[np.uint8]
FramePair = tuple[Frame, Frame]

PAIRS = 100
"""Pairs of a clip that are kept, at most: some 70 MB."""

SIDE = 256
"""Pixels of the short side that they are reduced to."""

APART = 3
"""Frames from the first of a pair to the second, at most."""


def read_pairs(path: Path) -> list[FramePair]:
    """Frames of a clip, evenly spaced, and for each one that follows it soon.

    Parameters
    ----------
    path : Path
        Whatever FFmpeg reads.

    Returns
    -------
    list of tuple
        ``(H, W, 3)`` uint8 twice, upright.

    Raises
    ------
    VideoError
        When it is missing, no film, damaged, or has a single frame; or when PyAV or OpenCV is not
        installed.
    """
    try:
        from colorkit.video.container import opened
    except ModuleNotFoundError as error:
        raise VideoError(
            "clips are read by PyAV, which is not installed: pip install 'colorkit[video]'"
        ) from error
    from colorkit.video.flow import opencv

    opencv()  # motion in them is measured later, in a run that would have begun
    with opened(path) as source:
        numbers = _numbers(sum(p.size > 0 for p in source.container.demux(source.video)))
    wanted = {number for pair in numbers for number in pair}
    with opened(path) as source:
        frames = enumerate(source.frames(0, None, deinterlace=False))
        kept = {number: _small(frame, source) for number, frame in frames if number in wanted}
    pairs = [(kept[i], kept[j]) for i, j in numbers if i in kept and j in kept]
    if not pairs:
        raise VideoError(f"{str(path)!r} has no two frames to learn from")
    return pairs


def _numbers(count: int) -> list[tuple[int, int]]:
    """Which frames make pairs, of so many."""
    firsts = np.linspace(0, count - 2, min(PAIRS, max(count - 1, 0))).astype(int).tolist()
    return [(first, min(first + 1 + i % APART, count - 1)) for i, first in enumerate(firsts)]


def _small(frame: "VideoFrame", source: "Source") -> Frame:
    height, width = frame.height, frame.width * float(source.aspect)
    scale = min(1.0, SIDE / min(height, width))
    size = round(width * scale), round(height * scale)
    rgb = frame.reformat(*size, "rgb24", interpolation="AREA").to_ndarray()
    upright: Frame = np.rot90(rgb, round(frame.rotation / 90))
    return upright
