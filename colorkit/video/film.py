"""Film files: the pictures in colour, all else as it was."""

import math
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
from av import VideoFrame

from colorkit import __version__
from colorkit.colorizer import BackendLike, Colorizer
from colorkit.errors import OptionError, VideoError, warn
from colorkit.video.artist import Artist, Recipe
from colorkit.video.container import Source, opened
from colorkit.video.corrections import count_hints, digest
from colorkit.video.encode import CODECS, Delivery, Encoding, settle
from colorkit.video.frames import STEADINESS, as_colorizer, check_steadiness
from colorkit.video.guide import Guide
from colorkit.video.join import check, join
from colorkit.video.segments import Segment, claim, segments
from colorkit.video.tasks import Job, pickled, tasks
from colorkit.video.workers import Crew, check_workers, hired

WHOLE = Delivery()


@dataclass(frozen=True)
class Report:
    """What became of a film.

    Attributes
    ----------
    frames : int
        How many were written.
    shots : int
        Into how many shots they fall.
    kept : int
        How many frames were in colour, and stayed so.
    """

    frames: int
    shots: int
    kept: int


def colorize_video(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    backend: BackendLike | Colorizer | None = None,
    *,
    steadiness: float = STEADINESS,
    delivery: Delivery = WHOLE,
    workers: int | Executor = 1,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Colour a film; sound, subtitles, chapters, times and luma stay as they are.

    Works in segments of up to 240 frames, in a folder beside ``dst`` that is named after it, and is
    gone when the film is whole. Memory does not grow with the film.

    Parameters
    ----------
    src : str or path
        The film: whatever FFmpeg reads.
    dst : str or path
        The ending of its name tells the kind of file: ``.mp4``, ``.mkv``, ``.mov``, ``.webm``,
        ``.avi``. One that is there is replaced, when the new one is whole.
    backend, steadiness
        As for `colorize_frames`.
    delivery : Delivery
        Codec, quality, pixel format; from when to when; hints.
    workers : int or Executor
        Processes that share the shots, and the threads of the recipe; or a
        `concurrent.futures.Executor` of processes that see both files by the same names. Every
        frame has the same colours as with one. ``backend`` must be one that can be pickled.
    resume : bool
        Go on where the same call was interrupted.
    progress : callable, optional
        Is told, after every frame, how many are done and how many there are, about; with workers,
        after every segment.

    Returns
    -------
    Report

    Raises
    ------
    VideoError
        When the film cannot be read or written, the segments are those of another call, or a
        worker dies: what is finished is kept then.
    HintError
        When a hint lies outside the picture, or the film ends before.
    OptionError
        When an option is out of range.

    Warns
    -----
    ColorkitWarning
        When a stream does not fit into the new file, or the film is interlaced.
    """
    path, target = Path(src), Path(dst)
    recipe = Recipe(as_colorizer(backend), check_steadiness(steadiness), delivery.force)
    check_workers(workers)
    folder = target.with_name(f"{target.name}.parts")
    if target.exists() and path.exists() and target.samefile(path):
        raise VideoError(f"{str(target)!r} is the film itself; choose another name for the new one")
    suffix = target.suffix.lower()
    if suffix not in CODECS:
        raise OptionError(
            f"{str(target)!r} must have a name that ends in {', '.join(CODECS)}, which tells the "
            f"kind of file"
        )
    with opened(path) as source:
        frames = source.frames(delivery.start, delivery.end, deinterlace=delivery.deinterlace)
        first = next(frames, None)
        if first is None:
            raise VideoError(f"{str(path)!r} holds no pictures in that time")
        if first.interlaced_frame and not delivery.deinterlace:
            warn(f"{str(path)!r} is interlaced: deinterlaced, its colours would not be combed")
        encoding = settle(source, first, delivery, suffix)
        if delivery.hints:
            recipe = replace(recipe, guide=_look_ahead(path, recipe, encoding, delivery))
        claim(folder, _order(path, recipe, delivery, encoding), resume=resume)
        with _kept(folder):
            film = folder / f"film{suffix}"
            check(film, encoding.codec)
            tell = _counter(progress, source, delivery)
            artist = Artist(recipe, encoding)
            stills = map(artist.still, count(), chain([first], frames))
            if workers == 1:
                made = list(segments(stills, folder, artist, tell))
            else:
                with hired(workers, recipe) as (executor, theirs):
                    where = path.absolute(), folder.absolute()
                    job = Job(*where, pickled(theirs), encoding, delivery.deinterlace)
                    made = Crew(executor, tell).do(tasks(job, stills, recipe.guide))
            note = recipe.note(count_hints(delivery.hints)) if delivery.provenance else ""
            with opened(path) as again:
                join(film, again, made, _span(again, made, delivery), _matrix(first), note)
            film.replace(target)
    shutil.rmtree(folder)
    return Report(*(sum(counts) for counts in zip(*map(_counts, made), strict=True)))


def _look_ahead(path: Path, recipe: Recipe, encoding: Encoding, delivery: Delivery) -> Guide:
    """Go through a film as far as hints are followed."""
    artist = Artist(recipe, encoding)
    with opened(path) as source:
        frames = source.frames(delivery.start, delivery.end, deinterlace=delivery.deinterlace)
        stills = ((source.time(frame), artist.still(0, frame)) for frame in frames)
        return artist.painter.look_ahead(stills, delivery.hints)


def _counts(segment: Segment) -> tuple[int, int, int]:
    return len(segment.times), segment.shots, segment.kept


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Keep what is finished when the work ends early, unless the film can never be whole."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, VideoError) or not any(folder.glob("*.npz")):
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, BrokenExecutor):
            raise VideoError(
                "a worker process has died, perhaps for want of memory; what was finished is kept: "
                "resume it (--resume), with fewer workers"
            ) from error
        raise


def _order(path: Path, recipe: Recipe, delivery: Delivery, encoding: Encoding) -> dict[str, str]:
    """What decides about every byte of a segment."""
    status = path.stat()
    return {
        "film": f"{path.name}, {status.st_size} bytes, {status.st_mtime_ns}",
        "colorkit": __version__,
        "recipe": repr(recipe),
        "delivery": repr(delivery),
        "hints": digest(delivery.hints),
        "encoding": repr(encoding),
    }


def _counter(
    progress: Callable[[int, int], None] | None, source: Source, delivery: Delivery
) -> Callable[[int], None]:
    """Adds up frames that are done, and tells of them."""
    seconds = min(source.seconds, delivery.end or math.inf) - delivery.start
    total = round(max(0.0, seconds) * source.rate)
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, max(done, total))

    return tell


def _span(source: Source, made: list[Segment], delivery: Delivery) -> tuple[float, float]:
    """From when to when, by the source's clock, sound is kept."""
    start = float(made[0].times[0, 0] * source.time_base) if delivery.start else -math.inf
    return start, math.inf if delivery.end is None else source.origin + delivery.end


def _matrix(frame: VideoFrame) -> list[int] | None:
    """How a frame is to be turned for display, in FFmpeg's nine numbers."""
    found: Any = frame.side_data.get("DISPLAYMATRIX")
    return None if found is None else np.frombuffer(found, np.int32).tolist()
