"""Which file formats there are, and what each can hold."""

import os
from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

from colorkit.errors import OptionError

FORMATS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG")
    | {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP", ".bmp": "BMP"}
    | {".avif": "AVIF"}
)
"""The endings of file names that can be written, with Pillow's name of the format."""

STAND_INS: Mapping[str, str] = MappingProxyType(
    {".gif": ".webp"} | dict.fromkeys((".jp2", ".j2k", ".jpf", ".jpx", ".j2c"), ".png")
)
"""The endings of files that are only read, with the ending that their colours are written under."""

MAX_PIXELS = 250_000_000
"""The largest picture, in pixels, that `read` decodes unless told otherwise."""

MAX_SIDE: Mapping[str, int] = MappingProxyType({"JPEG": 65500, "WEBP": 16383, "AVIF": 65536})
"""The most pixels across or down, where a format has a limit."""

WITH_PAGES = frozenset({"PNG", "TIFF", "WEBP", "AVIF"})
"""Formats that are written with several pages or frames."""

DEEP = frozenset({"PNG", "TIFF"})
"""Formats that hold 16 bits a channel."""


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
    suffix = path.suffix.lower()
    return (suffix in FORMATS or suffix in STAND_INS) and not path.name.startswith("._")


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


def suffix_like(path: str | os.PathLike[str]) -> str:
    """Give the ending under which the colours of a picture file are written.

    Parameters
    ----------
    path : str or path-like
        Name of the picture file.

    Returns
    -------
    str
        Its own ending; for a file that is only read, that of a format which loses nothing.
    """
    suffix = PurePath(path).suffix
    return STAND_INS.get(suffix.lower(), suffix)
