"""sRGB and CIE L*a*b*: the conversions, and the join that keeps lightness exact.

White is D65, seen by the 2-degree observer; the numbers are those of scikit-image, so that both
agree.
"""

from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = TypeVar("Float", bound=np.floating[Any])
Array = NDArray[np.float32]

XYZ_FROM_RGB = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
"""Linear sRGB to CIE XYZ (ITU-R BT.709 primaries). The luminance row sums to 1."""

RGB_FROM_XYZ = np.linalg.inv(XYZ_FROM_RGB)
WHITE = np.array([0.95047, 1.0, 1.08883])
"""XYZ of D65."""

# CIE 15: f(t) is a cube root above (6/29)**3, and below it the line that continues it there. With
# scikit-image the line has three rounded decimals: exact ones would be 1.6e-4 away in a*.
_DARK = 0.008856
_DARK_F = 0.2068966
_SLOPE = 7.787
_CODES = 2**16  # steps of linear light in the encoding table: 0.025 of an 8-bit level at worst


def srgb_to_linear(code: NDArray[Float]) -> NDArray[Float]:
    """Code values in [0, 1] to linear light in [0, 1] (IEC 61966-2-1)."""
    return np.where(code > 0.04045, ((code + 0.055) / 1.055) ** 2.4, code / 12.92)


def linear_to_srgb(linear: NDArray[Float]) -> NDArray[Float]:
    """Linear light in [0, 1] to code values in [0, 1] (IEC 61966-2-1)."""
    bright = np.maximum(linear, 0.0031308)
    return np.where(linear > 0.0031308, 1.055 * bright ** (1 / 2.4) - 0.055, 12.92 * linear)


def lightness(luminance: NDArray[Float]) -> NDArray[Float]:
    """L* in 0..100 of a luminance in [0, 1] (CIE 15)."""
    return 116 * _f(luminance) - 16


def luminance(rgb: NDArray[Float]) -> NDArray[Float]:
    """Luminance of linear RGB ``(..., 3)``."""
    light: NDArray[Float] = rgb @ XYZ_FROM_RGB[1].astype(rgb.dtype)
    return light


def rgb_to_lab(rgb: ArrayLike) -> NDArray[Any]:
    """Code values ``(..., 3)`` of sRGB in [0, 1] to L* in 0..100 and ab in Lab units, ``(..., 3)``.

    Float32 for float32, else float64.
    """
    code = np.asarray(rgb)
    # In float32, rounding alone would move a* by 1e-4.
    xyz = srgb_to_linear(code.astype(np.float64)) @ (XYZ_FROM_RGB.T / WHITE)
    x, y, z = np.moveaxis(_f(xyz), -1, 0)
    lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    return lab.astype(np.float32 if code.dtype == np.float32 else np.float64, copy=False)


def lab_to_rgb(lab: ArrayLike) -> NDArray[np.float32]:
    """L*a*b* ``(..., 3)`` to sRGB ``(..., 3)`` float32 in [0, 1], of exactly that lightness.

    A colour outside the gamut is pulled towards the gray of its own luminance (`join`).
    """
    colours = np.asarray(lab, np.float32)
    linear = np.stack(join(*colours.reshape(-1, 3).T), axis=-1)
    return encode(linear, np.dtype(np.float32)).reshape(colours.shape)


def join(lightness: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Linear RGB of exactly the given lightness.

    Where a channel would leave [0, 1], the pixel is pulled towards the gray of the same luminance,
    in linear light, until it fits. Luminance is linear there, so that L* does not move; hue (in
    Lab) turns by at most 0.7 degrees for a percent of chroma beyond the gamut; nothing is clipped
    per channel.

    Parameters
    ----------
    lightness : ndarray
        L* in 0..100, float32, of any shape but ``()``.
    a, b : ndarray
        Lab units, same shape.

    Returns
    -------
    tuple of ndarray
        Red, green, blue in [0, 1] up to rounding, linear light, same shape.
    """
    # In C order, whatever comes in: below, each plane is seen as one row.
    fy = np.multiply(lightness, np.float32(1 / 116), order="C")
    fy += np.float32(16 / 116)
    x = _cube(np.multiply(a, np.float32(1 / 500), order="C") + fy)
    z = _cube(np.multiply(b, np.float32(-1 / 200), order="C") + fy)
    y = _cube(fy)
    # What a colour adds to the gray of its luminance; the offsets have no luminance themselves.
    red, green, blue = (_weighted(x, y, z, row) for row in RGB_FROM_XYZ * WHITE - [0, 1, 0])
    for channel in (red, green, blue):
        channel += y
    pull_into_gamut(y, (red, green, blue))
    return red, green, blue


def _weighted(x: Array, y: Array, z: Array, weights: NDArray[np.float64]) -> Array:
    wx, wy, wz = weights.astype(np.float32)
    total: Array = x * wx
    total += y * wy
    total += z * wz
    return total


def pull_into_gamut(gray: Array, channels: tuple[Array, Array, Array]) -> None:
    """Move colours beyond [0, 1] towards the gray of their luminance, as little as will do."""
    highest = np.maximum(np.maximum(channels[0], channels[1]), channels[2])
    lowest = np.minimum(np.minimum(channels[0], channels[1]), channels[2])
    outside = np.flatnonzero((highest > 1) | (lowest < 0))
    if not len(outside):
        return
    centre = gray.take(outside)
    tiny = np.float32(1e-12)
    above = (1 - centre) / np.maximum(highest.take(outside) - centre, tiny)
    below = centre / np.maximum(centre - lowest.take(outside), tiny)
    share = np.minimum(np.minimum(above, below), np.float32(1))
    for channel in channels:
        flat = channel.reshape(-1)
        flat[outside] = centre + share * (flat[outside] - centre)


def encode(linear: Array, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Linear light in [0, 1] to sRGB code values: uint8, uint16, or a floating dtype in [0, 1]."""
    if dtype == np.uint8:
        steps = np.multiply(linear, np.float32(_CODES - 1))
        steps += np.float32(0.5)
        return np.take(_encoding_table(), steps.astype(np.uint16), mode="clip")
    code = linear_to_srgb(np.clip(linear, 0, 1))
    if dtype.kind == "f":
        return code.astype(dtype)
    return np.rint(code * np.iinfo(dtype).max).astype(dtype)


@cache
def _encoding_table() -> NDArray[np.uint8]:
    return np.rint(255 * linear_to_srgb(np.arange(_CODES) / (_CODES - 1))).astype(np.uint8)


@cache
def linear_table(levels: int) -> Array:
    """Linear light of every code value of an integer image with that many levels, float32."""
    return srgb_to_linear(np.arange(levels) / (levels - 1)).astype(np.float32)


@cache
def lightness_table(levels: int) -> Array:
    """L* of every gray of an integer image with that many levels, float32."""
    return lightness(srgb_to_linear(np.arange(levels) / (levels - 1))).astype(np.float32)


def _f(t: NDArray[Float]) -> NDArray[Float]:
    return np.where(t > _DARK, np.cbrt(t), _SLOPE * t + 16 / 116)


def _cube(t: Array) -> Array:
    """The inverse of `_f`."""
    cubed = t * t
    cubed *= t
    dark = t <= _DARK_F
    if dark.any():
        np.copyto(cubed, (t - np.float32(16 / 116)) * np.float32(1 / _SLOPE), where=dark)
    return cubed
