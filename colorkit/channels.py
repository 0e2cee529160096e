"""Arrays as scikit-image has them: floats by dtype, channels along an axis."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from colorkit.errors import ImageValueError, OptionError
from colorkit.pixels import TOLERANCE

Array = NDArray[np.floating[Any]]
Axis = int | tuple[int]


def picture(image: ArrayLike, axis: Axis | None) -> Array:
    """Code values ``(M, N, 1)`` or ``(M, N, 3)`` of one image, as `channels` gives them."""
    code = channels(image, axis, 1, 3)
    if code.ndim != 3:
        raise ImageValueError(
            f"image must be (M, N), or (M, N, C) with channel_axis; received the shape "
            f"{np.shape(image)} with channel_axis={axis!r}. Colour the images of a stack singly"
        )
    return code


def channels(image: ArrayLike, axis: Axis | None, *counts: int) -> Array:
    """Code values of an image, channels last.

    Parameters
    ----------
    image : array_like
        As for `code_values`.
    axis : int or None
        Where its channels are; None for an image without, which gets an axis of one channel.
    counts : int
        How many channels are allowed.
    """
    code = code_values(image)
    last = code[..., None] if axis is None else channels_last(code, axis)
    if last.shape[-1] not in counts:
        raise ImageValueError(
            f"image must have size {' or '.join(map(str, counts))} along channel_axis={axis!r}; "
            f"received the shape {code.shape}. Alpha is not dropped: skimage.color.rgba2rgb blends "
            f"it, image[..., :3] leaves it out, colorkit.colorize keeps it"
        )
    return last


def code_values(image: ArrayLike) -> Array:
    """Values in [0, 1], scaled by dtype as `skimage.util.img_as_float` does.

    Parameters
    ----------
    image : array_like
        bool, int8, uint8, int16, uint16, or floats in [0, 1]; no negative ones. Wider whole numbers
        would nearly always come out black, and are refused.
    """
    code, dtype = floats(image), np.asarray(image).dtype
    if dtype.kind in "iu":
        if dtype.itemsize > 2:
            raise ImageValueError(
                f"image has the dtype {dtype}, whose white is {np.iinfo(dtype).max}; use "
                f"astype(numpy.uint8) for values up to 255, or skimage.util.img_as_float"
            )
        code = code / np.iinfo(dtype).max
    if not (code.min(initial=0) >= -TOLERANCE and code.max(initial=1) <= 1 + TOLERANCE):
        raise ImageValueError(
            f"image must lie in [0, 1], without NaN; received {code.min():.6g} to "
            f"{code.max():.6g}, scaled by dtype. Divide floats by the value of white, 255 for "
            f"example"
        )
    return np.clip(code, 0, 1)


def floats(array: ArrayLike) -> Array:
    """Float32 of float16 and float32, float64 of all other real numbers."""
    if np.ma.is_masked(array):
        raise ImageValueError("the array has masked values; fill them first, with array.filled(0)")
    given = np.asarray(array)
    if given.dtype.kind not in "biuf":
        raise ImageValueError(f"dtype must be of real numbers; received {given.dtype}")
    single = given.dtype.kind == "f" and given.dtype.itemsize <= 4
    return given.astype(np.float32 if single else np.float64, copy=False)


def channels_last(array: Array, axis: Axis) -> Array:
    """A view with that axis last."""
    try:
        return np.moveaxis(array, axis, -1)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"channel_axis must be one axis of the shape {array.shape}; received {axis!r}"
        ) from error


def channels_back(array: Array, axis: Axis | None) -> Array:
    """A view with the last axis moved where `channels_last` took it from."""
    return array if axis is None else np.moveaxis(array, -1, axis)
