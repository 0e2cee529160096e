"""Picture files written, whole or not at all."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import xmp as xmp_packets
from colorkit.atomic import open_atomically
from colorkit.errors import ColorkitError, FileError, ImageTypeError, warn
from colorkit.files import encode, png, tiff
from colorkit.files.formats import DEEP, FORMATS, MAX_SIDE, WITH_PAGES, can_hold_alpha
from colorkit.files.photo import Photo
from colorkit.files.privacy import reduce_metadata
from colorkit.files.reading import reason

# The most bytes of each kind of metadata that a format can hold; none where it is not named.
_NO_LIMIT = 2**31
_ROOM: dict[str, dict[str, int]] = {
    "JPEG": {"exif": 65533, "xmp": 65504, "iptc": 65500, "comment": 65533},
    "PNG": dict.fromkeys(("exif", "xmp", "iptc", "comment"), _NO_LIMIT),
    "TIFF": dict.fromkeys(("exif", "xmp", "iptc"), _NO_LIMIT),
    "WEBP": dict.fromkeys(("exif", "xmp"), _NO_LIMIT),
    "AVIF": dict.fromkeys(("exif", "xmp"), _NO_LIMIT),
    "BMP": {},
}
_NAMES = {"exif": "EXIF data", "xmp": "XMP packet", "iptc": "IPTC records", "comment": "comment"}


def write(
    path: str | os.PathLike[str],
    image: NDArray[Any],
    *,
    like: Photo | None = None,
    format: str | None = None,
    overwrite: bool = False,
    metadata: str = "keep",
    xmp: bytes | None = None,
) -> None:
    """Write a picture file, whole or not at all.

    The file appears under its name only when it is complete and on the disk. A link at `path`
    is never followed: `overwrite` replaces the link itself. JPEG is written at quality 95, AVIF
    at 90, both without subsampling of colour; all other formats lose nothing of 8 bits a channel.
    PNG and TIFF hold 16. Floats become 16 bits in a PNG, and stay floats in a TIFF. Colour has the
    sRGB profile with it.

    Parameters
    ----------
    path : str or path-like
        Where to write; its folder must exist.
    image : ndarray of uint8, uint16 or float
        `(H, W)`, `(H, W, 2)`, `(H, W, 3)` or `(H, W, 4)`, sRGB; floats in [0, 1].
    like : Photo, optional
        The picture whose metadata and resolution the file gets.
    format : str, optional
        A value of `FORMATS`; by default the one that the ending of `path` stands for.
    overwrite : bool
        Whether a file that is already there may be replaced.
    metadata : str
        What becomes of the metadata of `like`: "keep", "safe" or "none"; see `reduce_metadata`.
    xmp : bytes, optional
        An XMP packet to write instead, as it is.

    Raises
    ------
    FileError
        The file exists, the ending is unknown, the format cannot hold the picture, or writing
        failed. Nothing is left behind.
    ImageTypeError
        The image has another dtype.

    Warns
    -----
    ColorkitWarning
        The format cannot hold all bits, or some of the metadata; the file was written without.
    """
    photo = replace(reduce_metadata(like or Photo(image, ""), metadata), image=image)
    if xmp is not None:
        photo = replace(photo, xmp=xmp)
    write_pages(path, [photo], format=format, overwrite=overwrite)


def write_pages(
    path: str | os.PathLike[str],
    photos: Iterable[Photo],
    *,
    format: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write the pages of a TIFF, or the frames of an animation, as `write` does one picture.

    Parameters
    ----------
    path, format, overwrite
        As for `write`.
    photos : iterable of Photo
        Page after page; used as they come, so that of a TIFF or PNG of any number of pages one is
        in memory. TIFF keeps the metadata of each page, the others that of the first. JPEG and
        BMP hold one page.

    Raises
    ------
    FileError, ImageTypeError
        As for `write`; the format holds one picture, and there are more.

    Warns
    -----
    ColorkitWarning
        As for `write`.
    """
    name = os.fspath(path)
    format = format or FORMATS.get(PurePath(name).suffix.lower())
    if format is None:
        raise FileError(f"cannot tell a format from {name!r}: end it in {', '.join(FORMATS)}")
    lost = dict[str, None]()  # in order, each once
    try:
        if not overwrite and os.path.lexists(name):
            raise FileExistsError
        with open_atomically(name, overwrite=overwrite) as stream:
            pages = _pages(photos, name, format, lost)
            if format == "PNG":
                png.save(stream, pages)
            elif format == "TIFF":
                tiff.save(stream, pages)
            else:
                encode.save(stream, pages, format)
    except FileExistsError as error:
        remedy = "choose another name, or overwrite it on purpose"
        raise FileError(f"{name!r} already exists: {remedy}") from error
    except FileNotFoundError as error:
        raise FileError(f"cannot write {name!r}: its folder does not exist; make it") from error
    except ColorkitError:
        raise
    except Exception as error:  # encoders raise as freely as decoders
        raise FileError(f"cannot write {name!r}: {reason(error)}") from error
    for note in lost:
        warn(f"{name!r} was written {note}")


