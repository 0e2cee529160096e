"""What a run would do, what it could not do, and about how long it would take."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from colorkit import files
from colorkit.batch import Batch, Outcome, format_of, remarks_on
from colorkit.errors import FileError
from colorkit.files.formats import DEEP, FORMATS
from colorkit.files.photo import Photo
from colorkit.files.writing import check_fits
from colorkit.plan import Job

SIDES = (256, 1024)
"""Of the pictures that are coloured to measure how long it takes, in pixels."""


@dataclass(frozen=True)
class Prospect(Outcome):
    """What would become of a job; an `Outcome` whose files are not written.

    Attributes
    ----------
    pixels : int
        To be coloured: those of all pages, once for each colouring.
    """

    pixels: int = 0


def prospects(batch: Batch, jobs: Iterable[Job]) -> Iterator[Prospect]:
    """Look at pictures, and tell what `Batch.run` would do; nothing is written.

    Each is decoded, so that what is damaged shows, and one is in memory at a time.
    """
    for job in jobs:
        try:
            wanted = batch.missing(job)
            yield _prospect(batch, job, wanted) if wanted else Prospect(job)
        except Exception as error:  # one bad file must not end the run
            yield Prospect(job, error=error)


def _prospect(batch: Batch, job: Job, wanted: Sequence[Path]) -> Prospect:
    _check_folder(job.target)
    remarks = dict[str, None]()  # in order, each once
    pixels = 0
    for number, photo in enumerate(batch.photos(job)):
        remarks |= dict.fromkeys(remarks_on(photo))
        for target in job.colourings:
            remarks |= dict.fromkeys(_losses(photo, target, number))
        pixels += photo.image.shape[0] * photo.image.shape[1] * len(job.colourings)
    return Prospect(job, tuple(wanted), tuple(remarks), pixels=pixels)


def _check_folder(target: Path) -> None:
    there = next(folder for folder in target.absolute().parents if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise FileError(f"cannot write {str(target)!r}: {str(there)!r} is no folder to write to")


def _losses(photo: Photo, target: Path, page: int) -> list[str]:
    """What a file could not keep of a picture; refuse what it cannot hold at all."""
    name, format = str(target), format_of(target, photo)
    if format is None:
        raise FileError(f"cannot tell a format from {name!r}: end it in {', '.join(FORMATS)}")
    check_fits(photo.image, page, name, format)
    deep = photo.image.dtype != np.uint8
    return [f"{format} keeps 8 bits a channel of it"] if deep and format not in DEEP else []


def seconds(batch: Batch, pixels: Sequence[int], suffix: str) -> float:
    """About how long pictures of so many pixels take, by a small run of the same backend.

    Parameters
    ----------
    batch : Batch
        How they would be coloured.
    pixels : sequence of int
        Of each picture.
    suffix : str
        Of the files to be written, such as ``".jpg"``.

    Raises
    ------
    ColorkitError
        When the backend cannot colour.
    """
    with TemporaryDirectory(prefix="colorkit-") as folder:
        once = partial(
            _seconds_of_one, replace(batch, overwrite=True, hints=()), Path(folder), suffix
        )
        once(SIDES[0])  # loads the network
        small, large = map(once, SIDES)
    each = max(0.0, (large - small) / (SIDES[1] ** 2 - SIDES[0] ** 2))
    always = max(0.0, small - each * SIDES[0] ** 2)
    return sum(always + each * count for count in pixels)


def _seconds_of_one(batch: Batch, folder: Path, suffix: str, side: int) -> float:
    """Colour a square picture with some grain, reading and writing included."""
    grain = np.random.default_rng(0).normal(0, 6, (side, side))
    scene = (np.linspace(16, 240, side) + grain).clip(0, 255).astype(np.uint8)
    job = Job(folder / f"{side}{suffix}", folder / f"{side}-color{suffix}")
    files.write(job.source, scene, overwrite=True)
    start = time.perf_counter()
    (outcome,) = batch.run([job])
    if outcome.error is not None:
        raise outcome.error
    return time.perf_counter() - start
