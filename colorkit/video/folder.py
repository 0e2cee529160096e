"""Folders of frames: numbered pictures in, the same names in colour out."""

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from colorkit import files
from colorkit.colorizer import BackendLike, Colorizer
from colorkit.errors import VideoError
from colorkit.provenance import add_to_xmp
from colorkit.video.corrections import Given, count_hints
from colorkit.video.frames import STEADINESS, as_colorizer, colorize_frames


def colorize_folder(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    backend: BackendLike | Colorizer | None = None,
    *,
    steadiness: float = STEADINESS,
    force: bool = False,
    hints: Mapping[float, Given] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Colour a film that is a folder of pictures, one a frame, in the order of their numbers.

    Parameters
    ----------
    src : str or path
        The folder. Other files in it are passed over.
    dst : str or path
        A folder for pictures of the same names; it is made, and must be empty.
    backend, steadiness, force, hints
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
    HintError
        When a hint lies outside the picture, or there is no such frame.
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
    told = colorizer.note(hints=count_hints(hints) if hints else None)
    reel = _Reel(paths)
    coloured = colorize_frames(reel, colorizer, steadiness=steadiness, force=force, hints=hints)
    for number, (path, image) in enumerate(zip(paths, coloured, strict=True), 1):
        photo = reel.photos.popleft()
        note = add_to_xmp(photo.xmp, told)
        files.write(target / path.name, image, like=photo, xmp=note)
        if progress is not None:
            progress(number, len(paths))
    return len(paths)


class _Reel:
    """Pictures one by one; ``photos`` are those of the latest round, as far as it has come."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self.photos: deque[files.Photo] = deque()

    def __iter__(self) -> Iterator[Any]:
        self.photos.clear()
        for path in self.paths:
            self.photos.append(files.read(path))
            yield self.photos[-1].image


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Order names as people do: frame 2 before frame 10."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