def _pages(
    photos: Iterable[Photo], name: str, format: str, lost: dict[str, None]
) -> Iterator[Photo]:
    """Pages as the format can hold them; `lost` gets what it cannot."""
    for number, photo in enumerate(photos):
        check_fits(photo.image, number, name, format)
        yield _with_room(replace(photo, image=_in_depth(photo.image, format, lost)), format, lost)


def check_fits(image: NDArray[Any], page: int, name: str, format: str) -> None:
    """Refuse a page, numbered from 0, that the format would change or cannot hold."""
    if page and format not in WITH_PAGES:
        raise FileError(
            f"cannot write {name!r}: {format} holds one picture; choose .tif for pages or "
            ".webp for an animation"
        )
    if image.dtype not in (np.uint8, np.uint16) and image.dtype.kind != "f":
        raise ImageTypeError(
            f"image must be uint8, uint16 or floats to be written, not {image.dtype}: convert it"
        )
    if (
        image.size == 0
        or image.ndim not in (2, 3)
        or (image.ndim == 3 and image.shape[2] not in (2, 3, 4))
    ):
        raise FileError(f"cannot write {name!r}: no picture has the shape {image.shape}")
    if image.ndim == 3 and image.shape[2] in (2, 4) and not can_hold_alpha(format):
        raise FileError(
            f"cannot write {name!r}: {format} holds no transparency; choose .png, .webp or .tif"
        )
    limit = MAX_SIDE.get(format)
    if limit and max(image.shape[:2]) > limit:
        raise FileError(
            f"cannot write {name!r}: {format} holds at most {limit} pixels a side, and the picture "
            f"is {image.shape[1]} x {image.shape[0]}; choose .png or .tif"
        )


def _in_depth(image: NDArray[Any], format: str, lost: dict[str, None]) -> NDArray[Any]:
    """The image in the depth of the format that is next to its own."""
    if image.dtype == np.uint8:
        return image
    if format == "TIFF":
        return image.astype(np.float32 if image.dtype.kind == "f" else np.uint16, copy=False)
    white = 1 if image.dtype.kind == "f" else 65535
    if format in DEEP:
        return image if white > 1 else np.rint(np.clip(image, 0, 1) * 65535).astype(np.uint16)
    lost[f"with 8 bits a channel, all that {format} holds; .png and .tif hold 16"] = None
    shallow: NDArray[Any] = np.rint(np.clip(image, 0, white) * (255 / white)).astype(np.uint8)
    return shallow


def _with_room(photo: Photo, format: str, lost: dict[str, None]) -> Photo:
    """The photo without metadata that the format has no room for."""
    less: dict[str, Any] = {}
    for field, name in _NAMES.items():
        value, room = getattr(photo, field), _ROOM[format].get(field, 0)
        if len(value) > room:
            less[field], parts = xmp_packets.shortened(value, room) if field == "xmp" else (b"", [])
            if parts or not less[field]:  # else there was but white space too much
                named = [*parts[:3], *["others"] * (len(parts) > 3)]
                what = f"{', '.join(named)} of its {name}" if less[field] else name
                lost[f"without {what}: {len(value)} bytes do not fit {format}"] = None
    return replace(photo, **less)
