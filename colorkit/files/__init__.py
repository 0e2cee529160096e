"""Picture files: read with what travels beside the pixels, written whole or not at all."""

from colorkit.files.formats import (
    FORMATS,
    MAX_PIXELS,
    can_hold_alpha,
    is_picture,
    suffix_for,
    suffix_like,
)
from colorkit.files.photo import Photo
from colorkit.files.privacy import METADATA, reduce_metadata
from colorkit.files.reading import read, read_pages, read_xmp
from colorkit.files.writing import write, write_pages

__all__ = ["FORMATS", "MAX_PIXELS", "METADATA", "Photo", "can_hold_alpha", "is_picture", "read"]
__all__ += ["read_pages", "read_xmp", "reduce_metadata", "suffix_for", "suffix_like", "write"]
__all__ += ["write_pages"]
