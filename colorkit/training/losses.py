"""How far a network is from the truth, in operations of any Keras backend."""

from typing import Any

from keras import ops

Tensor = Any  # of the backend of Keras

SCALE = 20.0
"""Lab units that count as 1 in the loss on colours."""


def divergence(log_p: Tensor, bins: Tensor, shares: Tensor) -> Tensor:
    """Kullback-Leibler divergence from predicted to soft-encoded colours, in nats.

    Parameters
    ----------
    log_p : tensor
        ``(N, h, w, Q)``, logarithms of probabilities.
    bins, shares : tensor
        ``(N, h, w, k)``: the bins that have a share in the truth, and their shares.

    Returns
    -------
    tensor
        ``(N, h, w)``, 0 where they agree.
    """
    cross = ops.sum(shares * ops.take_along_axis(log_p, bins, axis=-1), axis=-1)
    return ops.sum(shares * ops.log(shares + 1e-12), axis=-1) - cross


def colour_distance(ab: Tensor, truth: Tensor) -> Tensor:
    """Smooth L1 between colours ``(N, h, w, 2)`` in Lab units, over `SCALE`: the mean."""
    apart = ops.abs(ab - truth) / SCALE
    return 2 * ops.mean(ops.where(apart < 1, 0.5 * apart**2, apart - 0.5))


def mean_colour(log_p: Tensor, bin_colours: Tensor) -> Tensor:
    """The mean of distributions, ``(N, h, w, 2)`` in Lab units."""
    return ops.matmul(ops.exp(log_p), bin_colours)
