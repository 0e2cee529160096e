"""What a worker does: a few pictures, fetched, coloured and delivered."""

import os
import pickle
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from colorkit import ColorkitError
from colorkit.atomic import remove_leftovers
from colorkit.batch import Batch, Outcome
from colorkit.plan import Job
from colorkit_dask.pictures import Picture, exists, file_system, is_url

WHOLE_OR_ABSENT = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"})
"""Stores where an upload has its name when it is complete; there a rename would copy it."""


def colour(recipe: bytes, pictures: Sequence[Picture]) -> list[Picture]:
    """Colour pictures; those whose colours are there are skipped.

    Parameters
    ----------
    recipe : bytes
        A pickled `colorkit.batch.Batch`. Its network is loaded once in this process.
    pictures : sequence of Picture
        They may have been tried before, here or elsewhere.

    Returns
    -------
    list of Picture
        The same, with what became of them.
    """
    with TemporaryDirectory(prefix="colorkit-") as folder:
        return list(_coloured(_batch(recipe), pictures, Path(folder)))


def sweep(folders: Iterable[str]) -> None:
    """Remove what killed workers left half written in folders; they need not exist."""
    for folder in folders:
        remove_leftovers(Path(folder))


@lru_cache(maxsize=4)
def _batch(recipe: bytes) -> Batch:
    batch: Batch = pickle.loads(recipe)  # noqa: S301  # our own client sent it
    return batch


def _coloured(batch: Batch, pictures: Sequence[Picture], folder: Path) -> Iterator[Picture]:
    done: list[Picture] = []
    begun: deque[tuple[Picture, Path]] = deque()

    def jobs() -> Iterator[Job]:
        # Runs ahead of the colouring: the next picture is fetched meanwhile.
        for number, picture in enumerate(pictures):
            place = folder / str(number)
            try:
                job = _job(picture, place, overwrite=batch.overwrite)
            except Exception as error:  # every store has exceptions of its own
                done.append(replace(picture, error=_reason(error)))
                continue
            if job is None:
                done.append(replace(picture, skipped=not picture.error))
            else:
                begun.append((picture, place))
                yield job

    for outcome in batch.run(jobs()):
        picture, place = begun.popleft()
        yield _delivered(picture, outcome)
        shutil.rmtree(place, ignore_errors=True)
    yield from done


def _job(picture: Picture, place: Path, *, overwrite: bool) -> Job | None:
    """The work on files of this machine, a distant picture fetched; None if there is none."""
    if picture.error:
        return None
    if is_url(picture.target) and not overwrite and exists(picture.target):
        return None
    source, target = Path(picture.source), Path(picture.target)
    if is_url(picture.source):
        place.mkdir()
        source = place / PurePosixPath(picture.source.partition("::")[0]).name
        fs, inner = file_system(picture.source)
        fs.get_file(inner, str(source))
    if is_url(picture.target):
        target = place / "coloured" / PurePosixPath(picture.target).name
    return Job(source, target)


def _delivered(picture: Picture, outcome: Outcome) -> Picture:
    """What became of a picture, once distant colours are where they belong."""
    error = outcome.error
    if is_url(picture.target) and error is None:
        try:
            _put(outcome.job.target, picture.target)
        except Exception as failure:  # every store has exceptions of its own
            error = failure
    if error is None:
        return replace(picture, skipped=outcome.skipped)
    return replace(picture, error=_reason(error).replace(str(outcome.job.source), picture.source))


def _put(file: Path, url: str) -> None:
    """Upload a file, whole or not at all."""
    fs, inner = file_system(url)
    protocols = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
    if protocols & WHOLE_OR_ABSENT:
        fs.put_file(str(file), inner)
        return
    parent = inner.rpartition("/")[0]
    fs.makedirs(parent, exist_ok=True)
    part = f"{parent}/.colorkit-{os.urandom(8).hex()}.part"
    try:
        fs.put_file(str(file), part)
        fs.mv(part, inner)
    except BaseException:
        if fs.exists(part):
            fs.rm_file(part)
        raise


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ColorkitError) else f"{type(error).__name__}: {error}"
