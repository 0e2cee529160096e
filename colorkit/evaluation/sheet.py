"""Contact sheets: what scores cannot say."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from colorkit import lab
from colorkit.colorizer import Colorizer
from colorkit.comparison import sheet
from colorkit.photos import StoredPhoto

Image = NDArray[np.uint8]


def contact_sheet(
    photos: Iterable[StoredPhoto], colorizers: Sequence[Colorizer], height: int = 192
) -> Image:
    """Photographs one below the other: made gray, coloured by each recipe, and as they are.

    Parameters
    ----------
    photos : iterable of StoredPhoto
        In colour, or black and white.
    colorizers : sequence of Colorizer
        A column for each.
    height : int
        Of each picture, in pixels.

    Returns
    -------
    ndarray
        ``(H, W, 3)`` uint8.

    Raises
    ------
    FileError
        When a photograph cannot be read.
    """
    pictures: list[Image] = []
    for photo in photos:
        truth = photo.read()
        pictures += [_gray(truth), *(c.colorize(truth) for c in colorizers), truth]
    return sheet(pictures, len(colorizers) + 2, height)


def _gray(rgb: Image) -> Image:
    """The same lightness without colour, ``(H, W)``."""
    code = np.asarray(rgb / 255, np.float32)
    light = lab.luminance(lab.srgb_to_linear(code))
    return lab.encode(light, np.dtype(np.uint8))
