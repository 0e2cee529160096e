"""Hints that move with the film: a person corrects one frame, and its shot follows."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import HintError
from colorkit.video.flow import Way, ways
from colorkit.video.points import NONE, Points, Spread
from colorkit.video.shots import is_cut
from colorkit.video.steady import Still

Gray = NDArray[np.uint8]
Look = Callable[[Still[Any], Spread | None], Points]
"""Finds the points of a frame for which colours are given, and to which others may have come."""

REACH = 1000
"""Frames by which hints go back, at most, towards the beginning of their shot."""

SOON = 1e-3
"""Seconds by which a frame may come early: the times of some files are rounded to these."""


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

    def add(self, number: int, points: Points) -> None:
        """Put points into a frame."""
        if points:
            self.points[number] = self.points.get(number, NONE) + points

    def of(self, frames: range) -> "Guide":
        """What of it is said of some frames."""
        points = {number: self.points[number] for number in frames if number in self.points}
        return Guide(points, self.asked.intersection(frames))


def follow(frames: Iterable[tuple[float, Still[Any]]], wanted: Mapping[float, Look]) -> Guide:
    """Carry the points of corrected frames to all frames of their shots.

    Points go on from a corrected frame to the end of its shot, and back to the beginning. Where
    they come to another corrected frame, those that its own points reach take on the colours of
    these; on the way there they change little by little.

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
    shot = _Shot(Guide())
    for number, (time, still) in enumerate(frames):
        shot.enter(number, still.gray)
        looks = []
        while pending and pending[0][0] <= time + SOON:
            looks.append(pending.popleft()[1])
        if looks:
            shot.correct(number, still, looks)
        if not pending and not shot.trail.points:
            break
    if pending:
        raise HintError(f"the film ends before {pending[0][0]}, for which hints are given")
    shot.trail.settle(shot.guide)
    return shot.guide


class _Trail:
    """Points under way from one corrected frame to the next; ``points`` is where they are now."""

    def __init__(self, points: Points) -> None:
        self.points = points
        self._who = np.arange(len(points))
        self._count = len(points)
        self._steps: list[tuple[int, NDArray[np.intp], Points]] = []

    def move(self, number: int, way: Way) -> None:
        """Go on to a frame."""
        self.points, seen = self.points.moved(way)
        self._who = self._who[seen]
        self._steps.append((number, self._who, self.points))

    def settle(self, guide: Guide, end: Points | None = None) -> None:
        """Note the points in all frames on the way, where colours lead over to those at the end."""
        change = np.zeros((self._count, 2), np.float32)
        if end is not None:
            change[self._who] = end.ab - self.points.ab
        for i, (number, who, points) in enumerate(self._steps, 1):
            share = np.float32(i / len(self._steps))
            guide.add(number, Points(points.places, points.ab + share * change[who]))


class _Shot:
    """A shot as far as it has been seen: frames, corrections, points under way to the next."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.trail = _Trail(NONE)
        self._grays: deque[Gray] = deque(maxlen=REACH)
        self._corrected: dict[int, Spread] = {}

    def enter(self, number: int, gray: Gray) -> None:
        """Go on to a frame; with a cut begins another shot."""
        if self._grays and is_cut(self._grays[-1], gray):
            self.trail.settle(self.guide)
            self.trail = _Trail(NONE)
            self._grays.clear()
            self._corrected.clear()
        elif self.trail.points:
            self.trail.move(number, ways(self._grays[-1], gray)[0])
        self._grays.append(gray)

    def correct(self, number: int, still: Still[Any], looks: Iterable[Look]) -> None:
        """Have a person's word in the frame that was entered."""
        self.guide.asked.add(number)
        there = self.trail.points
        before = Spread.of(there, still.gray) if there else None
        own = sum((look(still, before) for look in looks), start=NONE)
        if not own:
            return
        colours = Spread.of(own, still.gray)
        settled = colours.given_to(there)
        self.trail.settle(self.guide, settled)
        self.guide.add(number, own)
        self._carry_back(number, own)
        self._corrected[number] = colours
        self.trail = _Trail(settled + own)

    def _carry_back(self, number: int, own: Points) -> None:
        trail = _Trail(own)
        for after, before in pairwise(reversed(self._grays)):
            if not trail.points:
                break
            number -= 1
            trail.move(number, ways(before, after)[1])
            if number in self._corrected:
                settled = self._corrected[number].given_to(trail.points)
                trail.settle(self.guide, settled)
                trail = _Trail(settled)
        trail.settle(self.guide)
