"""Picture files that Pillow writes: JPEG, WebP, AVIF, BMP."""

import io
import struct
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import IO, Any

from colorkit.files import profiles
from colorkit.files.metadata import photoshop_block, with_resolution
from colorkit.files.photo import Photo

_OPTIONS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "JPEG": {"quality": 95, "subsampling": 0},
        # Lossy WebP always halves the resolution of colour, which is what we add; `exact` keeps
        # the colour under full transparency.
        "WEBP": {"lossless": True, "quality": 20, "method": 1, "exact": True},
        "AVIF": {"quality": 90, "subsampling": "4:4:4", "speed": 8},
        "BMP": {},
    }
)


def save(stream: IO[bytes], photos: Iterator[Photo], format: str) -> None:
    """Write a picture, or the frames of an animated WebP or AVIF."""
    from PIL import Image

    first = next(photos)
    options = dict(_OPTIONS[format]) | _beside(first, format)
    if format == "AVIF" and first.image.shape[2:] in ((2,), (4,)):
        options["quality"] = 100  # below, alpha would lose as well
    if rest := list(photos):
        options |= {
            "save_all": True,
            "append_images": [Image.fromarray(photo.image) for photo in rest],
            "duration": [round(photo.shown_for) for photo in (first, *rest)],
            "loop": first.runs,
        }
    # In memory: on a full disk, Pillow loses the end of JPEG and BMP files without an error.
    whole = io.BytesIO()
    Image.fromarray(first.image).save(whole, format, **options)
    stream.write(whole.getbuffer())


def _beside(photo: Photo, format: str) -> dict[str, Any]:
    """Metadata as Pillow's options."""
    options: dict[str, Any] = {"dpi": photo.dpi} if photo.dpi else {}
    for name in ("exif", "xmp", "comment"):
        if value := getattr(photo, name):
            options[name] = value
    if photo.dpi and format in ("WEBP", "AVIF"):
        options["exif"] = with_resolution(photo.exif, photo.dpi)
    if format == "JPEG" and photo.iptc:
        block = b"Photoshop 3.0\0" + photoshop_block(photo.iptc)
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    if profile := profiles.embedded(photo.image):
        options["icc_profile"] = profile
    return options
