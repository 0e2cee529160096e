"""Cuts: where one shot of a film ends and the next begins."""

import numpy as np
from numpy.typing import NDArray

from colorkit.video.flow import reduced

Array = NDArray[np.float32]

GRID = (18, 32)
CUT = 0.6
"""Distance from which two frames belong to two shots. In film a lorry that passes before the camera
makes 0.52, cuts 0.93 and more; of neighbouring photographs of a collection 99 % are beyond 0.72."""

NOISE = 4.0


def thumbnail(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame ``(h, w)``, gray, as far as cuts are told from it; of that, itself."""
    return reduced(frame, GRID)


def is_cut(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Tell whether two neighbouring frames, ``(h, w)`` gray, belong to different shots."""
    one, two = (thumbnail(frame).astype(np.float32) for frame in (before, after))
    # A lamp that flickers, or an exposure that drifts, is no cut: means do not count.
    distance = np.abs((one - one.mean()) - (two - two.mean())).mean()
    return bool(distance > CUT * ((one.std() + two.std()) / 2 + NOISE))
