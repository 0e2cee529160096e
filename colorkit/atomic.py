"""Files that are written whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def write_atomically(
    path: str | os.PathLike[str], content: bytes | memoryview, *, overwrite: bool = True
) -> None:
    """Put a file in place in one step; one that was there stays as it is until then.

    Parameters
    ----------
    path : str or path
        The file. Its folder must exist; a link is replaced, not followed.
    content : bytes
        All of it.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    FileExistsError
        When the name is taken, even if another process takes it at this moment.
    OSError
        When the folder cannot be written to, or the disk is full. Nothing is left behind.
    """
    with open_atomically(path, overwrite=overwrite) as file:
        file.write(content)


@contextlib.contextmanager
def open_atomically(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Open a file that takes its name when the block ends, and is gone if it raises.

    Parameters and errors are those of `write_atomically`.
    """
    target = Path(path)
    part, file = _new_part(target.parent)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:
                file.close()  # Windows: an open file keeps its name
            if overwrite:
                part.replace(target)
            else:
                _claim(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left in a folder half written.

    Files that somebody is writing at this moment, on this machine or another, stay. Where files
    cannot be locked, as on Windows, all stay.

    Parameters
    ----------
    folder : Path
        It need not exist. What is below it is not looked at.
    """
    for part in folder.glob(".colorkit-*.part"):
        with contextlib.suppress(OSError), part.open("r+b") as file:
            if _lock(file, wait=False):
                part.unlink()


def _new_part(folder: Path) -> tuple[Path, BinaryIO]:
    """A new file, which is nobody else's while it is open."""
    while True:
        part = folder / f".colorkit-{os.urandom(8).hex()}.part"
        file = part.open("xb")
        if not _lock(file, wait=True) or part.exists():
            return part, file
        file.close()  # taken for a leftover before it was locked


def _lock(file: BinaryIO, *, wait: bool) -> bool:
    """Lock a file until it is closed; the system does so for a process that is killed."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # somebody else has it, or the file system knows no locks
        return False
    return True


def _claim(part: Path, target: Path) -> None:
    """Move a file to a name that nobody has."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, as on memory cards
        target.open("xb").close()
        part.replace(target)
