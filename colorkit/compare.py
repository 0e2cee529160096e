"""Before and after, and sheets of pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from colorkit.resize import resample

Image = NDArray[np.uint8]


def side_by_side(*images: Image, gap: int = 8) -> Image:
    """Pictures of one height in a row, white between them.

    Parameters
    ----------
    *images : ndarray
        ``(H, W)`` to ``(H, W, 4)`` uint8; transparent parts show white.
    gap : int
        Pixels between two.

    Returns
    -------
    ndarray
        ``(H, W', 3)`` uint8.
    """
    opaque = [_opaque(image) for image in images]
    white = np.full((len(opaque[0]), gap, 3), 255, np.uint8)
    row = [part for image in opaque for part in (white, image)]
    return np.concatenate(row[1:], axis=1)


def sheet(images: Sequence[Image], columns: int, height: int = 256, gap: int = 8) -> Image:
    """A contact sheet: pictures of one height in rows, white between them.

    Parameters
    ----------
    images : sequence of ndarray
        ``(H, W)`` to ``(H, W, 4)`` uint8, of any sizes.
    columns : int
        Pictures in a row.
    height : int
        Of each picture on the sheet, in pixels.
    gap : int
        Pixels between two.

    Returns
    -------
    ndarray
        ``(H', W', 3)`` uint8.
    """
    scaled = [_scaled_to(image, height) for image in images]
    rows = [side_by_side(*scaled[i : i + columns], gap=gap) for i in range(0, len(scaled), columns)]
    width = max(row.shape[1] for row in rows)
    canvas = np.full((len(rows) * (height + gap) - gap, width, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        top = i * (height + gap)
        canvas[top : top + height, : row.shape[1]] = row
    return canvas


def _scaled_to(image: Image, height: int) -> Image:
    opaque = _opaque(image)
    width = max(1, round(opaque.shape[1] * height / opaque.shape[0]))
    return np.rint(resample(opaque.astype(np.float32), (height, width))).astype(np.uint8)


def _opaque(image: Image) -> Image:
    """``(H, W, 3)``, on white."""
    if image.ndim == 2:
        image = image[..., None]
    channels = image.shape[2]
    colour = np.broadcast_to(image[..., : 1 if channels < 3 else 3], (*image.shape[:2], 3))
    if channels in (1, 3):
        return colour
    share = image[..., -1:].astype(np.float32) / 255
    return np.rint(colour * share + 255 * (1 - share)).astype(np.uint8)
