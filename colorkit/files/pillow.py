"""Picture files that Pillow opens, page by page."""

from importlib import import_module
from typing import IO, TYPE_CHECKING

from colorkit.errors import FileError
from colorkit.files import metadata, raster
from colorkit.files.raster import Again
from colorkit.files.stored import Stored, check_size

if TYPE_CHECKING:
    from PIL.Image import Exif
    from PIL.ImageFile import ImageFile

_BITS, _PLANES = 258, 284


class PillowFile:
    """A picture file that Pillow decodes, by the one decoder that its signature names."""

    def __init__(self, stream: IO[bytes], stem: str) -> None:
        self.stream, self._stem = stream, stem
        self._picture = _open(stream, stem)
        _refuse_deep_planes(self._picture)
        self._depth = _depth(stream, stem)
        if stem == "Jpeg":
            metadata.extend_xmp(self._picture)
        self.format = str(self._picture.format)
        # Of some animated PNGs the first picture is for viewers that show no animations.
        self.first = int(getattr(self._picture, "default_image", False))

    @property
    def count(self) -> int:
        """How many pages there are."""
        return int(getattr(self._picture, "n_frames", 1))

    def page(self, number: int, max_pixels: int) -> Stored:
        """Decode a page of at most that many pixels."""
        picture = self._picture
        if picture.tell() != number:
            picture.seek(number)
            _refuse_deep_planes(picture)
        check_size(picture.size, max_pixels)
        stored = _decode(picture, self.stream, lambda raw: self._again(number, raw))
        if self._depth > 8 and not picture.mode.startswith("I;16"):
            stored.notes.append(raster.CUT.format(self._depth))
        return stored

    def xmp(self) -> bytes:
        """The XMP packet of the first page."""
        return metadata.read_xmp(_exif(self._picture, self.stream, []), self._picture.info)

    def _again(self, number: int, raw: str) -> "ImageFile":
        """Decode a page once more, by another raw mode."""
        place = self.stream.tell()
        again = _open(self.stream, self._stem)
        again.seek(number)
        raster.loaded(again, raw)
        self.stream.seek(place)
        return again


def _refuse_deep_planes(picture: "ImageFile") -> None:
    """Refuse what Pillow would take for something else."""
    tags = getattr(picture, "tag_v2", {})
    if tags.get(_PLANES, 1) != 1 and max(tags.get(_BITS, (1,))) > 8:
        raise SyntaxError("16 bits a channel, in planes of their own")


def _depth(stream: IO[bytes], stem: str) -> int:
    """Bits a channel of the formats of which Pillow gives 8 without a word; else 8."""
    place = stream.tell()
    stream.seek(0)
    head = stream.read(2**16)
    stream.seek(place)
    if stem == "Avif" and (at := head.find(b"av1C")) >= 0:
        return 10 if int.from_bytes(head[at + 6 : at + 7], "big") & 0x40 else 8
    if stem == "Jpeg2K" and (at := head.find(b"\xff\x4f\xff\x51")) >= 0:
        return int.from_bytes(head[at + 42 : at + 43], "big") % 128 + 1
    return 8


def _open(stream: IO[bytes], stem: str) -> "ImageFile":
    """Read a picture's header."""
    from PIL import Image

    stream.seek(0)
    # Not Image.open: it checks the size against a limit of the whole process, by warning or
    # error, before anybody can ask for the size. The limit on pixels here is an argument.
    decoder = getattr(import_module(f"PIL.{stem}ImagePlugin"), f"{stem}ImageFile")
    try:
        picture: ImageFile = decoder(stream)
    except Image.DecompressionBombError as error:
        raise FileError(
            f"it is larger than Pillow decodes from {stem} ({error}); convert it to PNG or TIFF"
        ) from error
    return picture


def _decode(picture: "ImageFile", stream: IO[bytes], again: Again) -> Stored:
    """Decode a page, or refuse what has no fixed meaning."""
    tags = getattr(picture, "tag_v2", {})
    # Pillow turns a TIFF itself while it loads, and forgets that it did.
    sideways = tags.get(metadata.ORIENTATION, 1) in range(5, 9)
    notes = list[str]()
    mode, rows = raster.pixels(picture, tags, again, notes)
    exif = _exif(picture, stream, notes)
    return Stored(picture.size, mode, rows, exif, picture.info, sideways, notes)


def _exif(picture: "ImageFile", stream: IO[bytes], notes: list[str]) -> "Exif":
    from PIL import Image

    directory = getattr(picture, "tag_v2", None)
    try:
        exif = picture.getexif()
        if block := picture.info.get("exif"):
            metadata.check_complete(exif, block, notes)
        elif directory is not None and not exif.bigtiff:
            metadata.check_directory(exif, stream, directory._offset, notes)
    except Exception as error:  # damage there must not cost the picture
        notes.append(f"has EXIF data that cannot be read and is left out: {error}")
        return Image.Exif()
    return exif
