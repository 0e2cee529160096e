"""What the frozen part of a network makes of crops, computed once for each of so many.

The same crops come round again and again, each time in another order. They are functions of their
numbers, so that what is lost in a stop is computed once more, and nothing else changes.
"""

import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from colorkit.training.data import Batch, Crops

LIMIT = 8 * 2**30
"""Bytes that are kept for crops of one size, if the disk has twice that; the rest is computed."""

Array = NDArray[np.float32]
Rows = NDArray[Any]
"""Of a structured type: features and colours of crops, in 16 bits."""


class Features:
    """Batches of features in place of lightness.

    Parameters
    ----------
    crops : Crops
        Of lightness alone, without hints.
    encoder : keras.Model
        Lightness to features; it is asked from several threads, and has to stay as it is.
    variants : int
        How many crops of a photograph there are.
    folder : Path
        Where they are kept, in a file without a name that vanishes with the process.
    """

    def __init__(self, crops: Crops, encoder: keras.Model, variants: int, folder: Path) -> None:
        self.crops, self.encoder, self.folder = crops, encoder, folder
        self.count = variants * crops.epoch
        self._kept: dict[int, _Kept] = {}

    def batch(self, step: int, size: int, side: int) -> Batch:
        """What is learned from in a step, counted from 0."""
        if side not in self._kept:
            self._kept[side] = _Kept(self._row(side), self.count, self.folder)
        kept = self._kept[side]
        numbers = np.array([self._number(n) for n in range(step * size, (step + 1) * size)])
        rows, known = kept.read(numbers)
        if not known.all():
            new = numbers[~known]
            rows[~known] = made = self._computed(new, side, rows.dtype)
            kept.write(new, made)
        *features, ab = (rows[name].astype(np.float32) for name in rows.dtype.names or ())
        return Batch(features, self.crops.truth(ab))

    def _number(self, place: int) -> int:
        turn, place = divmod(place, self.count)
        return int(_order(self.crops.seed, turn, self.count)[place])

    def _row(self, side: int) -> np.dtype[Any]:
        sample = self._encoded(np.zeros((1, side, side), np.float32))
        cells = side // self.crops.cell
        fields = [(f"feature{i}", np.float16, each.shape[1:]) for i, each in enumerate(sample)]
        return np.dtype([*fields, ("ab", np.float16, (cells, cells, 2))])

    def _encoded(self, lightness: Array) -> list[Array]:
        features = keras.tree.flatten(self.encoder(lightness[..., None], training=False))
        return [keras.ops.convert_to_numpy(keras.ops.cast(each, "float32")) for each in features]

    def _computed(self, numbers: NDArray[np.intp], side: int, row: np.dtype[Any]) -> Rows:
        lightness, ab, _ = self.crops.cut(numbers.tolist(), side)
        rows = np.empty(len(numbers), row)
        for name, value in zip(row.names or (), [*self._encoded(lightness), ab], strict=True):
            rows[name] = value
        return rows


class _Kept:
    """Rows by number, as far as there is room for them."""

    def __init__(self, row: np.dtype[Any], count: int, folder: Path) -> None:
        room = min(LIMIT, shutil.disk_usage(folder).free // 2)
        self._known = np.zeros(min(count, room // row.itemsize), bool)
        with tempfile.TemporaryFile(dir=folder) as file:  # the map keeps it open
            self._rows = np.memmap(file, row, "w+", shape=max(len(self._known), 1))

    def read(self, numbers: NDArray[np.intp]) -> tuple[Rows, NDArray[np.bool_]]:
        """Rows, and which of them are known; the others hold anything."""
        known = numbers < len(self._known)
        known[known] = self._known[numbers[known]]
        return np.asarray(self._rows[np.where(known, numbers, 0)]), known

    def write(self, numbers: NDArray[np.intp], rows: Rows) -> None:
        """Keep rows for which there is room."""
        fit = numbers < len(self._known)
        self._rows[numbers[fit]] = rows[fit]
        self._known[numbers[fit]] = True


@lru_cache(maxsize=2)
def _order(seed: int, turn: int, count: int) -> NDArray[np.intp]:
    """In which order the crops come, in a turn through all of them."""
    return np.random.default_rng((seed, turn, 3)).permutation(count)
