"""What stands beside the pixels of a file: EXIF data, XMP packet, IPTC records, resolution."""

import io
import re
import struct
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Literal

from colorkit import xmp

if TYPE_CHECKING:
    from PIL.Image import Exif
    from PIL.ImageFile import ImageFile

ORIENTATION, EXIF, GPS, INTEROPERABILITY = 0x0112, 0x8769, 0x8825, 0xA005
XMP, IPTC, PHOTOSHOP, ICC = 700, 33723, 34377, 34675
_C2PA = 52545
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 0x011A, 0x011B, 0x0128
_INCHES, _CENTIMETRES = 2, 3
_COLOUR_SPACE, _PIXEL_WIDTH, _PIXEL_HEIGHT, _SRGB = 0xA001, 0xA002, 0xA003, 1

# Tags of a TIFF's first directory that lay out or sign the old file's pixels, or are read apart:
# they would be wrong in, or break, a file with other pixels.
_LAYOUT = frozenset(
    {*range(254, 267), 273, *range(277, 282), 284, *range(288, 294), 297, 301}
    | {*range(317, 348), *range(512, 531), 532, XMP, IPTC, PHOTOSHOP, ICC, 37724, _C2PA}
)

_IPTC_RESOURCE = 0x0404
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8]")
_MAX_BLOCK = 2**24
_MANIFEST = b"jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71"
"""How the content credentials of C2PA begin, whatever the format of the file around them."""


def read(
    exif: "Exif",
    info: Mapping[Any, Any],
    sideways: bool,
    size: tuple[int, int],
    notes: list[str],
) -> dict[str, Any]:
    """The fields of a `Photo` that are metadata, true of the upright picture of that size."""
    found: dict[str, Any] = {"comment": _comment(info)}
    try:
        dpi = _dpi(exif, info)
        found["dpi"] = dpi[::-1] if dpi and sideways else dpi
        found |= {"xmp": read_xmp(exif, info), "iptc": _iptc(exif, info)}
        found["exif"] = _exif(exif, size, sideways)
    except Exception as error:  # damage there must not cost the picture
        notes.append(f"has EXIF data that cannot be read and is left out: {error}")
    return found


def check_complete(exif: "Exif", block: bytes, notes: list[str]) -> None:
    """Say so if a part of an EXIF block was not read: Pillow leaves out what is damaged."""
    body = block.removeprefix(b"Exif\0\0")
    order: Literal["little", "big"] = "little" if body.startswith(b"II") else "big"
    check_directory(exif, io.BytesIO(body), int.from_bytes(body[4:8], order), notes)


def check_directory(exif: "Exif", stream: IO[bytes], place: int, notes: list[str]) -> None:
    """The same for EXIF data whose first directory is at a place in a file."""
    places: dict[Any, Container[int]] = {place: exif}
    places |= {exif[tag]: exif.get_ifd(tag) for tag in (EXIF, GPS) if tag in exif}
    form = f"{exif.endian}HHI4x"
    if not all(_has_all(found, stream, at, form) for at, found in places.items()):
        notes.append("has EXIF data of which a part cannot be read and is left out")


def _has_all(found: Container[int], stream: IO[bytes], place: Any, form: str) -> bool:
    """Whether all tags are found that a directory has something of."""
    if not isinstance(place, int) or place < 0:
        return False
    stream.seek(place)
    count = struct.unpack(form[:2], stream.read(2).ljust(2, b"\xff"))[0]
    entries = stream.read(12 * count)
    if len(entries) < 12 * count:
        return False
    tags = {tag for tag, _, length in struct.iter_unpack(form, entries) if length}
    return all(tag in found for tag in tags - {ORIENTATION})  # which Pillow takes away


def extend_xmp(jpeg: "ImageFile") -> None:
    """Join a JPEG's XMP packet with what stands in segments of its own."""
    packet: bytes = jpeg.info.get("xmp", b"")
    parts = {}
    for kind, segment in getattr(jpeg, "applist", []):
        if kind == "APP1" and segment.startswith(_EXTENSION):
            digest, at = segment[35:67], int.from_bytes(segment[71:75], "big")
            if digest in packet:
                parts[at] = segment[75:]
    if parts:
        with suppress(ValueError):  # a packet without the rest is better than none
            jpeg.info["xmp"] = xmp.joined(packet, b"".join(parts[at] for at in sorted(parts)))


def left_behind(stream: IO[bytes], format: str, packet: bytes) -> Iterator[str]:
    """What a file has, beside the XMP packet that was read of it, that travels nowhere."""
    if _holds(stream, _MANIFEST):
        yield "has content credentials (C2PA), which are left out: they vouch for the old pixels"
    if format == "JPEG" and b"HasExtendedXMP" in packet:
        yield "has more XMP than its packet, which is damaged and left out"


