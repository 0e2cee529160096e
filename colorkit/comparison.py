"""Before and after: a slider, a page, a picture; and sheets of pictures."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit import files
from colorkit.atomic import write_atomically
from colorkit.errors import FileError, ImageValueError
from colorkit.pixels import eight_bit
from colorkit.resize import resample
from colorkit.slider import page, slider

if TYPE_CHECKING:
    import PIL.Image

Image = NDArray[np.uint8]

NOTEBOOK_SIDE = 1024
"""The longer side, in pixels, of larger pictures in a notebook."""

PAGE_SIDE = 8192
"""The longer side, in pixels, of larger pictures in an HTML file: browsers have limits."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two pictures of one size; in a notebook, a slider that shows one over the other.

    Attributes
    ----------
    before, after : ndarray
        ``(H, W, 3)`` uint8.
    """

    before: Image
    after: Image

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file, whole or not at all; one that is there is replaced.

        Parameters
        ----------
        path : str or path-like
            One that ends in ``.html`` becomes a page with the slider: a single file, which loads
            nothing; pictures are at most 8192 pixels a side. Any other becomes a picture of both
            side by side, in a format that colorkit writes.

        Raises
        ------
        FileError
            When the ending is unknown, or the file cannot be written.
        """
        name = os.fspath(path)
        if PurePath(name).suffix.lower() not in (".html", ".htm"):
            files.write(name, side_by_side(self.before, self.after), overwrite=True)
            return
        try:
            write_atomically(name, page(self._slider(PAGE_SIDE)).encode())
        except OSError as error:
            raise FileError(f"cannot write {name!r}: {error.strerror}") from error

    def __repr__(self) -> str:
        return f"<Comparison of {_size(self.before)} pixels>"

    def _repr_html_(self) -> str:
        """What Jupyter, VS Code and Colab show: at most 1024 pixels a side."""
        return self._slider(NOTEBOOK_SIDE)

    def _slider(self, side: int) -> str:
        from PIL import Image

        pictures = [Image.fromarray(array) for array in (self.before, self.after)]
        for picture in pictures:
            picture.thumbnail((side, side))
        before, after = map(_jpeg, pictures)
        return slider(before, after, pictures[0].size)


def compare(before: Any, after: Any) -> Comparison:
    """Put two pictures of one size beside each other, to look at.

    The last line of a notebook's cell shows them with a slider in between.

    Parameters
    ----------
    before, after : array_like or PIL.Image.Image
        As `colorkit.colorize` takes and gives them; transparent parts show white.

    Returns
    -------
    Comparison
        Its `save` writes a page or a picture.

    Raises
    ------
    ImageTypeError, ImageValueError
        When one is no picture; when their sizes differ.

    Examples
    --------
    >>> compared = colorkit.compare(gray, colorkit.colorize(gray))  # doctest: +SKIP
    >>> compared.save("compared.html")  # doctest: +SKIP
    """
    pictures = [_opaque(eight_bit(image)) for image in (before, after)]
    sizes = [_size(picture) for picture in pictures]
    if sizes[0] != sizes[1]:
        raise ImageValueError(
            f"before is {sizes[0]} pixels and after {sizes[1]}: bring one to the other's size"
        )
    return Comparison(*pictures)


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


def _size(image: Image) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"


def _scaled_to(image: Image, height: int) -> Image:
    opaque = _opaque(image)
    width = max(1, round(opaque.shape[1] * height / opaque.shape[0]))
    return np.rint(resample(opaque.astype(np.float32), (height, width))).astype(np.uint8)


def _jpeg(picture: "PIL.Image.Image") -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90, subsampling=0)
    return stream.getvalue()


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
