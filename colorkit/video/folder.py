"""Folders of frames: numbered pictures in, the same names in colour out."""

import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from colorkit import files
from colorkit.colorizer import BackendLike, Colorizer
from colorkit.errors import VideoError
from colorkit.provenance import add_to_xmp
from colorkit.video.frames import STEADINESS, as_colorizer, colorize_frames


def colorize_folder(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    backend: BackendLike | Colorizer | None = None,
    *,
    steadiness: float = STEADINESS,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Colour a film that is a folder of pictures, one a frame, in the order of their numbers.

    Parameters
    ----------
    src : str or path
        The folder. Other files in it are passed over.
    dst : str or path
        A folder for pictures of the same names; it is made, and must be empty.
    backend, steadiness, force
        As for `colorize_frames`.
    progress : callable, optional
        Is told, after every frame, how many are done and how many there are.

    Returns
    -------
    int
        How many frames were written.

    Raises
    ------
    VideoError
        When the folder holds no pictures, or the other one is not empty.
    FileError, ImageError
        When a picture cannot be read or written, or has not the size of the first.
    """
    folder, target = Path(src), Path(dst)
    paths = sorted(filter(files.is_picture, folder.iterdir()), key=_by_number)
    if not paths:
        raise VideoError(f"{str(folder)!r} holds no pictures")
    target.mkdir(exist_ok=True)
    if any(target.iterdir()):
        raise VideoError(f"{str(target)!r} is not empty; choose another folder for the frames")
    colorizer = as_colorizer(backend)
    photos: deque[files.Photo] = deque()

    def images() -> Iterator[Any]:
        for path in paths:
            photos.append(files.read(path))
            yield photos[-1].image

    coloured = colorize_frames(images(), colorizer, steadiness=steadiness, force=force)
    for number, (path, image) in enumerate(zip(paths, coloured, strict=True), 1):
        photo = photos.popleft()
        note = add_to_xmp(photo.xmp, colorizer.note())
        files.write(target / path.name, image, like=photo, xmp=note)
        if progress is not None:
            progress(number, len(paths))
    return len(paths)


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Order names as people do: frame 2 before frame 10."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
