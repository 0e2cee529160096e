"""Pairs of frames, with what is to be learned from them: colours, and that these stay.

Photographs give pans over them, clips what really moves. Like a crop, a pair is a function of the
seed and its number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colorkit.training import degrade
from colorkit.training.clips import FramePair
from colorkit.training.data import Batch, Crops, cell_means, lab_ab, random_part

Array = NDArray[np.float32]

REACH = 8
"""Pixels by which a pan moves, at most, down and across."""


class Seen(NamedTuple):
    """Two frames, and where the second has its things from.

    Attributes
    ----------
    frames : ndarray
        ``(2, s, s, 3)`` uint8.
    places : ndarray
        ``(s, s, 2)``: where every pixel of the second lies in the first, across and down.
    trust : ndarray
        ``(s, s)``: how far that is believed, 0..1.
    """

    frames: NDArray[np.uint8]
    places: Array
    trust: Array


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs by number.

    Attributes
    ----------
    crops : Crops
        Photographs, the seed, the cell, and whether there are faults of film.
    clips : sequence of tuple
        Frames ``(H, W, 3)`` uint8, and others of the same shape that follow them soon. Every
        second pair is of these, where there are any.
    """

    crops: Crops
    clips: Sequence[FramePair] = ()

    def batch(self, step: int, size: int, side: int) -> Batch:
        """The pairs of a step, counted from 0: N is half of the size, but at least 1.

        Inputs are lightness ``(2N, s, s, 1)``: the first frames, then those that follow them. The
        truth is ``ab`` ``(2N, h, w, 2)`` in Lab units; and for each cell of the second frames
        ``origin`` ``(N, h w)`` int32, the flat index of the cell of the first that shows the same
        thing, and ``trust`` ``(N, h, w)`` in 0..1, how far that is believed.
        """
        count = max(size // 2, 1)
        pairs = [self.pair(n, side) for n in range(step * count, (step + 1) * count)]
        lightness, ab, origin, trust = (np.stack(part) for part in zip(*pairs, strict=True))
        truth = {"ab": _in_turn(ab), "origin": origin.reshape(count, -1), "trust": trust}
        return Batch([_in_turn(lightness)[..., None]], truth)

    def pair(self, number: int, side: int) -> tuple[Array, Array, NDArray[np.int32], Array]:
        """Lightness ``(2, s, s)``, ab ``(2, h, w, 2)``, origin and trust ``(h, w)``."""
        filmed = bool(self.clips) and number % 2 == 1
        seen = self._filmed(number, side) if filmed else self._panned(number, side)
        linear = degrade.linear_rgb(seen.frames)
        ab = cell_means(lab_ab(linear), self.crops.cell)
        return self._lightness(linear, number), ab, *origins(seen, self.crops.cell)

    def _panned(self, number: int, side: int) -> Seen:
        """Two windows on a part of a photograph, whole cells from each other."""
        from colorkit.video.flow import grid

        cell = self.crops.cell
        rng = np.random.default_rng((self.crops.seed, number))
        photo = self.crops.read(number // 2 if self.clips else number, rng)
        steps = max(REACH // cell, 1)
        part = random_part(photo, side + cell * steps, rng)
        (y, x), (y2, x2) = corners = cell * rng.integers(0, steps + 1, (2, 2))
        frames = np.stack([part[top : top + side, left : left + side] for top, left in corners])
        places = grid((side, side)) + np.array([x2 - x, y2 - y], np.float32)
        return Seen(frames, places, np.ones((side, side), np.float32))

    def _filmed(self, number: int, side: int) -> Seen:
        """The same part of two frames of a clip."""
        from colorkit.video.flow import ways

        seed = (self.crops.seed, number)
        pair = self.clips[int(np.random.default_rng((*seed, 1)).integers(len(self.clips)))]
        frames = np.stack([random_part(f, side, np.random.default_rng((*seed, 2))) for f in pair])
        lightness = degrade.true_lightness(degrade.linear_rgb(frames))
        _, back = ways(*np.rint(lightness * 2.55).astype(np.uint8))
        return Seen(frames, back.places, back.trust)

    def _lightness(self, linear: Array, number: int) -> Array:
        """Of two frames of one film: as grainy and as dusty, each in its own places."""
        if not self.crops.film:
            return degrade.true_lightness(linear)
        seed = (self.crops.seed, number)
        restless = np.random.default_rng((*seed, 3))
        return np.stack(
            [degrade.film(frame, np.random.default_rng((*seed, 4)), restless) for frame in linear]
        )


def origins(seen: Seen, cell: int) -> tuple[NDArray[np.int32], Array]:
    """For every cell of the second frame the flat index of its origin, and trust: ``(h, w)``.

    What comes from outside the first frame is not believed.
    """
    means = cell_means(np.dstack([seen.places, seen.trust])[None], cell)[0]
    size = len(means)
    columns, rows = np.rint((means[..., :2].transpose(2, 0, 1) - (cell - 1) / 2) / cell)
    inside = (np.minimum(columns, rows) >= 0) & (np.maximum(columns, rows) < size)
    index = np.clip(rows, 0, size - 1) * size + np.clip(columns, 0, size - 1)
    return index.astype(np.int32), means[..., 2] * inside


def _in_turn(pairs: Array) -> Array:
    """Of pairs ``(N, 2, ...)`` all first ones, then all second ones: ``(2N, ...)``."""
    return np.concatenate([pairs[:, 0], pairs[:, 1]])
