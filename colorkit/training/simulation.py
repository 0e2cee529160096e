"""Hints as a person might give them, taken from the true colours."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

LARGEST = 9
"""Side of the largest patch, in pixels."""


def simulated_hints(ab: Array, stop: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Patches of the mean of the true colours, most of them near the middle.

    After Zhang et al. (SIGGRAPH 2017, section 3.2): a geometric number of patches, 1x1 to 9x9
    pixels, normally distributed about the middle with a quarter of each side.

    Parameters
    ----------
    ab : ndarray
        ``(H, W, 2)``, Lab units.
    stop : float
        Probability that there is no further patch: 1 gives none, 1/8 seven in the mean.
    rng : Generator
        Draws their number, sizes and places.

    Returns
    -------
    hints : ndarray
        ``(H, W, 2)``, 0 where there is none.
    mask : ndarray
        ``(H, W, 1)``, 1 where there is one.
    """
    hints, mask = np.zeros_like(ab), np.zeros((*ab.shape[:2], 1), np.float32)
    for _ in range(rng.geometric(stop) - 1):
        size = int(rng.integers(1, LARGEST + 1))
        top, left = (_place(side, size, rng) for side in ab.shape[:2])
        patch = np.s_[top : top + size, left : left + size]
        hints[patch] = ab[patch].mean(axis=(0, 1))
        mask[patch] = 1
    return hints, mask


def _place(side: int, size: int, rng: np.random.Generator) -> int:
    free = side - size
    return int(np.clip(rng.normal((free + 1) / 2, (free + 1) / 4), 0, free))
