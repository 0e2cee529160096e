"""Files that are written whole or not at all."""

import contextlib
import os
from pathlib import Path


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
    target = Path(path)
    part = target.with_name(f".colorkit-{os.urandom(8).hex()}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            part.replace(target)
        else:
            _claim(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _claim(part: Path, target: Path) -> None:
    """Move a file to a name that nobody has."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, as on memory cards
        target.open("xb").close()
        part.replace(target)
