"""Photographs as inputs of a network, for comparing and calibrating."""

import itertools
import os
from collections.abc import Iterable, Sequence
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import pixels
from colorkit.backends.metadata import Metadata
from colorkit.errors import ExportError, FileError
from colorkit.photos import photos
from colorkit.resize import fit

Picture = NDArray[np.uint8]
Paths = Iterable[str | os.PathLike[str]]


def load(paths: Paths, sizes: Sequence[tuple[int, int]]) -> list[Picture]:
    """Photographs at network size: each at one of the sizes, and each size with one at least.

    Parameters
    ----------
    paths : iterable of path
        Files, folders and tar files; without any, the example that ships.
    sizes : sequence of tuple of int
        Heights and widths.

    Returns
    -------
    list of ndarray
        ``(h, w, 3)`` uint8 RGB: the whole photograph, padded by reflection.

    Raises
    ------
    ExportError
        When one cannot be found or read.
    """
    try:
        images = [photo.read() for photo in photos(paths)] or [_example()]
    except FileError as error:
        raise ExportError(str(error)) from error
    pairs = zip(itertools.cycle(images), itertools.cycle(sizes), strict=False)
    wanted = itertools.islice(pairs, max(len(images), len(sizes)))
    return [_fitted(image, size) for image, size in wanted]


def network_inputs(picture: Picture, metadata: Metadata) -> dict[str, NDArray[Any]]:
    """A photograph as what a file takes: arrays ``(1, h, w, c)`` by name."""
    return {name: _input(name, picture, metadata.interface) for name in metadata.ranges}


def _example() -> Picture:
    with as_file(files("colorkit").joinpath("cli/example.jpg")) as example:
        return photos([example])[0].read()


def _fitted(image: Picture, size: tuple[int, int]) -> Picture:
    small, _ = fit(image.astype(np.float32), size)
    return np.rint(small).astype(np.uint8)


def _input(name: str, picture: Picture, interface: str) -> NDArray[Any]:
    """Pixels or lightness; for hints and mask, a quarter of one colour."""
    if name == "image":
        # Green stands for gray: nothing is computed that an app would have to compute too.
        return picture[None] if interface == "rgb" else picture[None, ..., 1:2]
    if name == "lightness":
        return pixels.split(picture).lightness[None, :, :, None]
    height, width = picture.shape[:2]
    values = np.zeros((1, height, width, 2 if name == "hints" else 1), np.float32)
    values[:, : height // 2, : width // 2] = (40, -20) if name == "hints" else 1
    return values
