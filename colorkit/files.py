"""Picture files: read with what travels beside the pixels, written whole or not at all."""

import io
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit.atomic import write_atomically
from colorkit.errors import FileError, ImageTypeError, OptionError, warn
from colorkit.pixels import has_colour

if TYPE_CHECKING:
    from PIL.Image import Exif
    from PIL.ImageFile import ImageFile

_Dpi = tuple[float, float] | None

__all__ = ["FORMATS", "MAX_PIXELS", "Photo", "can_hold_alpha", "is_picture", "read", "suffix_for"]
__all__ += ["write"]

FORMATS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG")
    | {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP", ".bmp": "BMP"}
)
"""The endings of file names that can be written, with Pillow's name of the format."""

MAX_PIXELS = 250_000_000
"""The largest picture, in pixels, that `read` decodes unless told otherwise."""

# The first bytes of a file, named by the stem of the Pillow module and class that decode it.
_SIGNATURE = re.compile(
    rb"(?P<Jpeg>\xff\xd8\xff)|(?P<Png>\x89PNG\r\n\x1a\n)|(?P<Tiff>II[*+]\0|MM\0[*+])"
    rb"|(?P<WebP>(?s:RIFF....WEBP))|(?P<Bmp>BM)"
)

# Pillow's modes with at most 8 bits a channel, and what they are without their alpha.
_BASES = dict.fromkeys(("1", "L", "LA", "La"), "L") | dict.fromkeys(
    ("P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "YCbCr"), "RGB"
)

_ORIENTATION, _EXIF, _GPS = 0x0112, 0x8769, 0x8825
_BITS, _X_RESOLUTION, _Y_RESOLUTION, _PREDICTOR = 0x0102, 0x011A, 0x011B, 0x013D
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
# Tags of a TIFF's first directory that lay out the old file's pixels, or hold its XMP, IPTC,
# Photoshop and ICC blocks: they would be wrong in, or break, a file with other pixels.
_LAYOUT = frozenset(
    {*range(254, 267), 273, *range(277, 282), 284, *range(288, 294), 297, 301}
    | {*range(317, 348), *range(512, 531), 532, 700, 33723, 34377, 34675, 37724}
)

_MAX_SIDE = {"JPEG": 65500, "WEBP": 16383}
_MAX_JPEG_EXIF = 65533
_STRIP = 2**20

_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    # A third of the time of Pillow's default level for 6 % more bytes.
    "PNG": {"compress_level": 3},
    # With the horizontal predictor: a tenth larger than deflate, five times as fast.
    "TIFF": {"compression": "tiff_lzw"},
    # Lossy WebP always halves the resolution of colour, which is what we add; `exact` keeps the
    # colour under full transparency.
    "WEBP": {"lossless": True, "quality": 20, "method": 1, "exact": True},
    "BMP": {},
}


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture file's pixels with what travels beside them.

    Attributes
    ----------
    image : ndarray of uint8
        Upright: `(H, W)` gray, `(H, W, 2)` gray+alpha, `(H, W, 3)` RGB or `(H, W, 4)` RGBA.
    format : str
        Pillow's name of the file's format, such as ``"JPEG"``.
    exif : bytes
        EXIF block with the orientation set to 1, without a thumbnail; empty if there is none.
    dpi : tuple of float or None
        Resolution across and down, in dots per inch.
    has_colour : bool
        Whether the file held visible colour: more than a tint of paper or scanner.
    """

    image: NDArray[np.uint8]
    format: str
    exif: bytes
    dpi: tuple[float, float] | None
    has_colour: bool


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Tell by its name whether a file is one that `read` understands.

    Parameters
    ----------
    path : str or path-like
        Name of a file, which need not exist.

    Returns
    -------
    bool
        False, too, for the ``._name`` companions that macOS leaves on foreign disks.
    """
    path = PurePath(path)
    return path.suffix.lower() in FORMATS and not path.name.startswith("._")


def can_hold_alpha(format: str) -> bool:
    """Tell whether a file format keeps transparency.

    Parameters
    ----------
    format : str
        A value of `FORMATS`.

    Returns
    -------
    bool
        False for JPEG and BMP.
    """
    return format not in {"JPEG", "BMP"}


