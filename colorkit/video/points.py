"""A person's points in a frame: where they go from there, and how far their colours reach."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colorkit.backends.base import HintMap
from colorkit.hints import Hint
from colorkit.spread import spread
from colorkit.video.flow import Way, fetch

Array = NDArray[np.float32]
Gray = NDArray[np.uint8]
Size = tuple[int, int]

LOST = 0.1
"""Trust in the way of a point below which it is given up."""

REACHED = 0.7
"""What a correction's colours count, at least, where earlier hints give way to them: behind no
edge, and no farther than a third of the short side."""


@dataclass(frozen=True, eq=False)
class Points:
    """Colours at points of a frame, on the grid that colours are carried on.

    Attributes
    ----------
    places : ndarray
        ``(n, 2)`` float32: across and down, in pixels of the grid.
    ab : ndarray
        ``(n, 2)`` float32, Lab units.
    """

    places: Array
    ab: Array

    def __len__(self) -> int:
        return len(self.places)

    def __add__(self, other: "Points") -> "Points":
        pairs = ((self.places, other.places), (self.ab, other.ab))
        return Points(*(np.concatenate(pair) for pair in pairs))

    def moved(self, way: Way) -> tuple["Points", NDArray[np.bool_]]:
        """Where they are in the other frame, if it shows them; and which of them it shows."""
        there = fetch(np.dstack([way.places, way.trust]), self.places[None])[0]
        places, trust = there[:, :2], there[:, 2]
        beyond = np.array(way.trust.shape[::-1], np.float32) - 1
        seen = (trust > LOST) & ((places >= 0) & (places <= beyond)).all(axis=1)
        return Points(places[seen], self.ab[seen]), seen

    def hints(self, grid: Size, shape: Size) -> list[Hint]:
        """Hints in a picture of a shape."""
        places = (self.places[:, ::-1] + 0.5) * np.divide(shape, grid) - 0.5
        colours = self.ab.tolist()
        return [
            Hint(row, column, (a, b))
            for (row, column), (a, b) in zip(places.clip(0).tolist(), colours, strict=True)
        ]


NONE = Points(np.empty((0, 2), np.float32), np.empty((0, 2), np.float32))


@dataclass(frozen=True, eq=False)
class Spread:
    """The colours that points give to all of their frame, and how much they count there.

    Attributes
    ----------
    ab : ndarray
        ``(h, w, 2)`` float32, Lab units.
    weight : ndarray
        ``(h, w, 1)`` float32, 0..1.
    """

    ab: Array
    weight: Array

    @classmethod
    def of(cls, points: Points, gray: Gray) -> "Spread":
        """That of one point at least, in a frame on the grid."""
        ab, mask = (np.zeros((1, *gray.shape, n), np.float32) for n in (2, 1))
        columns, rows = np.rint(points.places).astype(int).T
        ab[0, rows, columns], mask[0, rows, columns] = points.ab, 1
        return cls(*spread(HintMap(ab, mask), gray[None, ..., None] * np.float32(1 / 2.55)))

    def given_to(self, points: Points) -> Points:
        """Points of which those that are reached have these colours."""
        columns, rows = np.rint(points.places).astype(int).T
        reached = self.weight[rows, columns] > REACHED
        return Points(points.places, np.where(reached, self.ab[rows, columns], points.ab))
