"""Colour that stays: a network's answers carried along the motion of a shot.

A shot is cut into spans of a few frames. The network looks at the last frame of each, its *key*.
What it says there is blended with the colours that arrive from the key before, as far as these can
be trusted; a network that refines is given these, and has the last word. Frames in between get the
colours of both keys, more from the nearer one.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from colorkit.backends.base import HintMap
from colorkit.video.flow import Way, ways
from colorkit.video.shots import is_cut, thumbnail

Array = NDArray[np.float32]
Gray = NDArray[np.uint8]
T = TypeVar("T")

LOST = 0.6
"""Mean trust in carried colours below which the network is asked anew."""

TINY = np.float32(1e-3)


@dataclass(frozen=True, eq=False)
class Still(Generic[T]):
    """A frame as this module sees it.

    Attributes
    ----------
    frame : object
        What the caller wants back.
    gray : ndarray
        ``(h, w)`` uint8, small.
    paint : callable
        The network's colours of this frame alone: ``(h, w, 2)`` float32 in Lab units, or None
        where the frame is to keep its own.
    asked : bool
        Whether a person has corrected this frame: it becomes a key whose colours stand.
    refine : callable or None
        Of a network that refines: the same as ``paint``, from colours that have arrived.
    """

    frame: T
    gray: Gray
    paint: Callable[[], Array | None]
    asked: bool = False
    refine: Callable[[HintMap], Array | None] | None = None

    @cached_property
    def thumb(self) -> Gray:
        """What cuts on both sides are told from."""
        return thumbnail(self.gray)


@dataclass(frozen=True, eq=False)
class Key:
    """Where one span ends and the next begins: a frame's gray and its settled colours."""

    gray: Gray
    ab: Array | None


@dataclass(frozen=True, eq=False)
class _Arrival(Generic[T]):
    """A frame of a span, and what has come to it from the key before.

    ``ahead`` leads to this frame from the one before.
    """

    still: Still[T]
    ahead: Way
    ab: Array
    trust: Array


class Steady:
    """Colours of one frame after another.

    Attributes
    ----------
    key : Key or None
        All that is remembered from one span to the next.
    shots : int
        How many have begun.
    """

    def __init__(self, steadiness: float, every: int, key: Key | None = None) -> None:
        self.steadiness = steadiness
        self.every = every
        self.key = key
        self.shots = 0

    def __call__(self, stills: Iterable[Still[T]]) -> Iterator[tuple[Still[T], Array | None]]:
        """Each frame with its colours ``(h, w, 2)``, or None where it keeps its own."""
        if not self.steadiness:
            yield from self._each_alone(stills)
            return
        span: list[_Arrival[T]] = []
        for still, follower in pairwise(chain(stills, [None])):
            assert still is not None
            if self.key is None or (not span and is_cut(self.key.gray, still.thumb)):
                self.shots += 1
                self.key = Key(still.gray, still.paint())
                yield still, self.key.ab
                continue
            span.append(_arrive(self.key, span, still))
            if (
                len(span) == self.every
                or still.asked
                or span[-1].trust.mean() < LOST
                or follower is None
                or is_cut(still.thumb, follower.thumb)
            ):
                yield from self._settle(span)
                span = []

    def _each_alone(self, stills: Iterable[Still[T]]) -> Iterator[tuple[Still[T], Array | None]]:
        for still in stills:
            self.shots += self.key is None or is_cut(self.key.gray, still.thumb)
            self.key = Key(still.gray, still.paint())
            yield still, self.key.ab

    def _settle(self, span: list[_Arrival[T]]) -> Iterator[tuple[Still[T], Array | None]]:
        """Ask the network at the end of a span, and give each of its frames colours."""
        own = self._look(span[-1])
        colours = [arrival.ab for arrival in span[:-1]] if own is None else _between(span, own)
        self.key = Key(span[-1].still.gray, own)
        yield from zip((arrival.still for arrival in span), [*colours, own], strict=True)

    def _look(self, last: _Arrival[T]) -> Array | None:
        """The network's colours of a key, settled with those that have arrived."""
        still, weight = last.still, self.steadiness * last.trust
        if still.refine is not None and not still.asked:
            return still.refine(HintMap(last.ab[None], weight[None, ..., None]))
        own = still.paint()
        return own if own is None or still.asked else blend(own, last.ab, weight)


def _arrive(key: Key, span: list[_Arrival[T]], still: Still[T]) -> _Arrival[T]:
    """Carry colours and trust on by one frame."""
    if span:
        gray, ab, trust = span[-1].still.gray, span[-1].ab, span[-1].trust
    else:
        gray = key.gray
        trust = np.full(gray.shape, key.ab is not None, np.float32)
        ab = np.zeros((*gray.shape, 2), np.float32) if key.ab is None else key.ab
    ahead, back = ways(gray, still.gray)
    return _Arrival(still, ahead, back.fetch(ab), back.trust * back.fetch(trust))


def _between(span: list[_Arrival[T]], ab: Array) -> list[Array]:
    """Colours of all frames but the last of a span that ends with these."""
    colours = []
    trust = np.ones(ab.shape[:2], np.float32)
    for i in range(len(span) - 1, 0, -1):
        way, here = span[i].ahead, span[i - 1]
        ab, trust = way.fetch(ab), way.trust * way.fetch(trust)
        late: Array = i * (trust + TINY)
        early: Array = (len(span) - i) * (here.trust + TINY)
        colours.append(blend(here.ab, ab, late / (late + early)))
    return colours[::-1]


def blend(one: Array, two: Array, share: Array) -> Array:
    """Colours ``(h, w, 2)`` between two."""
    mixed: Array = two - one
    mixed *= np.dstack((share, share))  # broadcast along so short an axis it takes twice as long
    mixed += one
    return mixed