def suffix_for(format: str) -> str:
    """Give the usual ending of file names of a format.

    Parameters
    ----------
    format : str
        ``"JPEG"``, ``"jpg"``, ``".jpg"``: a format or an ending, in any case.

    Returns
    -------
    str
        Such as ``".jpg"``.

    Raises
    ------
    OptionError
        The format is not one that can be written.
    """
    wanted = format.lower().removeprefix(".")
    for suffix, name in FORMATS.items():
        if name in (wanted.upper(), FORMATS.get(f".{wanted}")):
            return suffix
    known = dict.fromkeys(FORMATS.values())
    raise OptionError(f"unknown picture format {format!r}: choose one of {', '.join(known)}")


def read(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read a picture file, upright, with its EXIF data and resolution.

    The content tells the format. Gray stays gray; palettes become RGB, or gray if all their
    entries are; transparency of any kind becomes an alpha channel.

    Parameters
    ----------
    path : str or path-like
        A JPEG, PNG, TIFF, WebP or BMP file with at most 8 bits a channel.
    max_pixels : int
        Larger pictures are refused before they are decoded.

    Returns
    -------
    Photo
        The picture.

    Raises
    ------
    FileError
        The file is missing, not a picture, damaged, too large, or holds pixels of a kind that
        is not read: CMYK, more than 8 bits a channel.

    Warns
    -----
    ColorkitWarning
        The file holds several pages, of which the first is read; EXIF data that cannot be
        read; another format than its name says.
    """
    name, notes = os.fspath(path), list[str]()
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):
            raise FileError(f"cannot read {name!r}: it is not a file")
        with open(name, "rb") as stream:
            picture = _open(stream, name)
            _check(picture, name, max_pixels)
            photo = _decode(picture, notes)
            _note_pages(picture, notes)
    except FileError:
        raise
    except Exception as error:  # hostile bytes make Pillow raise nearly every class there is
        raise FileError(f"cannot read {name!r}: {_reason(error)}") from error
    if FORMATS.get(PurePath(name).suffix.lower(), photo.format) != photo.format:
        notes.append(f"holds {photo.format}, which its name does not say")
    for note in notes:
        warn(f"{name!r} {note}")
    return photo


def write(
    path: str | os.PathLike[str],
    image: NDArray[np.uint8],
    *,
    like: Photo | None = None,
    format: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a picture file, whole or not at all.

    The file appears under its name only when it is complete and on the disk. A link at `path`
    is never followed: `overwrite` replaces the link itself. JPEG is written at quality 95
    without subsampling of colour; all other formats lose nothing.

    Parameters
    ----------
    path : str or path-like
        Where to write; its folder must exist.
    image : ndarray of uint8
        `(H, W)`, `(H, W, 2)`, `(H, W, 3)` or `(H, W, 4)`, 0..255.
    like : Photo, optional
        The picture whose EXIF data and resolution the file gets.
    format : str, optional
        A value of `FORMATS`; by default the one that the ending of `path` stands for.
    overwrite : bool
        Whether a file that is already there may be replaced.

    Raises
    ------
    FileError
        The file exists, the ending is unknown, the format cannot hold the picture, or writing
        failed. Nothing is left behind.
    ImageTypeError
        The image is not uint8.

    Warns
    -----
    ColorkitWarning
        The format cannot hold the EXIF data; the file was written without.
    """
    name = os.fspath(path)
    format = format or FORMATS.get(PurePath(name).suffix.lower())
    if format is None:
        raise FileError(f"cannot tell a format from {name!r}: end it in {', '.join(FORMATS)}")
    _check_fits(image, name, format)
    exif, dpi = (like.exif, like.dpi) if like else (b"", None)
    exif_fits = format != "BMP" and (format != "JPEG" or len(exif) <= _MAX_JPEG_EXIF)
    try:
        if not overwrite and os.path.lexists(name):
            raise FileExistsError
        data = _encode(image, format, exif if exif_fits else b"", dpi)
        write_atomically(name, data, overwrite=overwrite)
    except FileExistsError as error:
        remedy = "choose another name, or overwrite it on purpose"
        raise FileError(f"{name!r} already exists: {remedy}") from error
    except FileNotFoundError as error:
        raise FileError(f"cannot write {name!r}: its folder does not exist; make it") from error
    except Exception as error:  # encoders raise as freely as decoders
        raise FileError(f"cannot write {name!r}: {_reason(error)}") from error
    if exif and not exif_fits:
        warn(f"{name!r} was written without EXIF data: {len(exif)} bytes do not fit {format}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _open(stream: io.BufferedReader, name: str) -> "ImageFile":
    """Read a picture's header."""
    from PIL import Image

    head = stream.read(16)
    if (signature := _SIGNATURE.match(head)) is None:
        what = "is not a JPEG, PNG, TIFF, WebP or BMP picture" if head else "is empty"
        raise FileError(f"cannot read {name!r}: it {what}")
    stream.seek(0)
    stem = signature.lastgroup
    # Not Image.open: it checks the size against a limit of the whole process, by warning or
    # error, before anybody can ask for the size. The limit on pixels here is an argument.
    decoder = getattr(import_module(f"PIL.{stem}ImagePlugin"), f"{stem}ImageFile")
    try:
        picture: ImageFile = decoder(stream)
    except Image.DecompressionBombError as error:
        raise FileError(
            f"cannot read {name!r}: it is larger than Pillow decodes from {stem} ({error}); "
            "convert it to PNG or TIFF"
        ) from error
    return picture


def _check(picture: "ImageFile", name: str, max_pixels: int) -> None:
    """Refuse by its header a picture that is too large or of a kind that is not read."""
    width, height = picture.size
    if width * height > max_pixels:
        raise FileError(
            f"{name!r} is {width} x {height} pixels, more than the limit of {max_pixels}: raise it "
            "with max_pixels= (on the command line, --max-pixels) if you trust the file"
        )
    # In colour, Pillow cuts 16 bits to 8 without a word.
    depth = 16 if any(str(tile.args).endswith(";16B") for tile in picture.tile) else 8
    if tags := getattr(picture, "tag_v2", {}):
        depth = max(tags.get(_BITS, (1,)))
    if picture.mode not in _BASES or depth > 8:
        kind = f"{picture.mode} pixels" + f" of {depth} bits a channel" * (depth > 8)
        raise FileError(
            f"{name!r} holds {kind}, which are not read: convert it to 8-bit gray or RGB first"
        )


def _decode(picture: "ImageFile", notes: list[str]) -> Photo:
    """Decode an open picture; `notes` gets what its owner wants to know."""
    # Pillow turns a TIFF itself while it loads, and forgets that it did.
    turned = getattr(picture, "tag_v2", {}).get(_ORIENTATION, 1) > 4
    _prepare(picture)
    picture.load()
    exif, orientation = _read_exif(picture, notes, turned=turned)
    image = _pixels(picture, orientation)
    dpi = _sane_dpi(picture.info.get("dpi"))
    return Photo(
        image=image,
        format=str(picture.format),
        exif=exif,
        dpi=dpi[::-1] if dpi and (turned or orientation > 4) else dpi,
        has_colour=has_colour(image),
    )


def _prepare(picture: "ImageFile") -> None:
    """Make good before decoding what Pillow does differently from what is wanted here."""
    from PIL import Image

    if tags := getattr(picture, "tag_v2", {}):
        # Memory that is already there keeps Pillow from checking the size again (see _open).
        picture.im = Image.new(picture.mode, (tags[256], tags[257])).im
    # Pillow widens 2-bit and 4-bit gray to 0..255 but not the value that is transparent.
    scale = {"L;2": 85, "L;4": 17}.get(str(picture.tile[0].args) if picture.tile else "", 1)
    if scale > 1 and "transparency" in picture.info:
        picture.info["transparency"] *= scale


def _read_exif(picture: "ImageFile", notes: list[str], *, turned: bool) -> tuple[bytes, int]:
    """Give EXIF data that is true of the upright picture, and how the decoded one has to turn."""
    orientation = 1
    try:
        exif = picture.getexif()
        if exif.get(_ORIENTATION) in range(1, 9):
            orientation = exif[_ORIENTATION]
        if turned or orientation > 4:
            _turn_exif(exif, picture.size if turned else picture.size[::-1])
        for tag in _LAYOUT.intersection(exif):
            del exif[tag]
        if _ORIENTATION in exif:
            exif[_ORIENTATION] = 1
        exif.bigtiff = False
        return (exif.tobytes() if len(exif) else b""), orientation
    except Exception as error:  # damage there must not cost the picture
        notes.append(f"has EXIF data that cannot be read and is left out: {_reason(error)}")
        return b"", orientation


def _turn_exif(exif: "Exif", size: tuple[int, int]) -> None:
    """Make EXIF data true of a picture that was turned on its side and now has `size`."""
    if _X_RESOLUTION in exif and _Y_RESOLUTION in exif:
        exif[_X_RESOLUTION], exif[_Y_RESOLUTION] = exif[_Y_RESOLUTION], exif[_X_RESOLUTION]
    if _EXIF in exif:
        # `tobytes` writes the very dict.
        exif.get_ifd(_EXIF).update(zip((_PIXEL_WIDTH, _PIXEL_HEIGHT), size, strict=True))


def _sane_dpi(dpi: Any) -> _Dpi:
    """Give a resolution that every format can hold, or None; 1 stands for "unknown" in files."""
    if not isinstance(dpi, tuple) or not all(1 < value <= 65535 for value in dpi):
        return None
    return round(float(dpi[0]), 2), round(float(dpi[1]), 2)


def _pixels(picture: "ImageFile", orientation: int) -> NDArray[np.uint8]:
    """Copy a decoded picture into an upright array, in strips: no second copy of the whole."""
    mode = _BASES[picture.mode]
    if picture.mode in ("P", "PA"):
        palette = np.reshape(picture.getpalette() or [], (-1, 3))
        mode = "L" if (palette == palette[:, :1]).all() else "RGB"
    mode += "A" * picture.has_transparency_data
    width, height = picture.size
    swap = orientation > 4
    shape = (width, height) if swap else (height, width)
    upright = np.empty(shape if mode == "L" else (*shape, len(mode)), np.uint8)
    stored = upright.swapaxes(0, 1) if swap else upright
    stored = stored[:: -1 if orientation in (3, 4, 6, 7) else 1]
    stored = stored[:, :: -1 if orientation in (2, 3, 7, 8) else 1]
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        strip = picture.crop((0, top, width, min(top + rows, height)))
        stored[top : top + rows] = np.asarray(strip if strip.mode == mode else strip.convert(mode))
    return upright


def _note_pages(picture: "ImageFile", notes: list[str]) -> None:
    """Note how many pages a file has; done last, as counting leaves the first page."""
    if getattr(picture, "is_animated", False):
        try:
            pages = getattr(picture, "n_frames", 1)
        except Exception:  # a page that is not read may be of a kind that Pillow does not know
            pages = "several"
        notes.append(f"holds {pages} pages: only the first is read")


def _check_fits(image: NDArray[np.uint8], name: str, kind: str) -> None:
    """Refuse a picture that the format would change or cannot hold."""
    if image.dtype != np.uint8:
        raise ImageTypeError(f"image must be uint8 to be written, not {image.dtype}: convert it")
    if image.ndim == 3 and image.shape[2] in (2, 4) and not can_hold_alpha(kind):
        raise FileError(
            f"cannot write {name!r}: {kind} holds no transparency; choose .png, .webp or .tif"
        )
    limit = _MAX_SIDE.get(kind)
    if limit and max(image.shape[:2]) > limit:
        raise FileError(
            f"cannot write {name!r}: {kind} holds at most {limit} pixels a side, and the picture "
            f"is {image.shape[1]} x {image.shape[0]}; choose .png or .tif"
        )


def _encode(image: NDArray[np.uint8], kind: str, data: bytes, dpi: _Dpi) -> memoryview:
    """Give the bytes of a picture file."""
    from PIL import Image

    options = _OPTIONS[kind] | {"exif": data} | ({"dpi": dpi} if dpi else {})
    if kind == "TIFF":
        options["exif"] = exif = Image.Exif()
        exif.load(data)
        # Pillow fails to write the Exif and GPS directories into a compressed file.
        if _EXIF in exif or _GPS in exif:
            del options["compression"]
        else:
            exif[_PREDICTOR] = 2
    # In memory: on a full disk, Pillow loses the end of JPEG, BMP and plain TIFF without an error.
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **options)
    return stream.getbuffer()
