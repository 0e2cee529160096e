"""Pieces of a film that are finished one by one, and survive whatever ends the run."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from colorkit.atomic import open_atomically, write_atomically
from colorkit.errors import VideoError
from colorkit.video.artist import Artist, Recipe
from colorkit.video.encode import Encoding, write_segment
from colorkit.video.steady import Key

LENGTH = 240
"""Frames of a segment: what is lost, at most, when a run is interrupted."""

ORDER = "order.json"
"""In a folder of segments: what they are made of, and how."""


@dataclass(frozen=True, eq=False)
class Segment:
    """A finished piece of a film.

    Attributes
    ----------
    path : Path
        The film of it, pictures only.
    times : ndarray
        ``(n, 2)`` int64: when each frame is shown, and how long, in ticks of the source.
    shots, kept : int
        How many shots begin in it; how many of its frames kept their own colours.
    """

    path: Path
    times: NDArray[np.int64]
    shots: int
    kept: int

    def save(self, key: Key) -> None:
        """Write down all but the film, and where the next begins: this one is finished then."""
        about: dict[str, Any] = {
            "times": self.times,
            "counts": np.array([self.shots, self.kept]),
            "gray": key.gray,
        }
        if key.ab is not None:
            about["ab"] = key.ab
        with open_atomically(_about(self.path)) as file:
            np.savez(file, **about)

    @classmethod
    def load(cls, path: Path) -> "Segment":
        """Read what `save` wrote."""
        with np.load(_about(path)) as about:
            return cls(path, about["times"], *about["counts"].tolist())

    def key(self) -> Key:
        """Where the next segment begins; from its file, since a film has many."""
        with np.load(_about(self.path)) as about:
            return Key(about["gray"], about.get("ab"))


def claim(folder: Path, order: dict[str, str], *, resume: bool) -> None:
    """Make a folder for segments; or keep the one that is there, to go on with it.

    Parameters
    ----------
    folder : Path
    order : dict
        What the segments are made of, and how, as JSON has it.
    resume : bool
        Keep segments of the same order.

    Raises
    ------
    VideoError
        When finished segments are there that are not to be kept, or of another order.
    """
    wanted = json.dumps(order, sort_keys=True, indent=1)
    path = folder / ORDER
    finished = any(folder.glob("*.npz"))
    if finished and not resume:
        raise VideoError(
            f"{str(folder)!r} holds what an interrupted run has finished: resume it (--resume), or "
            f"remove that folder to begin anew"
        )
    if finished and path.read_text(encoding="utf-8") != wanted:
        raise VideoError(
            f"{str(folder)!r} is of a run with another film, version or options: repeat those, or "
            f"remove that folder to begin anew"
        )
    if not finished:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_atomically(path, wanted.encode())


def segments(
    frames: Iterator[VideoFrame],
    folder: Path,
    recipe: Recipe,
    encoding: Encoding,
    tell: Callable[[int], None],
) -> Iterator[Segment]:
    """All segments of a film in turn, of which those are made that are not there.

    Parameters
    ----------
    frames : iterator of VideoFrame
        Of the source, from the first on.
    folder : Path
        See `claim`.
    recipe, encoding
        How they are coloured and written.
    tell : callable
        Is told of every so many frames that are done.
    """
    key = None
    for number, first in enumerate(frames):
        piece = chain([first], islice(frames, LENGTH - 1))
        path = folder / f"{number:06}.mkv"
        if _about(path).exists():
            tell(sum(1 for _ in piece))
            segment = Segment.load(path)
        else:
            segment = _make(path, piece, Artist(recipe, encoding, number * LENGTH, key), tell)
        key = segment.key()
        yield segment


def _make(
    path: Path, frames: Iterator[VideoFrame], artist: Artist, tell: Callable[[int], None]
) -> Segment:
    times: list[tuple[int, int]] = []

    def timed() -> Iterator[VideoFrame]:
        for frame in frames:
            assert frame.pts is not None
            times.append((frame.pts, frame.duration))
            yield frame

    def coloured() -> Iterator[VideoFrame]:
        for frame in artist(timed()):
            yield frame
            tell(1)

    write_segment(path, artist.encoding, coloured())
    assert artist.steady.key is not None
    segment = Segment(path, np.array(times, np.int64), artist.steady.shots, artist.kept)
    segment.save(artist.steady.key)
    return segment


def _about(path: Path) -> Path:
    return path.with_suffix(".npz")