def _holds(stream: IO[bytes], words: bytes) -> bool:
    place, before = stream.tell(), b""
    stream.seek(0)
    while part := stream.read(2**20):
        if words in before + part:
            break
        before = part[-len(words) :]
    stream.seek(place)
    return bool(part)


def _exif(exif: "Exif", size: tuple[int, int], sideways: bool) -> bytes:
    """EXIF data that is true of the upright picture in sRGB."""
    if sideways:
        _turn(exif, size)
    if EXIF in exif and _COLOUR_SPACE in (details := exif.get_ifd(EXIF)):
        details[_COLOUR_SPACE] = _SRGB  # `tobytes` writes the very dict
    for tag in _LAYOUT.intersection(exif):
        del exif[tag]
    if ORIENTATION in exif:
        exif[ORIENTATION] = 1
    exif.bigtiff = False
    return exif.tobytes() if len(exif) else b""


def _turn(exif: "Exif", size: tuple[int, int]) -> None:
    """Make EXIF data true of a picture that was turned on its side and now has `size`."""
    if _X_RESOLUTION in exif and _Y_RESOLUTION in exif:
        exif[_X_RESOLUTION], exif[_Y_RESOLUTION] = exif[_Y_RESOLUTION], exif[_X_RESOLUTION]
    if EXIF in exif:
        exif.get_ifd(EXIF).update(zip((_PIXEL_WIDTH, _PIXEL_HEIGHT), size, strict=True))


def read_xmp(exif: "Exif", info: Mapping[Any, Any]) -> bytes:
    """The XMP packet of a picture that is upright now."""
    packet = _block(exif.get(XMP)) or _block(info.get("xmp"))
    packet = packet or _raw_profile(info.get("Raw profile type xmp"))
    return _XMP_ORIENTATION.sub(rb"\g<1>1", packet)


def _iptc(exif: "Exif", info: Mapping[Any, Any]) -> bytes:
    """The IPTC records: on their own, or in a Photoshop block."""
    value = exif.get(IPTC)
    if isinstance(value, tuple):  # some programs call them long integers
        value = struct.pack(f"{exif.endian}{len(value)}I", *value)
    photoshop = info.get("photoshop")
    if isinstance(photoshop, dict):
        value = value or photoshop.get(_IPTC_RESOURCE)
    value = value or _iptc_resource(_block(exif.get(PHOTOSHOP)))
    raw = _raw_profile(info.get("Raw profile type iptc"))
    return _block(value) or _iptc_resource(raw) or (raw if raw.startswith(b"\x1c") else b"")


def photoshop_block(iptc: bytes) -> bytes:
    """IPTC records as the Photoshop resource that JPEG and PNG files hold them in."""
    head = b"8BIM" + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(iptc))
    return head + iptc + b"\0" * (len(iptc) % 2)


def _iptc_resource(block: bytes) -> bytes:
    """The IPTC records in a row of Photoshop resources."""
    at = 0
    while block[at : at + 4] == b"8BIM" and len(block) >= at + 12:
        start = at + 6 + (block[at + 6] + 2) // 2 * 2
        length = int.from_bytes(block[start : start + 4], "big")
        if block[at + 4 : at + 6] == _IPTC_RESOURCE.to_bytes(2, "big"):
            return block[start + 4 : start + 4 + length]
        at = start + 4 + (length + 1) // 2 * 2
    return b""


def _raw_profile(text: Any) -> bytes:
    """A block that ImageMagick or ExifTool put into a PNG's text, in hexadecimal digits."""
    match = re.fullmatch(r"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)", str(text))
    return bytes.fromhex(match[1]) if match else b""


def _block(value: Any) -> bytes:
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, bytes) and len(value) <= _MAX_BLOCK else b""


def _dpi(exif: "Exif", info: Mapping[Any, Any]) -> tuple[float, float] | None:
    """A resolution that every format can hold, or None; 1 stands for "unknown" in files."""
    dpi = info.get("dpi")
    if dpi is None and exif.get(_UNIT) in (_INCHES, _CENTIMETRES):
        inch = 1 if exif[_UNIT] == _INCHES else 2.54
        dpi = tuple(exif.get(tag, 0) * inch for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    if not isinstance(dpi, tuple) or not all(1 < value <= 65535 for value in dpi):
        return None
    return round(float(dpi[0]), 2), round(float(dpi[1]), 2)


def with_resolution(data: bytes, dpi: tuple[float, float]) -> bytes:
    """EXIF data that holds the resolution, for formats that have no other place for it."""
    from PIL import Image

    exif = Image.Exif()
    exif.load(data)
    exif[_X_RESOLUTION], exif[_Y_RESOLUTION], exif[_UNIT] = *dpi, _INCHES
    return exif.tobytes()


def _comment(info: Mapping[Any, Any]) -> bytes:
    """The comment of a JPEG or GIF file, or of a PNG by that name."""
    comment = info.get("comment") or info.get("Comment") or b""
    return comment.encode() if isinstance(comment, str) else _block(comment)
