"""Whether `Distribution.confidence` is as right as it says."""

import numpy as np
from numpy.typing import NDArray

from colorkit.bins import Distribution

Array = NDArray[np.float64]

RADIUS = 20.0
"""Lab units within which a colour is like another, as for `Distribution.confidence`."""

LEVELS = 10


def reliability(
    believed: Distribution, true_ab: NDArray[np.float32], temperature: float
) -> tuple[Array, Array, Array]:
    """Cells of a distribution by how confident they are.

    Parameters
    ----------
    believed : Distribution
        Of one picture.
    true_ab : ndarray
        ``(H, W, 2)``, Lab units; the pixel at the centre of a cell is its truth.
    temperature : float
        Of the annealed mean that is shown.

    Returns
    -------
    tuple of ndarray
        For each tenth of confidence, ``(10,)``: cells, the sum of their confidence, and how many
        show a colour within 20 Lab units of the true one.
    """
    rows, columns = (
        np.minimum((np.arange(cells) + 0.5) * size, pixels - 1).astype(np.intp)
        for cells, size, pixels in zip(
            believed.logits.shape[1:3], believed.cell, true_ab.shape[:2], strict=True
        )
    )
    confidence = believed.confidence(temperature, RADIUS)[0].ravel().clip(0, 1)
    off = believed.mean(temperature)[0] - true_ab[np.ix_(rows, columns)]
    right = (off**2).sum(axis=-1).ravel() <= RADIUS**2
    level = np.minimum((confidence * LEVELS).astype(np.intp), LEVELS - 1)
    cells, sure, hits = (
        np.bincount(level, weights, LEVELS).astype(np.float64)
        for weights in (None, confidence, right)
    )
    return cells, sure, hits


def calibration_error(cells: Array, sure: Array, hits: Array) -> Array:
    """Expected calibration error ``(...)`` of `reliability` ``(..., 10)``, summed over pictures.

    The difference, in 0..1, between mean confidence and the share of cells that are right, in each
    tenth of confidence, averaged over cells.
    """
    error: Array = np.abs(sure - hits).sum(-1) / cells.sum(-1)
    return error
