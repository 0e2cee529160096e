"""Picture files read, page by page."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import FileError, warn
from colorkit.files import metadata, profiles
from colorkit.files.deep import TiffFile
from colorkit.files.formats import FORMATS, MAX_PIXELS
from colorkit.files.photo import Photo
from colorkit.files.pillow import PillowFile
from colorkit.files.stored import Stored
from colorkit.pixels import has_colour

# The first bytes of a file, named by the stem of the Pillow module and class that decode it.
_SIGNATURE = re.compile(
    rb"(?P<Jpeg>\xff\xd8\xff)|(?P<Png>\x89PNG\r\n\x1a\n)|(?P<Tiff>II[*+]\0|MM\0[*+])"
    rb"|(?P<WebP>(?s:RIFF....WEBP))|(?P<Bmp>BM)|(?P<Gif>GIF8[79]a)"
    rb"|(?P<Avif>(?s:....)ftyp(?:avi[fs]|mif1))"
    rb"|(?P<Jpeg2K>\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n)"
)
_STRIP = 2**20


def read(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read a picture file, upright and as sRGB, with its metadata.

    The content tells the format. Gray stays gray; palettes become RGB, or gray if all their
    entries are; CMYK and CIELAB become RGB; transparency of any kind becomes an alpha channel.
    Sixteen bits a channel stay sixteen, floats stay floats.

    Parameters
    ----------
    path : str or path-like
        A JPEG, PNG, TIFF, WebP, AVIF, JPEG 2000, GIF or BMP file.
    max_pixels : int
        Larger pictures are refused before they are decoded.

    Returns
    -------
    Photo
        The picture; of several pages, the first.

    Raises
    ------
    FileError
        The file is missing, not a picture, damaged, too large, or holds pixels of a kind that
        has no fixed meaning: floats outside [0, 1], whole numbers of 32 bits.

    Warns
    -----
    ColorkitWarning
        The file holds several pages, of which the first is read; more bits than are read; EXIF
        data, XMP or a colour profile that cannot be read; content credentials (C2PA), which are
        not read; another format than its name says.
    """
    name = os.fspath(path)
    with _opened(name) as file:
        photo = _photo(file, 0, max_pixels, name)
        _warn_of_losses(file, photo, name)
        try:
            pages: int | str = file.count
        except Exception:  # a page that is not read may be of a kind that nobody knows
            pages = "several"
    if pages != 1:
        warn(f"{name!r} holds {pages} pages: only the first is read")
    return photo


