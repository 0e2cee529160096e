"""AuC: the area under the curve of ab errors (Zhang et al. 2016, section 3.1).

The curve is the share of pixels whose ab is off by at most 0, 1 ... 150 Lab units; the area under
it, by trapezoids, is divided by 150, so that perfect colours have 1. It is the mean over pixels of
what each `credit` is worth, so that sums for each true bin are all there is to keep.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.bins import gamut_bins

Array = NDArray[np.float64]

THRESHOLDS = 150


def credit(error: NDArray[np.floating[Any]]) -> Array:
    """What pixels of those errors in Lab units add to the area under the curve, each 0..1."""
    step = np.ceil(error).astype(np.float64)
    worth: Array = (THRESHOLDS + 0.5 - step) / THRESHOLDS
    worth[step == 0] = 1
    worth[step > THRESHOLDS] = 0
    return worth


def tally(ab: NDArray[Any], true_ab: NDArray[Any], bins: NDArray[np.intp]) -> tuple[Array, Array]:
    """Pixels and their credit for each true bin.

    Parameters
    ----------
    ab, true_ab : ndarray
        ``(..., 2)``, Lab units.
    bins : ndarray
        ``(...)``, the `colorkit.bins.nearest_bin` of what is true.

    Returns
    -------
    tuple of ndarray
        ``(313,)`` each.
    """
    error = np.hypot(*np.moveaxis(ab - true_ab, -1, 0)).ravel()
    count, flat = len(gamut_bins()), bins.ravel()
    pixels = np.bincount(flat, minlength=count).astype(np.float64)
    credits = np.bincount(flat, credit(error), minlength=count).astype(np.float64)
    return pixels, credits


def auc(pixels: Array, credits: Array, weights: Array | None = None) -> Array:
    """AuC ``(...)`` in 0..1 of tallies ``(..., 313)``; with a weight for each true bin, rebalanced.

    Parameters
    ----------
    pixels, credits : ndarray
        Of `tally`, or sums of them.
    weights : ndarray, optional
        ``(..., 313)``: of `own_weights` or `prior_weights`.
    """
    each = np.float64(1) if weights is None else weights
    area: Array = (credits * each).sum(-1) / (pixels * each).sum(-1)
    return area


def own_weights(pixels: Array) -> Array:
    """One over the pixels ``(..., 313)`` of each true bin: bins that occur count the same."""
    return np.divide(1, pixels, out=np.zeros_like(pixels), where=pixels > 0)


def prior_weights() -> Array:
    """One over how probable each bin is in ImageNet: equation 4 of the paper with lambda = 0.

    Bins that are rare there carry most of the score, however few pixels they have here.
    """
    return 1 / published_prior()


@cache
def published_prior() -> Array:
    """How frequent the 313 bins are among the pixels of ImageNet, smoothed: ``(313,)``, sum 1."""
    with files("colorkit.evaluation").joinpath("prior_probs.npy").open("rb") as file:
        prior: Array = np.load(file)
    prior.flags.writeable = False  # shared by every caller
    return prior
