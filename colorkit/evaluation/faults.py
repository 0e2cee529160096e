"""Faults that people notice first: blotches, and colour on what is gray."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

VIVID = 25
"""Chroma above which a region can be a blotch, Lab units."""

SMALLEST = 1 / 500
"""Share of the picture below which nobody would call it one."""

EDGE, REACH = 10, 3
"""A pixel lies at an edge where L* spans that much among the pixels that near."""

NEUTRAL, TINTED = 5, 10
"""True chroma below which a pixel is gray, and chroma from which gray is seen to be coloured."""


def blotches(ab: Array, lightness: Array) -> float:
    """The share of a picture, 0..1, that lies in blotches.

    A blotch is a connected region of chroma above 25, at least 0.2 % of the picture, whose border
    does not follow lightness: along less than half of it L* spans 10 or more within 3 pixels. True
    colours have some, such as skies that pale towards the horizon: compare with their share.

    Parameters
    ----------
    ab : ndarray
        ``(H, W, 2)``, Lab units.
    lightness : ndarray
        ``(H, W)``, L* in 0..100.
    """
    from scipy.ndimage import maximum_filter, minimum_filter
    from skimage.measure import label

    regions = label(np.hypot(ab[..., 0], ab[..., 1]) > VIVID, connectivity=1)
    window = 2 * REACH + 1
    at_edge = maximum_filter(lightness, window) - minimum_filter(lightness, window) >= EDGE
    rim = _on_border(regions)
    count = regions.max() + 1
    area = np.bincount(regions.ravel(), minlength=count)
    border = np.bincount(regions[rim], minlength=count)
    followed = np.bincount(regions[rim & at_edge], minlength=count)
    loose = (followed < border / 2) & (area >= SMALLEST * regions.size)
    loose[0] = False  # what is no region
    return float(area[loose].sum() / regions.size)


def _on_border(regions: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Pixels with a neighbour outside their region; the end of the picture is no border."""
    border = np.zeros(regions.shape, bool)
    for one, other in (
        (np.s_[1:, :], np.s_[:-1, :]),
        (np.s_[:, 1:], np.s_[:, :-1]),
    ):
        differs = regions[one] != regions[other]
        border[one] |= differs
        border[other] |= differs
    return border


def neutral_pixels(ab: Array, true_ab: Array) -> tuple[int, int]:
    """How many pixels are truly gray, and how many of them stay gray.

    Gray is a true chroma below 5; it stays where the chroma is below 10, Lab units.
    """
    gray = np.hypot(true_ab[..., 0], true_ab[..., 1]) < NEUTRAL
    kept = gray & (np.hypot(ab[..., 0], ab[..., 1]) < TINTED)
    return int(gray.sum()), int(kept.sum())
