"""Small pictures of every kind, and what is in them."""

import struct
import zlib

import numpy as np
from PIL import ExifTags, Image

from colorkit.errors import FileError
from colorkit.files import FORMATS, read

SUFFIXES = (".jpg", ".png", ".tif", ".webp", ".bmp")
ORIENTATION = ExifTags.Base.Orientation

# What Pillow can store of each mode; the names are Pillow's.
STORABLE = {
    "1": ("PNG", "TIFF", "BMP"),
    "L": ("JPEG", "PNG", "TIFF", "BMP"),
    "LA": ("PNG", "TIFF"),
    "P": ("PNG", "TIFF", "BMP"),
    "PA": ("TIFF",),
    "RGB": ("JPEG", "PNG", "TIFF", "WEBP", "BMP"),
    "RGBA": ("PNG", "TIFF", "WEBP"),
    "RGBX": ("TIFF",),
    "YCbCr": ("TIFF",),
}
TARGETS = {"1": "L", "L": "L", "LA": "LA", "P": "RGB", "PA": "RGBA", "RGBA": "RGBA"}


def colours(height=9, width=13, channels=4, seed=0):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def picture(mode, height=9, width=13):
    """Make a Pillow picture of any mode from noise."""
    source = Image.fromarray(colours(height, width))
    if mode in ("P", "PA"):
        source = source.convert("RGB").quantize(16)
    if mode == "PA":
        source = source.convert("PA")
        source.putalpha(Image.fromarray(colours(height, width, 0)))
    return source.convert(mode if mode != "YCbCr" else "RGB").convert(mode)


def saved(folder, image, name, **options):
    path = folder / name
    image.save(path, FORMATS[path.suffix], **options)
    return path


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, *extra):
    """Make a PNG file from its unfiltered rows."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + pixels + chunk(b"IEND", b"")


def camera_exif(orientation=None):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Kodak"
    if orientation is not None:
        exif[ORIENTATION] = orientation
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.UserComment: b"ASCII\0\0\0grandmother",
        ExifTags.Base.ExifImageWidth: 13,
        ExifTags.Base.ExifImageHeight: 9,
    }
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N", 2: (52.0, 30.0, 1.5)}
    return exif


def exif_of(photo):
    exif = Image.Exif()
    exif.load(photo.exif)
    return exif


def sample(folder, suffix, channels=3):
    """Write a small picture with EXIF data, and give its path."""
    image = colours(24, 31, channels)
    return saved(folder, Image.fromarray(image), f"sample{suffix}", **sample_options(suffix))


def sample_options(suffix):
    return {} if suffix == ".bmp" else {"exif": camera_exif().tobytes()}


def check_read_or_refused(path):
    """Check that reading gives a photo, or a FileError that names the file."""
    try:
        photo = read(path)
    except FileError as error:
        refusal = str(error)
    else:
        assert photo.image.dtype == np.uint8
        return True
    assert repr(str(path)) in refusal
    return False
