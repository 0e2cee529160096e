"""A page as its file stores it, before it is turned upright and into sRGB."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import FileError
from colorkit.pixels import TOLERANCE

if TYPE_CHECKING:
    from PIL.Image import Exif

Array = NDArray[Any]
Rows = Callable[[int, int], Array]


@dataclass(frozen=True)
class Stored:
    """A page of a picture file, not decoded yet.

    Attributes
    ----------
    size : tuple of int
        Width and height as decoded.
    mode : str
        What the channels are: "L", "LA", "RGB", "RGBA", "CMYK", "LAB".
    rows : callable
        Maps the first row, and the one after the last, to an array of uint8, uint16 or float32.
    exif : Exif
        Pillow's view of the EXIF data, or of the directory of a TIFF.
    info : mapping
        What Pillow found beside the pixels.
    sideways : bool
        Whether decoding turned the picture on its side already, as Pillow does with a TIFF.
    notes : list of str
        What the owner of the file wants to know.
    """

    size: tuple[int, int]
    mode: str
    rows: Rows
    exif: "Exif"
    info: Mapping[Any, Any]
    sideways: bool = False
    notes: list[str] = field(default_factory=list)


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Refuse a picture without pixels, or with too many."""
    width, height = size
    if width < 1 or height < 1:
        raise FileError(f"it is {width} x {height} pixels, which is no picture")
    if width * height > max_pixels:
        raise FileError(
            f"it is {width} x {height} pixels, more than the limit of {max_pixels}: raise it with "
            "max_pixels= (on the command line, --max-pixels) if you trust the file"
        )


def as_rows(image: Array) -> Rows:
    """Strips of an array."""
    return lambda top, bottom: image[top:bottom]


def in_range(image: Array) -> Array:
    """Floats as [0, 1], or refused; what is a rounding error outside is clipped."""
    lowest, highest = image.min(), image.max()
    if not (lowest >= -TOLERANCE and highest <= 1 + TOLERANCE):  # NaN compares false
        found = f"{lowest:.6g} to {highest:.6g}" if np.isfinite(image).all() else "NaN or infinity"
        raise FileError(f"it holds floats that are not in [0, 1] but {found}: scale them first")
    clipped: Array = np.clip(image, 0, 1).astype(np.float32)
    return clipped
