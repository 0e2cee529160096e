"""TIFF files: uint8, uint16 and float32, of any number of pages."""

import struct
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit.files import profiles
from colorkit.files.metadata import EXIF, GPS, ICC, INTEROPERABILITY, IPTC, XMP
from colorkit.files.photo import Photo
from colorkit.strips import PIXELS, each_strip, thread_count

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

_LEVEL = 3
_DEFLATE, _DIFFERENCES, _STRAIGHT_ALPHA = 8, 2, 2
_NO_UNIT, _INCHES = 1, 2

# TIFF demands a resolution of every page.
_NO_RESOLUTION = {282: 1, 283: 1, 296: _NO_UNIT}


def save(stream: IO[bytes], photos: Iterator[Photo]) -> None:
    """Write pages after each other; one at a time is in memory."""
    stream.write(b"II*\0\0\0\0\0")
    link = 4  # where the place of the next directory belongs
    for photo in photos:
        strips = _strips(photo.image)
        directory = _directory(photo, [len(strip) for strip in strips])
        place = stream.tell() + stream.tell() % 2
        stream.seek(place)
        stream.write(directory.tobytes(place))
        stream.writelines(strips)
        stream.seek(link)
        stream.write(struct.pack("<I", place))
        stream.seek(0, 2)
        link = place + 2 + 12 * len(directory)


def _strips(image: NDArray[Any]) -> list[bytes]:
    """Rows, each pixel as its difference to the one before, deflated."""
    height, width = image.shape[:2]
    strips: dict[int, bytes] = {}

    def work(rows: slice) -> None:
        strip = np.array(image[rows], image.dtype.newbyteorder("<"), order="C")
        if strip.dtype.kind == "u":
            strip[:, 1:] -= image[rows, :-1]
        strips[rows.start] = zlib.compress(strip.data, _LEVEL)

    each_strip(work, height, width, thread_count(None))
    return [strips[start] for start in sorted(strips)]


def _directory(photo: Photo, sizes: list[int]) -> "ImageFileDirectory_v2":
    """Metadata and layout of a page."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    directory = ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
    tags = _NO_RESOLUTION | _exif(photo) | _beside(photo) | _layout(photo.image, sizes)
    for tag, value in tags.items():
        directory[tag] = value
    return directory


def _exif(photo: Photo) -> dict[int, Any]:
    """EXIF data as tags, its inner directories as dicts."""
    from PIL import Image

    exif = Image.Exif()
    exif.load(photo.exif)
    inner = {tag: dict(exif.get_ifd(tag)) for tag in (EXIF, GPS) if tag in exif}
    if INTEROPERABILITY in inner.get(EXIF, {}):
        inner[EXIF][INTEROPERABILITY] = dict(exif.get_ifd(INTEROPERABILITY))
    return dict(exif) | inner


def _beside(photo: Photo) -> dict[int, Any]:
    tags: dict[int, Any] = {XMP: photo.xmp, IPTC: photo.iptc, ICC: profiles.embedded(photo.image)}
    if photo.dpi:
        tags |= {282: photo.dpi[0], 283: photo.dpi[1], 296: _INCHES}
    return {tag: value for tag, value in tags.items() if value}


def _layout(image: NDArray[Any], sizes: list[int]) -> dict[int, Any]:
    """Tags that say how the pixels are stored."""
    height, width = image.shape[:2]
    channels = image.size // (height * width)
    whole = image.dtype.kind == "u"
    tags = {
        256: width,
        257: height,
        258: (8 * image.dtype.itemsize,) * channels,
        259: _DEFLATE,
        262: 1 if channels < 3 else 2,
        # Places count from the end of the directory: Pillow adds where that is.
        273: tuple(sum(sizes[:i]) for i in range(len(sizes))),
        277: channels,
        278: min(height, max(1, PIXELS // width)),
        279: tuple(sizes),
        317: _DIFFERENCES if whole else 1,
        339: (1 if whole else 3,) * channels,
    }
    return tags | ({338: _STRAIGHT_ALPHA} if channels in (2, 4) else {})