def read_pages(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Iterator[Photo]:
    """Read a picture file page by page, or an animation frame by frame.

    A file of one picture gives one; metadata is that of each page. One page at a time is in
    memory. The picture that an animated PNG may have in place of its animation is no page.

    Parameters
    ----------
    path, max_pixels
        As for `read`; each page may have that many pixels.

    Yields
    ------
    Photo
        Page after page.

    Raises
    ------
    FileError
        As for `read`, when the page that it is about is reached.

    Warns
    -----
    ColorkitWarning
        As for `read`; of the whole file, once.
    """
    name = os.fspath(path)
    with _opened(name, all_pages=True) as file:
        for number in range(file.first, file.count or 1):  # without any page, that is refused
            photo = _photo(file, number, max_pixels, name)
            if number == file.first:
                _warn_of_losses(file, photo, name)
            yield photo


def read_xmp(path: str | os.PathLike[str]) -> bytes:
    """Read the XMP packet of a picture file, without decoding the picture.

    Parameters
    ----------
    path : str or path-like
        A file as for `read`.

    Returns
    -------
    bytes
        The packet; empty if there is none.

    Raises
    ------
    FileError
        The file is missing, or not a picture.
    """
    with _opened(os.fspath(path)) as file:
        return file.xmp()


@contextmanager
def _opened(name: str, *, all_pages: bool = False) -> Iterator[PillowFile | TiffFile]:
    """Open a picture file; what goes wrong while it is open is a `FileError` about it."""
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISFIFO(mode):
            raise FileError("it is a pipe: of pipes, `colorkit colorize -` reads standard input")
        if not stat.S_ISREG(mode):
            raise FileError("it is not a file")
        with open(name, "rb") as stream:
            yield _recognized(stream, all_pages=all_pages)
    except FileError as error:
        raise FileError(f"cannot read {name!r}: {error}") from error
    except (OSError, MemoryError) as error:
        raise FileError(f"cannot read {name!r}: {reason(error)}") from error
    except Exception as error:  # hostile bytes make Pillow raise nearly every class there is
        raise FileError(f"cannot read {name!r}: it is damaged ({reason(error)})") from error


def _recognized(stream: IO[bytes], *, all_pages: bool) -> PillowFile | TiffFile:
    """The reader for what a file holds, whatever its name says."""
    head = stream.read(16)
    signature = _SIGNATURE.match(head)
    if signature is None or signature.lastgroup is None:
        kinds = "a JPEG, PNG, TIFF, WebP, AVIF, JPEG 2000, GIF or BMP picture"
        raise FileError(f"it is not {kinds}" if head else "it is empty")
    try:
        file = PillowFile(stream, signature.lastgroup)
        if not all_pages or file.count:  # counting finds pages that Pillow does not know
            return file
    except SyntaxError:
        if signature.lastgroup != "Tiff":
            raise
    return TiffFile(stream)


def reason(error: Exception) -> str:
    """What an exception says, in one line."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(said.split())


def _photo(file: PillowFile | TiffFile, number: int, max_pixels: int, name: str) -> Photo:
    """Decode one page; warn of what its owner wants to know."""
    stored = file.page(number, max_pixels)
    orientation = stored.exif.get(metadata.ORIENTATION, 1)
    if orientation not in range(1, 9):
        orientation = 1
    image = _upright(stored, orientation)
    sideways = stored.sideways or orientation > 4
    photo = Photo(
        image=image,
        format=file.format,
        has_colour=has_colour(image),
        **_timing(stored.info, file.format),
        **metadata.read(stored.exif, stored.info, sideways, image.shape[1::-1], stored.notes),
    )
    if FORMATS.get(PurePath(name).suffix.lower(), file.format) != file.format:
        stored.notes.append(f"holds {file.format}, which its name does not say")
    for note in stored.notes:
        warn(f"{name!r} {note}")
    return photo


def _warn_of_losses(file: PillowFile | TiffFile, photo: Photo, name: str) -> None:
    for note in metadata.left_behind(file.stream, file.format, photo.xmp):
        warn(f"{name!r} {note}")


def _timing(info: Mapping[Any, Any], format: str) -> dict[str, Any]:
    """The fields of a `Photo` that animations have."""
    found = {"shown_for": info.get("duration"), "runs": info.get("loop")}
    if format == "GIF":
        found["shown_for"] = found["shown_for"] or 0  # only a delay is written down
        found["runs"] = found["runs"] and found["runs"] + 1  # repetitions, there
    return {field: value for field, value in found.items() if value is not None}


def _upright(stored: Stored, orientation: int) -> NDArray[Any]:
    """Decode into an upright array of sRGB, in strips: no second copy of the whole."""
    width, height = stored.size
    rows = max(1, _STRIP // width)
    strip = stored.rows(0, min(rows, height))
    profile = stored.info.get("icc_profile")
    convert = profiles.to_srgb(profile, stored.mode, strip.dtype, stored.notes)
    strip = convert(strip)
    swap = orientation > 4
    shape = (width, height) if swap else (height, width)
    upright = np.empty((*shape, *strip.shape[2:]), strip.dtype)
    out = upright.swapaxes(0, 1) if swap else upright
    out = out[:: -1 if orientation in (3, 4, 6, 7) else 1]
    out = out[:, :: -1 if orientation in (2, 3, 7, 8) else 1]
    out[:rows] = strip
    for top in range(rows, height, rows):
        bottom = min(top + rows, height)
        out[top:bottom] = convert(stored.rows(top, bottom))
    return upright
