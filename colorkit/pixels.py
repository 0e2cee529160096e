"""Images as people have them to lightness and alpha, and colours back into the same form."""

import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit import lab
from colorkit.errors import ImageTypeError, ImageValueError
from colorkit.resize import Enlarged
from colorkit.strips import each_strip

if TYPE_CHECKING:
    from PIL.Image import Image

Array = NDArray[np.float32]

TOLERANCE = 1e-3
"""How far floats may lie outside [0, 1]: what resampling and rounding leave behind."""

SAMPLE = 2**20
"""About how many pixels of a large image `has_colour` looks at."""

CHANNELS = {2: "gray and alpha", 3: "RGB", 4: "RGB and alpha"}


@dataclass(frozen=True, eq=False)
class Pixels:
    """An image taken apart, and how to give it back.

    Attributes
    ----------
    lightness : ndarray
        ``(H, W)`` float32, L* in 0..100.
    alpha : ndarray or None
        ``(H, W)`` in ``dtype``.
    dtype : dtype
        Of the result: the image's own, uint8 for bool.
    wrap : callable
        Turns the result's array into what the caller handed in: an array or a Pillow image.
    """

    lightness: Array
    alpha: NDArray[Any] | None
    dtype: np.dtype[Any]
    wrap: Callable[[NDArray[Any]], Any]

    def canvas(self) -> NDArray[Any]:
        """Room for the result, ``(H, W, 3)`` or ``(H, W, 4)``, with alpha in its place."""
        channels = 3 if self.alpha is None else 4
        canvas = np.empty((*self.lightness.shape, channels), self.dtype)
        if self.alpha is not None:
            canvas[..., 3] = self.alpha
        return canvas


def finish(picture: Pixels, layers: Sequence[Enlarged], threads: int) -> Any:
    """Lightness and the sum of colours, in the image's own form."""
    canvas = picture.canvas()

    def work(rows: slice) -> None:
        lightness = picture.lightness[rows]
        a, b = layers[0].rows(rows.start, lightness)
        for layer in layers[1:]:
            for plane, more in zip((a, b), layer.rows(rows.start, lightness), strict=True):
                plane += more
        for channel, linear in enumerate(lab.join(lightness, a, b)):
            canvas[rows, :, channel] = lab.encode(linear, canvas.dtype)

    height, width = picture.lightness.shape
    each_strip(work, height, width, threads)
    return picture.wrap(canvas)


def split(image: Any, threads: int = 1) -> Pixels:
    """Take an image apart.

    Parameters
    ----------
    image : array_like or PIL.Image.Image
        ``(H, W)`` or ``(H, W, 1)`` gray, ``(H, W, 2)`` gray and alpha, ``(H, W, 3)`` RGB,
        ``(H, W, 4)`` RGB and alpha; bool, uint8, uint16, or floats in [0, 1]; never written to.
    threads : int
        How many to use.

    Raises
    ------
    ImageTypeError
        For another type or dtype.
    ImageValueError
        For another shape, values outside the range, NaN, or masked pixels.
    """
    array = _taken(image)
    wrap = _pillow_wrapper(image) if _is_pillow(image) else _unchanged
    alpha = array[..., -1] if array.shape[2] in (2, 4) else None
    colour = array[..., : 1 if array.shape[2] < 3 else 3]
    return Pixels(_lightness(colour, threads), alpha, array.dtype, wrap)


def eight_bit(image: Any) -> NDArray[np.uint8]:
    """An image for the eye, ``(H, W, 1)`` to ``(H, W, 4)`` uint8.

    Parameters
    ----------
    image : array_like or PIL.Image.Image
        As for `split`; what that refuses is refused with the same errors.
    """
    array = _taken(image)
    if array.dtype.kind == "f":
        _check_range(array, array)
        array = np.rint(255 * np.clip(array, 0, 1))
    elif array.dtype.itemsize == 2:
        array = (array.astype(np.uint32) + 128) // 257
    return array.astype(np.uint8, copy=False)


