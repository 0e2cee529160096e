"""Which picture files become which."""

import glob
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from colorkit import files
from colorkit.errors import FileError, OptionError, warn

MARK = "-color"
"""Ends the name of a coloured picture that stands beside its source."""

_RESULT = re.compile(rf"(.+){MARK}(-\d+|-compare)?", re.DOTALL)


@dataclass(frozen=True)
class Job:
    """One picture file, and what is to become of it.

    Parameters
    ----------
    source : Path
        The picture.
    target : Path
        The file for its colours; the names of several files are made from it.
    variants : int
        That many colourings instead of one; 0 gives the one.
    compare : bool
        Before and after side by side too.
    """

    source: Path
    target: Path
    variants: int = 0
    compare: bool = False

    @property
    def colourings(self) -> list[Path]:
        """A file for each colouring."""
        names = [f"-{i}" for i in range(1, self.variants + 1)] or [""]
        return [self._named(name) for name in names]

    @property
    def comparison(self) -> Path:
        """The file for before and after, if there is to be one."""
        return self._named("-compare")

    @property
    def targets(self) -> list[Path]:
        """All files that it writes."""
        return [*self.colourings, *[self.comparison] * self.compare]

    def _named(self, name: str) -> Path:
        return self.target.with_name(f"{self.target.stem}{name}{self.target.suffix}")


def plan(
    inputs: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str] | None = None,
    *,
    recursive: bool = False,
    format: str | None = None,
    variants: int = 0,
    compare: bool = False,
) -> list[Job]:
    """Which files become which.

    Parameters
    ----------
    inputs : sequence of path
        Picture files, folders, or patterns such as ``scans/*.tif``. What does not exist becomes
        a job too, which fails when its turn comes.
    output : path, optional
        The file for one picture, or the folder for any number; folders keep their tree. By
        default ``name-color.ext`` beside each picture.
    recursive : bool
        Look into folders of folders too.
    format : str, optional
        "jpeg", "png", ...: by default each picture's own.
    variants, compare
        As for `Job`.

    Returns
    -------
    list of Job
        No two of them write the same file, and none a file that another reads. Hidden files in
        folders, and pictures named like the result of another one, are no sources.

    Raises
    ------
    FileError
        When there is no picture at all.
    OptionError
        When two pictures would become one file, or a picture itself.

    Warns
    -----
    ColorkitWarning
        A folder holds no picture.
    """
    place = None if output is None else Path(output)
    found = [pair for item in inputs for pair in _pictures(Path(item), recursive, place)]
    found = _without_results(found)
    if not found:
        raise FileError("there is nothing to colour")
    if place is not None and _is_file_name(place, found, format):
        targets = [place]
    else:
        targets = [_target(source, root, place, format) for source, root in found]
    jobs = [
        Job(source, target, variants, compare)
        for (source, _), target in zip(found, targets, strict=True)
    ]
    jobs = _without_repeats(jobs)
    _check_collisions(jobs)
    return jobs


def _pictures(item: Path, recursive: bool, output: Path | None) -> list[tuple[Path, Path]]:
    """Pictures of one input, each with the folder that its place is kept relative to."""
    if item.is_dir():
        inside = _pictures_in(item, recursive, output)
        if not inside:
            deeper = "" if recursive else "; look into its folders with --recursive"
            warn(f"the folder {str(item)!r} holds no picture{deeper}")
        return [(path, item) for path in inside]
    matches = [] if os.path.lexists(item) else sorted(glob.glob(str(item), recursive=True))
    if matches:
        return [pair for match in matches for pair in _pictures(Path(match), recursive, output)]
    return [(item, item.parent)]


def _pictures_in(folder: Path, recursive: bool, output: Path | None) -> list[Path]:
    results = _part_of(folder, output)

    def is_source(path: Path) -> bool:
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        return not hidden and results not in path.parents and files.is_picture(path)

    paths = folder.glob("**/*" if recursive else "*")
    return [path for path in sorted(paths) if is_source(path) and path.is_file()]


def _part_of(folder: Path, output: Path | None) -> Path | None:
    """The output as a path that begins with the folder, if it lies in it."""
    if output is None:
        return None
    inner, outer = output.resolve(), folder.resolve()
    return folder / inner.relative_to(outer) if outer in inner.parents else None


def _without_results(found: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Leave out what an earlier run wrote beside a picture of this one."""
    stems = {path.with_suffix("") for path, _ in found}
    return [(path, root) for path, root in found if _origin(path) not in stems]


def _origin(path: Path) -> Path | None:
    match = _RESULT.fullmatch(path.stem)
    return path.with_name(match[1]) if match else None


def _is_file_name(output: Path, found: Sequence[tuple[Path, Path]], format: str | None) -> bool:
    """Whether the output is a file rather than a folder; refuse what is neither."""
    if output.is_dir():
        return False
    ending = files.FORMATS.get(output.suffix.lower())
    if ending is None:
        if output.suffix and len(found) == 1:
            raise OptionError(
                f"cannot tell a format from {str(output)!r}: end it in {', '.join(files.FORMATS)}, "
                f"or make it first if it is a folder"
            )
        return False
    if len(found) != 1:
        raise OptionError(
            f"{str(output)!r} names one file, but there are {len(found)} pictures; name a folder "
            f"instead"
        )
    if format is not None and files.FORMATS[files.suffix_for(format)] != ending:
        raise OptionError(
            f"{str(output)!r} does not end like a file of format {format!r}; leave one of them out"
        )
    return True


def _target(source: Path, root: Path, folder: Path | None, format: str | None) -> Path:
    suffix = files.suffix_like(source) if format is None else files.suffix_for(format)
    if folder is None:
        return source.with_name(f"{source.stem}{MARK}{suffix}")
    return folder / source.relative_to(root).with_suffix(suffix)


def _without_repeats(jobs: Sequence[Job]) -> list[Job]:
    """Leave out pictures that were named twice."""
    return list(
        {(_identity(job.source) or job.source, _key(job.target)): job for job in jobs}.values()
    )


def _check_collisions(jobs: Sequence[Job]) -> None:
    sources = {_identity(job.source) for job in jobs} - {None}
    owners: dict[str, Job] = {}
    for job in jobs:
        for target in job.targets:
            if _identity(target) in sources:
                raise OptionError(
                    f"{str(target)!r} is one of the pictures to be coloured; name another file or "
                    f"folder"
                )
            owner = owners.setdefault(_key(target), job)
            if owner is not job:
                raise OptionError(
                    f"{str(owner.source)!r} and {str(job.source)!r} would both become "
                    f"{str(target)!r}; colour them into different folders"
                )


def _identity(path: Path) -> tuple[int, int] | None:
    """Equal for two names of one file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _key(path: Path) -> str:
    """Equal for two names that some file system takes for one."""
    return unicodedata.normalize("NFC", str(path.parent.resolve() / path.name)).casefold()
