"""Segments as tasks: a film divided, so that any process that sees its file can colour a piece."""

import math
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, count, islice
from pathlib import Path
from zlib import crc32

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from colorkit.errors import OptionError, VideoError
from colorkit.video.artist import Artist, Recipe
from colorkit.video.container import opened
from colorkit.video.encode import Encoding
from colorkit.video.flow import opencv
from colorkit.video.guide import Guide
from colorkit.video.segments import Segment, begin, pieces, place, time_of
from colorkit.video.steady import Still

EARLY = (1, 20, math.inf)
"""A picture is looked for from so many seconds before it on; from the next if it is not found."""


@dataclass(frozen=True, eq=False)
class Job:
    """What all tasks of a film have in common; it can be pickled.

    Attributes
    ----------
    film : Path
    folder : Path
        For segments; every process sees both by these names.
    recipe : bytes
        See `pickled`.
    encoding : Encoding
    deinterlace : bool
    """

    film: Path
    folder: Path
    recipe: bytes
    encoding: Encoding
    deinterlace: bool


@dataclass(frozen=True, eq=False)
class Task:
    """One segment that is to be made.

    Attributes
    ----------
    job : Job
    number : int
        Of the segment.
    begins : bool
        Whether a shot begins there; otherwise the segment before has to be finished.
    first : int
        Number of its first frame.
    picture : int
        A checksum of that, as it is seen by `Steady`.
    times : ndarray
        As for a `Segment`.
    guide : Guide
        Hints in its frames.
    """

    job: Job
    number: int
    begins: bool
    first: int
    picture: int
    times: NDArray[np.int64]
    guide: Guide

    @property
    def path(self) -> Path:
        """Where the segment is to stand."""
        return place(self.job.folder, self.number)


def pickled(recipe: Recipe) -> bytes:
    """A recipe for other processes; hints are left to the tasks.

    Raises
    ------
    OptionError
        When its backend cannot go there.
    """
    try:
        return pickle.dumps(replace(recipe, guide=Guide()))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise OptionError(
            f"the backend cannot be sent to other processes ({error}); give its name, or a "
            f"function of a module"
        ) from error


def tasks(job: Job, stills: Iterable[Still[VideoFrame]], guide: Guide) -> Iterator[Task]:
    """The tasks of a film in turn, by one look at all of its frames."""
    first = 0
    for number, (begins, piece) in enumerate(pieces(stills)):
        start = next(piece)
        picture = crc32(start.gray.tobytes())
        times = np.array([time_of(still) for still in chain([start], piece)], np.int64)
        said = guide.of(range(first, first + len(times)))
        yield Task(job, number, begins, first, picture, times, said)
        first += len(times)


def colour(task: Task) -> Segment:
    """Do a task; what it makes is what a run without tasks would make, frame by frame.

    Raises
    ------
    VideoError
        When the film is not there, or not the same.
    """
    job = task.job
    artist = Artist(replace(_loaded(job.recipe), guide=task.guide), job.encoding)
    before = Segment.load(place(job.folder, task.number - 1)) if not task.begins else None
    key = before.key() if before else None
    _, finish = begin(task.path, _stills(task, artist), artist, key, lambda _: None)
    segment = finish()
    if not np.array_equal(segment.times, task.times):
        raise _changed(job.film)
    return segment


@lru_cache(maxsize=2)
def _loaded(recipe: bytes) -> Recipe:
    opencv()
    loaded: Recipe = pickle.loads(recipe)  # noqa: S301  # `pickled` made it
    loaded.colorizer.load()
    return loaded


def _stills(task: Task, artist: Artist) -> Iterator[Still[VideoFrame]]:
    """Its frames, found by the first of them."""
    for early in EARLY:
        with opened(task.job.film) as source:
            frames = source.frames_from(
                int(task.times[0, 0]), early, deinterlace=task.job.deinterlace
            )
            stills = map(artist.still, count(task.first), frames)
            start = next(stills, None)
            if start is not None and crc32(start.gray.tobytes()) == task.picture:
                yield from chain([start], islice(stills, len(task.times) - 1))
                return
    raise _changed(task.job.film)


def _changed(film: Path) -> VideoError:
    return VideoError(
        f"{str(film)!r} is not the same when it is read again; if nobody has changed it, it is "
        f"damaged, and one worker will do"
    )
