"""Hints that move with the film: a person corrects one frame, and its shot follows."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import HintError
from colorkit.hints import Hint
from colorkit.video.flow import Way, fetch, ways
from colorkit.video.shots import is_cut
from colorkit.video.steady import Still

Array = NDArray[np.float32]
Gray = NDArray[np.uint8]
Size = tuple[int, int]
Look = Callable[[Still[Any]], "Points"]
"""Finds the points of a frame for which colours are given."""

REACH = 1000
"""Frames by which hints go back, at most, towards the beginning of their shot."""

SOON = 1e-3
"""Seconds by which a frame may come early: the times of some files are rounded to these."""

LOST = 0.1
"""Trust in the way of a point below which it is given up."""


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

    def moved(self, way: Way) -> "Points":
        """Where they are in the other frame; those that it does not show are given up."""
        there = fetch(np.dstack([way.places, way.trust]), self.places[None])[0]
        places, trust = there[:, :2], there[:, 2]
        beyond = np.array(way.trust.shape[::-1], np.float32) - 1
        seen = (trust > LOST) & ((places >= 0) & (places <= beyond)).all(axis=1)
        return Points(places[seen], self.ab[seen])

    def hints(self, grid: Size, shape: Size) -> list[Hint]:
        """Hints in a picture of a shape."""
        places = (self.places[:, ::-1] + 0.5) * np.divide(shape, grid) - 0.5
        colours = self.ab.tolist()
        return [
            Hint(row, column, (a, b))
            for (row, column), (a, b) in zip(places.clip(0).tolist(), colours, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Guide:
    """What a person says of the frames of a film.

    Attributes
    ----------
    points : dict
        By the number of a frame: hints that are in it, or have come to it.
    asked : set of int
        Frames that were themselves corrected.
    """

    points: dict[int, Points] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)


def follow(frames: Iterable[tuple[float, Still[Any]]], wanted: Mapping[float, Look]) -> Guide:
    """Carry the points of corrected frames to all frames of their shots.

    Parameters
    ----------
    frames : iterable of tuple
        Times, which rise, and frames; read as far as the last shot with points.
    wanted : mapping
        By time, how points are found: in the first frame at that time or after.

    Raises
    ------
    HintError
        When the frames end before.
    """
    pending = deque(sorted(wanted.items()))
    guide = Guide()
    shot: deque[Gray] = deque(maxlen=REACH)
    for number, (time, still) in enumerate(frames):
        if shot and is_cut(shot[-1], still.gray):
            shot.clear()
        elif number - 1 in guide.points:
            _add(guide, number, guide.points[number - 1].moved(ways(shot[-1], still.gray)[0]))
        shot.append(still.gray)
        while pending and pending[0][0] <= time + SOON:
            guide.asked.add(number)
            _carry_back(guide, shot, number, pending.popleft()[1](still))
        if not pending and number not in guide.points:
            break
    if pending:
        raise HintError(f"the film ends before {pending[0][0]}, for which hints are given")
    return guide


def _carry_back(guide: Guide, shot: deque[Gray], number: int, points: Points) -> None:
    _add(guide, number, points)
    for after, before in pairwise(reversed(shot)):
        number -= 1
        points = points.moved(ways(before, after)[1])
        if not points:
            break
        _add(guide, number, points)


def _add(guide: Guide, number: int, points: Points) -> None:
    if points:
        there = guide.points.get(number)
        guide.points[number] = there + points if there else points