def has_colour(image: NDArray[Any]) -> bool:
    """Tell whether more than one visible pixel in 1000 is more than tinted.

    Parameters
    ----------
    image : ndarray
        As for `split`; of a large one, a million pixels are looked at.
    """
    # Twelve scanned prints had no pixel of this spread, 400 colour photographs at least 7 % each.
    if image.ndim < 3 or image.shape[2] < 3:
        return False
    white = np.iinfo(image.dtype).max if image.dtype.kind in "iu" else 1
    step = max(1, math.isqrt(image.shape[0] * image.shape[1] // SAMPLE))
    sample = image[::step, ::step]
    red, green, blue = (sample[..., channel] for channel in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    coloured = highest > lowest + 24 * white / 255
    if image.shape[2] == 4:
        coloured &= sample[..., 3] > 0
    return bool(coloured.mean() > 0.001)


def from_pillow(image: "Image") -> NDArray[Any]:
    """A Pillow image as uint8 ``(H, W)`` to ``(H, W, 4)``, converted by its mode."""
    try:
        image.load()
    except Exception as error:  # each decoder raises its own
        raise ImageValueError(
            f"the Pillow image does not decode: {error}; open its file again, or repair it"
        ) from error
    mode = image.mode
    if mode.startswith("I;16"):
        raise ImageTypeError(
            f"Pillow has no 16-bit RGB to give back for an image of mode {mode!r}; pass "
            f"numpy.asarray(image), and a uint16 array comes back"
        )
    if mode in ("I", "F"):
        raise ImageTypeError(
            f"Pillow images of mode {mode!r} have no fixed white; divide numpy.asarray(image) by "
            f"its value, 65535 for example, and pass the floats in [0, 1]"
        )
    transparent = "transparency" in image.info or mode in ("LA", "La", "PA", "RGBA", "RGBa")
    gray = mode in ("1", "L", "LA", "La")
    target = ("LA" if transparent else "L") if gray else ("RGBA" if transparent else "RGB")
    # Premultiplied La converts to LA alone; every other mode converts to its target at once.
    return np.asarray(image if mode == target else image.convert(target))


def _taken(image: Any) -> NDArray[Any]:
    """``(H, W, 1)`` to ``(H, W, 4)`` of a dtype that is accepted; uint8 of bool."""
    array = from_pillow(image) if _is_pillow(image) else _as_array(image)
    _check_dtype(array)
    array = _with_channels(array)
    return array.astype(np.uint8) * np.uint8(255) if array.dtype == bool else array


def _is_pillow(image: Any) -> bool:
    pillow = sys.modules.get("PIL.Image")  # nobody can hand one in without having imported it
    return pillow is not None and isinstance(image, pillow.Image)


def _pillow_wrapper(image: "Image") -> Callable[[NDArray[Any]], "Image"]:
    from PIL import Image

    kept: dict[str | tuple[int, int], Any] = {
        key: image.info[key] for key in ("dpi", "exif") if key in image.info
    }

    def wrap(array: NDArray[Any]) -> Image.Image:
        result = Image.fromarray(array)
        result.info.update(kept)
        return result

    return wrap


def _unchanged(array: NDArray[Any]) -> NDArray[Any]:
    return array


def _as_array(image: Any) -> NDArray[Any]:
    # Without numpy.ma imported there is no masked array, and the import is slow.
    if "numpy.ma" in sys.modules and np.ma.is_masked(image):
        masked = np.count_nonzero(np.ma.getmaskarray(image))
        raise ImageValueError(
            f"image has {masked} masked values, which have no lightness; fill them first, with "
            f"image.filled(0) for example"
        )
    if isinstance(image, str | bytes | os.PathLike):
        raise ImageTypeError(
            f"image must be an array or a Pillow image; received {image!r:.60}. To colour a "
            f"file, use the command 'colorkit colorize' or read it first, with imageio for example"
        )
    try:
        array = np.asarray(image)
    except Exception as error:  # __array__ is the caller's code
        raise ImageTypeError(
            f"image must be an array or a Pillow image; received {type(image).__name__}, which "
            f"does not convert: {error}"
        ) from error
    if array.ndim == 0:
        raise ImageTypeError(f"image must be an array or a Pillow image; received {image!r:.60}")
    return array


def _check_dtype(array: NDArray[Any]) -> None:
    dtype = array.dtype
    if dtype.kind == "b" or (dtype.kind == "u" and dtype.itemsize <= 2):
        return
    if dtype.kind == "f" and dtype.itemsize <= 8:
        return
    if dtype.kind in "iu":
        remedy = (
            "whole numbers of that kind have no fixed white; convert with astype(numpy.uint8) for "
            "values up to 255, or astype(numpy.uint16) for values up to 65535"
        )
    elif dtype.kind == "O":
        remedy = "an array of objects holds no pixels; check that all rows have one length"
    elif dtype.kind == "f":
        remedy = "convert with astype(numpy.float64)"
    else:
        remedy = "it holds no lightness; pass bool, uint8, uint16, or floats in [0, 1]"
    raise ImageTypeError(f"image has the dtype {dtype}: {remedy}")


def _with_channels(array: NDArray[Any]) -> NDArray[Any]:
    """``(H, W, 1)`` to ``(H, W, 4)``."""
    shape = array.shape
    if array.ndim not in (2, 3):
        remedy = (
            "Give the values their rows with reshape(height, width)"
            if array.ndim < 2
            else "Colour the pictures of a stack one by one, with Colorizer.map"
        )
        raise ImageValueError(
            f"image must have the shape (H, W) or (H, W, channels); received {shape}. {remedy}"
        )
    if array.size == 0:
        raise ImageValueError(f"image is empty: its shape is {shape}")
    if array.ndim == 2:
        return array[..., None]
    if shape[2] > 4:
        raise ImageValueError(
            f"image has {shape[2]} channels: its shape is {shape}; 1 is gray, "
            + ", ".join(f"{count} is {meaning}" for count, meaning in CHANNELS.items())
            + ". Channels come last"
        )
    return array


def _lightness(colour: NDArray[Any], threads: int) -> Array:
    """L* ``(H, W)`` of gray ``(H, W, 1)`` or RGB ``(H, W, 3)``."""
    height, width, _ = colour.shape
    convert = _converter(colour)
    out = np.empty((height, width), np.float32)

    def work(rows: slice) -> None:
        out[rows] = convert(colour[rows])

    each_strip(work, height, width, threads)
    return out


def _converter(colour: NDArray[Any]) -> Callable[[NDArray[Any]], Array]:
    """From strips of an image to L*."""
    if colour.dtype.kind == "f":
        return lambda strip: _lightness_of_floats(strip, colour)
    levels = 256**colour.dtype.itemsize
    if colour.shape[2] == 1:
        lightness = lab.lightness_table(levels)
        return lambda strip: np.take(lightness, strip[..., 0], mode="clip")  # unchecked is faster
    linear = lab.linear_table(levels)
    return lambda strip: lab.lightness(lab.luminance(np.take(linear, strip, mode="clip")))


def _lightness_of_floats(strip: NDArray[Any], image: NDArray[Any]) -> Array:
    _check_range(strip, image)
    code = np.clip(strip, 0, 1).astype(np.float32)
    linear = lab.srgb_to_linear(code)
    light = linear[..., 0] if strip.shape[2] == 1 else lab.luminance(linear)
    return lab.lightness(light)


def _check_range(strip: NDArray[Any], image: NDArray[Any]) -> None:
    if not (strip.min() >= -TOLERANCE and strip.max() <= 1 + TOLERANCE):  # NaN compares false
        raise _out_of_range(image)


def _out_of_range(image: NDArray[Any]) -> ImageValueError:
    broken = image.size - np.count_nonzero(np.isfinite(image))
    if broken:
        return ImageValueError(
            f"image holds NaN or infinity in {broken} places; replace them first, with "
            f"numpy.nan_to_num for example"
        )
    return ImageValueError(
        f"floats must lie in [0, 1]; received {image.min():.6g} to {image.max():.6g}. Divide by "
        f"the value of white, 255 or 65535 for example"
    )
