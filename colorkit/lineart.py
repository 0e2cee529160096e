"""Whether a picture is a page of text or a line drawing, which has no colours to be found."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 512
"""About what is looked at of the short side, in pixels."""

TILE = 32
CONTRAST = 0.2
"""Least contrast of a tile that has something on it, as a part of black to white."""

BUSY_TILES = 8
"""Fewer with something on them tell nothing."""

PAPER = 2 / 3


def is_line_art(image: NDArray[Any]) -> bool:
    """Tell whether a picture is a page of text or a line drawing: dark marks on paper.

    Wherever there is something on a page, most of the place is paper still, in one tone; in a
    photograph tones lie anywhere between the darkest and the lightest nearby. Light on its own
    says nothing, so that yellowed paper and shadows do no harm.

    Parameters
    ----------
    image : ndarray
        ``(H, W)``, or ``(H, W, C)`` with gray or red first; any range.

    Returns
    -------
    bool
        True only where it is rather sure.
    """
    plane = image if image.ndim == 2 else image[..., 0]
    white = np.iinfo(plane.dtype).max if plane.dtype.kind == "u" else 1
    step = max(1, min(plane.shape) // SIDE)
    tiles = _tiles(plane[::step, ::step].astype(np.float32)) / np.float32(white)
    dark, light = np.percentile(tiles, (2, 98), axis=1)
    busy = light - dark > CONTRAST
    if busy.sum() < BUSY_TILES:
        return False
    rank = (tiles[busy] - dark[busy, None]) / (light - dark)[busy, None]
    return bool(np.median((rank > 0.75).mean(axis=1)) > PAPER)


def _tiles(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(N, TILE * TILE)``; a rest at the right and the bottom is left out."""
    down, across = (side // TILE for side in plane.shape)
    whole = plane[: down * TILE, : across * TILE].reshape(down, TILE, across, TILE)
    return whole.swapaxes(1, 2).reshape(down * across, TILE * TILE)
