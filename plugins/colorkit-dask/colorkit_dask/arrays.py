"""Stacks of pictures as dask arrays."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit import Colorizer, ImageError

if TYPE_CHECKING:
    from dask.array import Array


def colorize_array(array: "Array", colorizer: Colorizer | None = None) -> "Array":
    """Colour a stack of pictures, when it is computed.

    Parameters
    ----------
    array : dask.array.Array
        ``(N, H, W)`` gray, or ``(N, H, W, C)`` with the channels and dtypes that
        `colorkit.colorize` takes. Chunks along the first axis stay; a picture is never divided.
    colorizer : Colorizer, optional
        The recipe.

    Returns
    -------
    dask.array.Array
        ``(N, H, W, 3)``, or ``(N, H, W, 4)`` where alpha came in; the dtype of ``array`` (uint8 for
        bool).

    Raises
    ------
    ImageError
        When the array is no stack of pictures.
    """
    if array.ndim not in (3, 4):
        raise ImageError(
            f"a stack of pictures is (N, H, W) or (N, H, W, C); received shape {array.shape}"
        )
    alpha = array.ndim == 4 and array.shape[3] in (2, 4)
    dtype = np.dtype(np.uint8) if array.dtype == bool else array.dtype
    whole = array.rechunk(dict.fromkeys(range(1, array.ndim), -1))
    frames, height, width = whole.chunks[:3]
    return whole.map_blocks(
        _coloured,
        colorizer or Colorizer(),
        dtype=dtype,
        chunks=(frames, height, width, (3 + alpha,)),
        new_axis=3 if array.ndim == 3 else None,
        meta=np.empty((0, 0, 0, 0), dtype),
    )


def _coloured(stack: NDArray[Any], colorizer: Colorizer) -> NDArray[Any]:
    return np.stack([colorizer.colorize(picture) for picture in stack])
