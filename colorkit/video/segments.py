"""Pieces of a film that are finished one by one, and survive whatever ends the run."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from colorkit.ahead import map_ahead
from colorkit.atomic import open_atomically, write_atomically
from colorkit.errors import VideoError
from colorkit.video.artist import Artist
from colorkit.video.encode import writer
from colorkit.video.frames import EVERY
from colorkit.video.shots import is_cut
from colorkit.video.steady import Key, Steady, Still

Array = NDArray[np.float32]

LENGTH = 240
"""Frames of a segment, at most: about what is lost when a run is interrupted."""

WAITING = 2 * EVERY
"""Frames in colour that wait for the encoder, at most: two spans of them."""

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


def pieces(
    stills: Iterable[Still[VideoFrame]],
) -> Iterator[tuple[bool, Iterator[Still[VideoFrame]]]]:
    """Divide a film into pieces, each a segment to be.

    A piece ends at a cut if there is one in its second half, or else when it is long enough.

    Parameters
    ----------
    stills : iterable of Still
        Of the whole film; one is read ahead.

    Yields
    ------
    begins : bool
        Whether a shot begins there: nothing needs to be known of the piece before.
    stills : iterator of Still
        To be gone through before the next piece is asked for.
    """
    rest = iter(stills)
    after = next(rest, None)
    cut = True

    def piece(still: Still[VideoFrame]) -> Iterator[Still[VideoFrame]]:
        nonlocal after, cut
        for length in range(1, LENGTH + 1):
            after = next(rest, None)
            yield still
            cut = after is None or is_cut(still.thumb, after.thumb)
            if after is None or (cut and length >= LENGTH // 2):
                break
            still = after

    while after is not None:
        yield cut, piece(after)


def segments(
    stills: Iterable[Still[VideoFrame]],
    folder: Path,
    artist: Artist,
    tell: Callable[[int], None],
) -> Iterator[Segment]:
    """All segments of a film in turn, of which those are made that are not there.

    While one is finished, which the encoder takes its time for, the next is begun.

    Parameters
    ----------
    stills : iterable of Still
        Of the whole film.
    folder : Path
        See `claim`.
    artist : Artist
        Colours them.
    tell : callable
        Is told of every so many frames that are done.
    """
    return map_ahead(
        lambda finish: finish(), _begun(stills, folder, artist, tell), threads=1, buffersize=2
    )


def _begun(
    stills: Iterable[Still[VideoFrame]],
    folder: Path,
    artist: Artist,
    tell: Callable[[int], None],
) -> Iterator[Callable[[], Segment]]:
    """What finishes each of the segments."""
    key = None
    for number, (begins, piece) in enumerate(pieces(stills)):
        path = place(folder, number)
        if is_finished(path):
            tell(sum(1 for _ in piece))
            key = Segment.load(path).key()
            yield partial(Segment.load, path)
        else:
            key, finish = begin(path, piece, artist, None if begins else key, tell)
            yield finish


def begin(
    path: Path,
    stills: Iterable[Still[VideoFrame]],
    artist: Artist,
    key: Key | None,
    tell: Callable[[int], None],
) -> tuple[Key, Callable[[], Segment]]:
    """One segment, which goes on from a key: the next key, and what finishes it in one step."""
    times: list[tuple[int, int]] = []
    kept = 0
    steady = Steady(artist.recipe.steadiness, EVERY, key)

    def timed() -> Iterator[Still[VideoFrame]]:
        for still in stills:
            times.append(time_of(still))
            yield still

    part = path.with_suffix(f".{os.urandom(8).hex()}")  # two processes may be at it, by mistake
    with ExitStack() as stack:
        write = stack.enter_context(writer(part, artist.encoding))

        def deliver(coloured: tuple[Still[VideoFrame], Array | None]) -> bool:
            write(artist.coloured(*coloured))
            return coloured[1] is None

        with closing(map_ahead(deliver, steady(timed()), threads=1, buffersize=WAITING)) as done:
            for alone in done:
                kept += alone
                tell(1)
        written = stack.pop_all()
    settled = steady.key
    assert settled is not None

    def finish() -> Segment:
        written.close()
        part.replace(path)
        segment = Segment(path, np.array(times, np.int64), steady.shots, kept)
        segment.save(settled)
        return segment

    return settled, finish


def time_of(still: Still[VideoFrame]) -> tuple[int, int]:
    """When a frame is shown, and how long, in ticks of the source."""
    assert still.frame.pts is not None
    return still.frame.pts, still.frame.duration


def place(folder: Path, number: int) -> Path:
    """Where a segment stands."""
    return folder / f"{number:06}.mkv"


def is_finished(path: Path) -> bool:
    """Whether a segment is there."""
    return _about(path).exists()


def _about(path: Path) -> Path:
    return path.with_suffix(".npz")
