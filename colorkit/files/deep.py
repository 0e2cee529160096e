"""TIFF files that Pillow does not open, by tifffile: float colour, 16-bit gray with alpha."""

from typing import IO, Any

import numpy as np

from colorkit.errors import FileError
from colorkit.files import metadata
from colorkit.files.stored import Array, Stored, as_rows, check_size, in_range

_REMEDY = "install what does, with pip install 'colorkit[tiff]'"
_WHITE_IS_ZERO, _PLANES = 0, 2
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


class TiffFile:
    """A TIFF file that tifffile decodes."""

    format = "TIFF"
    first = 0

    def __init__(self, stream: IO[bytes]) -> None:
        try:
            import tifffile
        except ImportError as error:
            raise FileError(
                f"it is a TIFF of a kind that Pillow does not read; {_REMEDY}"
            ) from error
        stream.seek(0)
        self.stream = stream
        self._file = tifffile.TiffFile(stream)

    @property
    def count(self) -> int:
        """How many pages there are."""
        return len(self._file.pages)

    def page(self, number: int, max_pixels: int) -> Stored:
        """Decode a page of at most that many pixels."""
        page: Any = self._file.pages[number]
        height, width, channels = page.imagelength, page.imagewidth, page.samplesperpixel
        check_size((width, height), max_pixels)
        colours = {0: 1, 1: 1, 2: 3}.get(page.photometric)
        if colours is None or channels not in (colours, colours + 1):
            raise FileError(
                f"it is a TIFF with {channels} channels of the kind {page.photometric!s}, which is "
                "not read: convert it to gray or RGB first"
            )
        image = _samples(page)
        if page.photometric == _WHITE_IS_ZERO:
            image = 1 - image if image.dtype == np.float32 else ~image
        exif = self._exif(page.offset)
        info = {"icc_profile": exif.get(metadata.ICC)}
        stored = Stored((width, height), _MODES[channels], as_rows(image), exif, info)
        if not exif.bigtiff:
            metadata.check_directory(exif, self.stream, page.offset, stored.notes)
        return stored

    def xmp(self) -> bytes:
        """The XMP packet of the first page."""
        return metadata.read_xmp(self._exif(self._file.pages[0].offset), {})

    def _exif(self, offset: int) -> Any:
        from PIL import Image

        exif = Image.Exif()
        exif.endian = self._file.byteorder
        exif.load_from_fp(self.stream, offset)
        return exif


def _samples(page: Any) -> Array:
    """The pixels of a page, channels last."""
    try:
        image: Array = page.asarray()
    except ValueError as error:
        if "imagecodecs" in str(error):
            raise FileError(f"{error}; {_REMEDY}") from error
        raise
    channels = page.samplesperpixel
    if page.planarconfig == _PLANES and channels > 1:
        image = np.moveaxis(image, 0, -1)
    shape = (page.imagelength, page.imagewidth, channels)
    return _in_depth(image.reshape(shape[: 3 if channels > 1 else 2]), page.bitspersample)


def _in_depth(image: Array, bits: Any) -> Array:
    """Samples of a TIFF as uint8, uint16 or float32."""
    if image.dtype.kind == "f":
        return in_range(image)
    if image.dtype.kind != "u" or image.dtype.itemsize > 2 or not isinstance(bits, int):
        raise FileError(
            f"it holds {image.dtype} pixels, which have no fixed white: convert it to 16 bits first"
        )
    if bits == 8 * image.dtype.itemsize:
        return image
    widened: Array = np.rint(image * (65535 / (2**bits - 1))).astype(np.uint16)
    return widened
