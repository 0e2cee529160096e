"""What f and g are to learn, in operations of any Keras backend.

Colours are ab in Lab units, ``(..., 2)``; the d colourings of a frame lie side by side,
``(..., 2 d)``. Distances count in `UNIT` Lab units.
"""

from typing import Any

from keras import ops

from colorkit_zoo.networks import UNIT

Tensor = Any  # of the backend of Keras

SCALES = 3
"""At which colourings are compared, each half the one before: in place of VGG's perception."""

SAFEST = 0.16
"""Weight of the first colouring in the ranked loss; each that follows has half of it."""

NEIGHBOURS = 5
"""Cells that are nearest in colour and place, the cell itself among them."""

REACH = 500.0
"""Pixels of the input that lie as far apart as black and white."""


def distances(colourings: Tensor, truth: Tensor) -> Tensor:
    """How far each colouring is from the truth: smooth L1, summed over `SCALES`.

    Parameters
    ----------
    colourings : tensor
        ``(N, h, w, 2 d)``, sides multiples of 4.
    truth : tensor
        ``(N, h, w, 2)``.

    Returns
    -------
    tensor
        ``(N, d)``.
    """
    count = colourings.shape[-1] // 2
    apart = (colourings - ops.tile(truth, (1, 1, 1, count))) / UNIT
    found = _smooth(apart)
    for _ in range(SCALES - 1):
        apart = _means(apart, 2)
        found += _smooth(apart)
    return ops.mean(ops.reshape(found, (-1, count, 2)), axis=-1)


def ranked(apart: Tensor) -> Tensor:
    """The ranked diversity loss of distances ``(N, d)``: the nearest counts, and all by rank.

    The smallest distance lets one colouring win each frame; weights that fall from `SAFEST` on
    make the first one the safest.
    """
    by_rank = [SAFEST / 2**rank for rank in range(apart.shape[-1])]
    return ops.mean(ops.min(apart, axis=-1) + ops.matmul(apart, ops.convert_to_tensor(by_rank)))


def bilateral(colourings: Tensor, lightness: Tensor, truth: Tensor) -> Tensor:
    """How far the colours of cells are that are near in true colour and in place.

    Parameters
    ----------
    colourings : tensor
        ``(N, h, w, 2 d)``.
    lightness : tensor
        ``(N, 2h, 2w, 1)`` in 0..100.
    truth : tensor
        ``(N, h, w, 2)``.

    Returns
    -------
    tensor
        Mean over pictures and neighbours, at 1/4 of the input's size, summed over colourings.
    """
    colours = ops.concatenate([_means(lightness, 4), _means(truth, 2)], axis=-1)
    near = _neighbours(colours / 100)
    flat = _flat(_means(colourings, 2))
    n, cells, channels = ops.shape(flat)
    there = ops.take_along_axis(flat, ops.reshape(near, (n, -1, 1)), axis=1)
    there = ops.reshape(there, (n, cells, NEIGHBOURS, channels))
    return channels / 2 * ops.mean(ops.abs(there - flat[:, :, None])) / UNIT


def carried(ab: Tensor, origin: Tensor) -> Tensor:
    """Colours where they arrive.

    Parameters
    ----------
    ab : tensor
        ``(N, h, w, 2)``.
    origin : tensor
        ``(N, h w)`` int32: for each cell by rows, the number of the cell that it comes from.

    Returns
    -------
    tensor
        ``(N, h, w, 2)``.
    """
    return ops.reshape(ops.take_along_axis(_flat(ab), origin[..., None], axis=1), ops.shape(ab))


def temporal(arrived: Tensor, ab: Tensor, trust: Tensor) -> Tensor:
    """How far a frame's colours ``(N, h, w, 2)`` are from those that arrived, where trusted.

    Trust is ``(N, h, w, 1)`` in 0..1.
    """
    return ops.mean(ops.abs(arrived - ab) * trust) / UNIT


def refinement(
    refined: Tensor, truth: Tensor, arrived: Tensor, first: Tensor, doubtful: Tensor
) -> Tensor:
    """How far refined colours ``(N, h, w, 2)`` are from where they should be.

    That is the truth; and where the first colouring is doubtful, ``(N, h, w, 1)`` in 0..1, what
    arrived, elsewhere that colouring itself.
    """
    drawn = doubtful * ops.abs(arrived - refined) + (1 - doubtful) * ops.abs(first - refined)
    return ops.mean(ops.abs(refined - truth) + drawn) / UNIT


def _smooth(apart: Tensor) -> Tensor:
    """Means over pictures of smooth L1, ``(N, C)``: that of colorkit's own loss."""
    apart = ops.abs(apart)
    return 2 * ops.mean(ops.where(apart < 1, 0.5 * apart**2, apart - 0.5), axis=(1, 2))


def _means(x: Tensor, cell: int) -> Tensor:
    """Over squares of so many a side; on JAX, strides have to be given."""
    return ops.average_pool(x, cell, cell)


def _neighbours(colours: Tensor) -> Tensor:
    """The numbers of the nearest cells to each, ``(N, h w, NEIGHBOURS)``."""
    h, w = ops.shape(colours)[1:3]
    rows, columns = ops.meshgrid(ops.arange(h), ops.arange(w), indexing="ij")
    place = ops.cast(ops.stack([rows, columns], axis=-1), colours.dtype) * (4 / REACH)
    place = ops.broadcast_to(place, (*ops.shape(colours)[:3], 2))
    flat = _flat(ops.concatenate([colours, place], axis=-1))
    squared = ops.sum(flat**2, axis=-1)
    likeness = 2 * ops.matmul(flat, ops.transpose(flat, (0, 2, 1))) - squared[:, None]
    return ops.top_k(likeness, NEIGHBOURS, sorted=False)[1]


def _flat(x: Tensor) -> Tensor:
    """``(N, h, w, C)`` to ``(N, h w, C)``."""
    n, h, w, channels = ops.shape(x)
    return ops.reshape(x, (n, h * w, channels))
