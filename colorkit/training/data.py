"""Crops of photographs, with what is to be learned from them.

A crop is a function of the seed and its number, whatever was drawn before it: a run that is taken
up again sees the same crops as one that was never stopped.
"""

import os
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from colorkit import lab
from colorkit.errors import FileError
from colorkit.photos import StoredPhoto
from colorkit.training import degrade
from colorkit.training.simulation import simulated_hints
from colorkit.training.targets import Encoder

Array = NDArray[np.float32]

GRAY = 5.0
"""Lab units of a and b below which a crop has no colour to learn from."""

PATIENCE = 100
"""Photographs in a row that may be unreadable."""


def source(photo: StoredPhoto) -> str:
    """Where a photograph comes from: its name without the number that ends it.

    ``tar/corel-00012.webp`` is of the source ``corel``, as are all that are called alike; where
    names are numbers alone, the folder is the source.
    """
    folder, name = os.path.split(os.path.splitext(photo.name)[0])
    return re.sub(r"[-_ ]?\d+$", "", name) or folder or os.path.dirname(photo.path)


class Batch(NamedTuple):
    """What a step learns from.

    Attributes
    ----------
    inputs : list of ndarray
        Lightness ``(N, s, s, 1)`` float32 in 0..100; for networks that take hints also these
        ``(N, s, s, 2)`` in Lab units, and their mask ``(N, s, s, 1)``. Or features of lightness.
    truth : dict
        ``ab`` ``(N, h, w, 2)`` in Lab units, ``bins`` and ``shares`` ``(N, h, w, k)``, ``weight``
        ``(N, h, w)``; with hints also ``pixels``, ab ``(N, s, s, 2)``. `Pairs` give ``ab``,
        ``origin`` and ``trust``.
    """

    inputs: list[Array]
    truth: dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Crops:
    """Crops by number.

    Attributes
    ----------
    photos : sequence of StoredPhoto
        Unreadable ones are passed over.
    encoder : Encoder
        Colours to bins.
    weights : ndarray
        ``(Q,)``: what each bin weighs.
    seed : int
        Of all that is drawn.
    cell : int
        Pixels of the crop, along a side, in a cell of the network's answer.
    film : bool
        Whether crops get the faults of old film.
    per_source : int or None
        Photographs of a source that an epoch has at most.
    hints : float or None
        Probability that a crop has no further hint; None where the network takes none.
    unreadable : set of str
        Those that were passed over.
    """

    photos: Sequence[StoredPhoto]
    encoder: Encoder
    weights: Array
    seed: int = 0
    cell: int = 4
    film: bool = True
    per_source: int | None = None
    hints: float | None = None
    unreadable: set[str] = field(default_factory=set)

    @cached_property
    def _sources(self) -> list[list[int]]:
        found = defaultdict(list)
        for i, photo in enumerate(self.photos):
            found[source(photo)].append(i)
        return list(found.values())

    @cached_property
    def epoch(self) -> int:
        """How many photographs there are in an epoch."""
        return sum(min(len(s), self.per_source or len(s)) for s in self._sources)

    def photo(self, number: int) -> StoredPhoto:
        """The photograph of a crop."""
        epoch, place = divmod(number, self.epoch)
        return self.photos[int(_order(self, epoch)[place])]

    def batch(self, step: int, size: int, side: int) -> Batch:
        """The crops of a step, counted from 0."""
        numbers = range(step * size, (step + 1) * size)
        lightness, ab, pixels = self.cut(numbers, side)
        truth = self.truth(ab)
        if self.hints is None:
            return Batch([lightness[..., None]], truth)
        given = [
            simulated_hints(of, self.hints, np.random.default_rng((self.seed, n, 2)))
            for n, of in zip(numbers, pixels, strict=True)
        ]
        hints, mask = (np.stack(part) for part in zip(*given, strict=True))
        return Batch([lightness[..., None], hints, mask], truth | {"pixels": pixels})

    def cut(self, numbers: Iterable[int], side: int) -> tuple[Array, Array, Array]:
        """Lightness ``(N, side, side)``, ab in cells ``(N, h, w, 2)``, and in pixels."""
        lightness, pixels = (
            np.stack(part) for part in zip(*(self.crop(n, side) for n in numbers), strict=True)
        )
        return lightness, cell_means(pixels, self.cell), pixels

    def truth(self, ab: Array) -> dict[str, NDArray[Any]]:
        """What is to be learned of ab in cells, as in `Batch`."""
        bins, shares = self.encoder(ab)
        coloured = np.abs(ab).max(axis=(1, 2, 3)) > GRAY
        weight = self.weights[bins[..., 0]] * coloured[:, None, None]
        return {"ab": ab, "bins": bins, "shares": shares, "weight": weight}

    def crop(self, number: int, side: int) -> tuple[Array, Array]:
        """Lightness ``(side, side)`` in 0..100, and ab ``(side, side, 2)`` in Lab units."""
        rng = np.random.default_rng((self.seed, number))
        linear = degrade.linear_rgb(random_part(self.read(number, rng), side, rng))
        lightness = degrade.film(linear, rng) if self.film else degrade.true_lightness(linear)
        return lightness, lab_ab(linear)

    def read(self, number: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """The photograph of a crop; another, if it cannot be read."""
        for _ in range(PATIENCE):
            photo = self.photo(number)
            if str(photo) not in self.unreadable:
                try:
                    return photo.read()
                except FileError as error:
                    self.unreadable.add(str(photo))
                    last = error
            number = int(rng.integers(self.epoch))
        raise FileError(
            f"{PATIENCE} photographs in a row cannot be read; the last: {last}"
        ) from last


@lru_cache(maxsize=16)
def _order(crops: Crops, epoch: int) -> NDArray[np.intp]:
    """An epoch's photographs: as many of each source as it may have, all of them mixed."""
    rng = np.random.default_rng((crops.seed, epoch, 1))
    chosen = [rng.permutation(s)[: crops.per_source] for s in crops._sources]
    return rng.permutation(np.concatenate(chosen))


def random_part(rgb: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A square of a part of a photograph, 35 to 100 % of it, nearly square, perhaps mirrored."""
    from PIL import Image

    height, width = rgb.shape[:2]
    area, aspect = rng.uniform(0.35, 1) * min(height, width) ** 2, np.exp(rng.uniform(-0.22, 0.22))
    h, w = min(height, np.sqrt(area / aspect)), min(width, np.sqrt(area * aspect))
    top, left = rng.uniform(0, height - h), rng.uniform(0, width - w)
    box = (left, top, left + w, top + h)
    part = Image.fromarray(rgb).resize((side, side), Image.Resampling.BILINEAR, box)
    cut = np.asarray(part)
    return cut[:, ::-1] if rng.random() < 0.5 else cut


def lab_ab(linear: Array) -> Array:
    """Ab ``(..., 2)`` in Lab units of linear RGB ``(..., 3)``, all in float32."""
    x, y, z = np.moveaxis(lab.lightness(linear @ _XYZ), -1, 0)
    return np.stack([(x - y) * np.float32(500 / 116), (y - z) * np.float32(200 / 116)], axis=-1)


_XYZ = (lab.XYZ_FROM_RGB.T / lab.WHITE).astype(np.float32)


def cell_means(values: Array, cell: int) -> Array:
    """Means ``(N, h, w, c)`` over cells of so many pixels a side."""
    n, height, width, c = values.shape
    cells = values.reshape(n, height // cell, cell, width // cell, cell, c)
    means: Array = cells.mean(axis=2).mean(axis=3)
    return means


def ahead(make: Callable[[int], Batch], first: int, last: int, workers: int = 2) -> Iterator[Batch]:
    """Batches by step, some of them made while others are learned from."""
    with ThreadPoolExecutor(workers) as pool:
        made: deque[Future[Batch]] = deque()
        try:
            for step in range(first, last + workers + 1):
                if step < last:
                    made.append(pool.submit(make, step))
                if len(made) > workers or (step >= last and made):
                    yield made.popleft().result()
        finally:
            for future in made:
                future.cancel()
