"""Pixels out of Pillow, strip by strip and in the depth that the file has."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from colorkit.errors import FileError
from colorkit.files.stored import Array, Rows, as_rows, in_range

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

Again = Callable[[str], "ImageFile"]
"""Gives a page once more, decoded by another raw mode."""

CUT = "holds {} bits a channel, of which 8 are read"

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 256, 257, 258, 262

# Pillow's modes with at most 8 bits a channel, and what they become.
_TARGETS = dict.fromkeys(("1", "L"), "L") | dict.fromkeys(("LA", "La"), "LA")
_TARGETS |= dict.fromkeys(("P", "RGB", "RGBX", "YCbCr"), "RGB")
_TARGETS |= dict.fromkeys(("PA", "RGBA", "RGBa"), "RGBA")
_TARGETS |= {"CMYK": "CMYK", "LAB": "LAB"}

# Of a 16-bit channel in colour Pillow keeps the high byte; in the other byte order, the low one.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def pixels(
    picture: "ImageFile", tags: Mapping[int, Any], again: Again, notes: list[str]
) -> tuple[str, Rows]:
    """What the channels of a page are, and its rows; refused if they have no fixed meaning."""
    raw = _raw_mode(picture)
    if picture.mode in ("RGB", "RGBA") and raw.startswith("LA;16"):
        return _gray_with_alpha(picture)
    if picture.mode in ("RGB", "RGBA") and ";16" in raw:
        return _deep_colour(picture, raw, again)
    if picture.mode in _TARGETS:
        return _shallow(picture, raw, notes)
    if picture.mode.startswith("I;16"):
        return _deep_gray(picture, tags)
    if picture.mode == "F":
        image = np.asarray(loaded(picture), np.float32)
        return "L", as_rows(in_range(1 - image if tags.get(_PHOTOMETRIC) == 0 else image))
    raise FileError(
        f"it holds {picture.mode} pixels, whole numbers that have no fixed white: convert it to "
        "16-bit gray first"
    )


def loaded(picture: "ImageFile", raw: str = "") -> "ImageFile":
    """Decode all pixels, by another raw mode if one is named."""
    from PIL import Image

    if tags := getattr(picture, "tag_v2", {}):
        # Memory that is already there keeps Pillow from checking the size again.
        picture.im = Image.new(picture.mode, (tags[_WIDTH], tags[_HEIGHT])).im
    if raw:
        picture.tile = [tile._replace(args=_with_raw_mode(tile.args, raw)) for tile in picture.tile]
    picture.load()
    return picture


def _raw_mode(picture: "ImageFile") -> str:
    args = picture.tile[0].args if picture.tile else ""
    return str(args[0] if isinstance(args, tuple) and args else args)


def _with_raw_mode(args: Any, raw: str) -> Any:
    return (raw, *args[1:]) if isinstance(args, tuple) else raw


def _strips(picture: "ImageFile", mode: str) -> Rows:
    """Strips of a decoded picture, converted: no second copy of the whole."""

    def rows(top: int, bottom: int) -> Array:
        strip: Image = picture.crop((0, top, picture.width, bottom))
        return np.asarray(strip if strip.mode == mode else strip.convert(mode))

    return rows


def _shallow(picture: "ImageFile", raw: str, notes: list[str]) -> tuple[str, Rows]:
    """Up to 8 bits a channel."""
    if ";16" in raw:
        notes.append(CUT.format(16))
    # Pillow widens 2-bit and 4-bit gray to 0..255 but not the value that is transparent.
    scale = {"L;2": 85, "L;4": 17}.get(raw, 1)
    if scale > 1 and "transparency" in picture.info:
        picture.info["transparency"] *= scale
    # CMYK in a JPEG is upside down where Adobe wrote it, which Pillow takes for granted.
    upright = picture.mode == "CMYK" and picture.format == "JPEG" and "adobe" not in picture.info
    loaded(picture, "CMYK" if upright else "")
    mode = _TARGETS[picture.mode]
    if picture.mode in ("P", "PA"):
        palette = np.reshape(picture.getpalette() or [], (-1, 3))
        gray = "L" if (palette == palette[:, :1]).all() else "RGB"
        mode = mode.replace("RGB", gray)
    palette_has_alpha = picture.palette is not None and picture.palette.mode.endswith("A")
    if mode in ("L", "RGB") and ("transparency" in picture.info or palette_has_alpha):
        mode += "A"
    return mode, _strips(picture, mode)


def _deep_gray(picture: "ImageFile", tags: Mapping[int, Any]) -> tuple[str, Rows]:
    strips = _strips(loaded(picture), picture.mode)
    twelve = tags.get(_BITS) == (12,)
    transparent = picture.info.get("transparency")

    def rows(top: int, bottom: int) -> Array:
        gray: Array = strips(top, bottom).astype(np.uint16)
        if twelve:
            gray = gray << 4 | gray >> 8
        if tags.get(_PHOTOMETRIC) == 0:
            gray = ~gray
        return gray if transparent is None else _with_alpha(gray[..., None], transparent)

    return "L" if transparent is None else "LA", rows


def _gray_with_alpha(picture: "ImageFile") -> tuple[str, Rows]:
    """Gray and alpha of 16 bits each: four bytes, which Pillow takes for RGBA."""
    strips = _strips(loaded(picture, "RGBA"), "RGBA")

    def rows(top: int, bottom: int) -> Array:
        return strips(top, bottom).view(">u2").astype(np.uint16)

    return "LA", rows


def _deep_colour(picture: "ImageFile", raw: str, again: Again) -> tuple[str, Rows]:
    """Colour of 16 bits: the high bytes decoded once, the low ones once more."""
    plain = raw.replace("RGBa", "RGBA")
    high = _strips(loaded(picture, plain), picture.mode)
    low = _strips(again(plain[:-1] + _OTHER_ORDER[plain[-1]]), picture.mode)
    transparent = picture.info.get("transparency")

    def rows(top: int, bottom: int) -> Array:
        image = high(top, bottom).astype(np.uint16) << 8 | low(top, bottom)
        if plain != raw:
            image = _divided(image)
        return image if transparent is None else _with_alpha(image, transparent)

    return picture.mode if transparent is None else "RGBA", rows


def _with_alpha(image: Array, transparent: Any) -> Array:
    """Alpha where a picture has the one value that is transparent."""
    clear = (image == np.asarray(transparent)).all(axis=-1, keepdims=True)
    return np.concatenate([image, np.where(clear, 0, 65535).astype(np.uint16)], axis=-1)


def _divided(image: Array) -> Array:
    """Colour that was multiplied by its alpha, divided by it again."""
    alpha = np.maximum(image[..., 3:], 1).astype(np.float64)
    image[..., :3] = np.minimum(np.rint(image[..., :3] / alpha * 65535), 65535)
    return image
