"""What a network is to learn: colours as shares of bins, and how much each of them weighs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.bins import GRID, gamut_bins, grid_bins
from colorkit.errors import OptionError, warn

Array = NDArray[np.float32]

CANDIDATES = 16
"""Bins around a cell of the grid: the nearest five of any colour in the cell are among them."""

SIGMA = 5.0
"""Width of the Gaussian in Lab units, of encoding and of the prior alike."""


@dataclass(frozen=True, eq=False)
class Encoder:
    """Soft encoding, as the few bins that take a share (Zhang et al. 2016, section 2.2).

    Attributes
    ----------
    bins : ndarray
        ``(Q, 2)``, Lab units: evenly spaced by 10.
    neighbours : int
        Bins that take a share, 5 in the paper.
    """

    bins: Array = field(default_factory=gamut_bins)
    neighbours: int = 5

    @cached_property
    def _near(self) -> NDArray[np.intp]:
        """Bins near every cell of the grid, ``(23, 23, CANDIDATES)``."""
        squared = ((grid_bins()[:, None] - self.bins) ** 2).sum(axis=-1)
        nearest = np.argsort(squared, axis=1, kind="stable")[:, :CANDIDATES]
        return nearest.reshape(23, 23, -1)

    def __call__(self, ab: Array) -> tuple[NDArray[np.int32], Array]:
        """Spread colours over their nearest bins.

        Parameters
        ----------
        ab : ndarray
            ``(..., 2)`` float32, Lab units, of the sRGB gamut.

        Returns
        -------
        bins : ndarray
            ``(..., neighbours)`` int32, nearest first.
        shares : ndarray
            The same shape, float32, sums to 1.
        """
        cell = np.clip(np.rint(ab / GRID) + 11, 0, 22).astype(np.intp)
        near = self._near[cell[..., 0], cell[..., 1]]
        a, b = self.bins[:, 0][near] - ab[..., :1], self.bins[:, 1][near] - ab[..., 1:]
        squared = a * a + b * b
        order = np.argsort(squared, axis=-1)[..., : self.neighbours]
        squared = np.take_along_axis(squared, order, axis=-1)
        shares = np.exp((squared[..., :1] - squared) / (2 * SIGMA**2))
        shares /= shares.sum(axis=-1, keepdims=True)
        bins = np.take_along_axis(near, order, axis=-1)
        return bins.astype(np.int32), shares.astype(np.float32)


def prior(encoder: Encoder, colours: Iterable[Array]) -> NDArray[np.float64]:
    """How often each bin is met.

    Soft encoding spreads a colour as the smoothing of the paper does, so that no bin between two
    that are met is missing.

    Parameters
    ----------
    encoder : Encoder
        Has the bins.
    colours : iterable of ndarray
        ``(..., 2)``, Lab units.

    Returns
    -------
    ndarray
        ``(Q,)``, sums to 1.
    """
    size = len(encoder.bins)
    counts = np.zeros(size)
    for ab in colours:
        bins, shares = encoder(ab)
        counts += np.bincount(bins.ravel(), shares.ravel(), minlength=size)
    if not counts.any():
        raise OptionError("no colours were found to count: are there colour photographs?")
    p: NDArray[np.float64] = counts / counts.sum()
    return p


def check_prior(p: NDArray[np.float64], bins: Array) -> None:
    """Warn of colours that no set of photographs has: they were read in another scale or order.

    Parameters
    ----------
    p : ndarray
        ``(Q,)``, sums to 1.
    bins : ndarray
        ``(Q, 2)``, Lab units.
    """
    chroma = np.hypot(bins[:, 0], bins[:, 1])
    mean, vivid = float(p @ chroma), float(p[chroma > 80].sum())
    a, b = bins[p.argmax()].tolist()
    if max(abs(a), abs(b)) > GRID / 2 or not 10 <= mean <= 25 or vivid > 0.02:
        warn(
            f"these photographs have unusual colours: most often (a, b) = ({a:.0f}, {b:.0f}), mean "
            f"chroma {mean:.1f}, {vivid:.1%} beyond 80; usual are (0, 0), 10 to 25, below 2%"
        )


def rebalancing(p: NDArray[np.float64], rebalance: float, heaviest: float) -> Array:
    """What each bin weighs: 1 / ((1 - lambda) p + lambda / Q), capped, 1 in the mean.

    Parameters
    ----------
    p : ndarray
        ``(Q,)``, sums to 1.
    rebalance : float
        Lambda; 1 weighs all alike.
    heaviest : float
        The cap, before the mean is made 1 once more.

    Returns
    -------
    ndarray
        ``(Q,)`` float32, positive; its mean under ``p`` is 1.
    """
    weights = 1 / np.maximum((1 - rebalance) * p + rebalance / len(p), 1e-12)
    weights = np.minimum(weights / (p @ weights), heaviest)
    normalised: NDArray[Any] = weights / (p @ weights)
    return normalised.astype(np.float32)
