"""Which pictures there are, and where the colours of each go."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from colorkit.files import is_picture

_MAGIC = re.compile(r"[*?\[]")
_HIDDEN = re.compile(r"(^|/)\.")


@dataclass(frozen=True)
class Picture:
    """One picture of an archive, and what became of it.

    Attributes
    ----------
    source : str
        The file: a path, or a URL that fsspec knows.
    target : str
        The file for its colours.
    skipped : bool
        Whether that was there already.
    error : str or None
        Why there are no colours.
    """

    source: str
    target: str
    skipped: bool = False
    error: str | None = None


def is_url(path: str) -> bool:
    """Whether fsspec is to open it; everything else is a path of this machine."""
    return "://" in path


def file_system(url: str) -> tuple[Any, str]:
    """What fsspec opens a URL with, and the path there."""
    from fsspec.core import url_to_fs

    opened: tuple[Any, str] = url_to_fs(url)
    return opened


def exists(path: str) -> bool:
    """Whether there is something of that name."""
    if not is_url(path):
        return os.path.exists(path)
    fs, inner = file_system(path)
    return bool(fs.exists(inner))


def plan(paths: Iterable[str | os.PathLike[str]], out: str | os.PathLike[str]) -> Iterator[Picture]:
    """Find pictures, one after another.

    Parameters
    ----------
    paths : iterable of path
        Pictures, folders with all that is below them, and patterns such as
        ``s3://scans/19*/*.tif``. What does not exist becomes a picture that fails in its turn.
    out : path
        The folder for the colours. What is below a folder, or below the part of a pattern that has
        no wildcards, keeps its tree.

    Yields
    ------
    Picture
        No two with the same target: the second has an error. About 100 bytes are kept of each.
    """
    folder = _absolute(out).rstrip("/")
    owners: dict[int, int] = {}
    for path in paths:
        for source, name in _found(_absolute(path), folder):
            picture = Picture(source, f"{folder}/{name}")
            owner = owners.get(hash(picture.target))
            if owner is None:
                owners[hash(picture.target)] = hash(source)
                yield _checked(picture)
            elif owner != hash(source):
                yield replace(picture, error=f"another picture becomes {picture.target} too")


def _checked(picture: Picture) -> Picture:
    if picture.source == picture.target:
        return replace(picture, error="it would be written over itself; name another folder")
    return picture


def _absolute(path: str | os.PathLike[str]) -> str:
    name = os.fspath(path)
    return name if is_url(name) else Path(name).absolute().as_posix()


def _found(path: str, out: str) -> Iterator[tuple[str, str]]:
    """Pictures of one input, each with its name below ``out``."""
    if _MAGIC.search(path) and not exists(path):
        pairs = _matches(path)
    elif is_picture(path):
        yield path, PurePosixPath(path).name
        return
    else:
        pairs = _below_url(path) if is_url(path) else _below(path)
    for source, name in pairs:
        if is_picture(name) and not _HIDDEN.search(name) and not source.startswith(f"{out}/"):
            yield source, name


def _matches(pattern: str) -> Iterator[tuple[str, str]]:
    fs, inner = file_system(pattern)
    fixed = _MAGIC.split(inner)[0].rpartition("/")[0]
    for path in fs.glob(inner):
        yield _named(fs, path, pattern), path.removeprefix(f"{fixed}/")


def _below(folder: str) -> Iterator[tuple[str, str]]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            yield path.as_posix(), path.relative_to(folder).as_posix()


def _below_url(url: str) -> Iterator[tuple[str, str]]:
    fs, folder = file_system(url)
    folder = folder.rstrip("/")
    for place, _, names in fs.walk(folder):
        for name in sorted(names):
            path = f"{place.rstrip('/')}/{name}"
            yield _named(fs, path, url), path.removeprefix(f"{folder}/")


def _named(fs: Any, path: str, url: str) -> str:
    """The URL of a path, with what an outer URL says of the archive around it."""
    if not is_url(url):
        return path
    _, chained, outer = url.partition("::")
    return f"{fs.unstrip_protocol(path)}{chained}{outer}"
