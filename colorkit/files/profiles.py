"""Colour profiles applied: what the numbers in a picture mean, as sRGB."""

import io
import struct
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import lab
from colorkit.files.icc import Curve, Profile

Array = NDArray[Any]
Convert = Callable[[Array], Array]

# A profile is taken for sRGB if it moves no gray by more than half of an 8-bit level, and no
# channel of a colour by more than one, in linear light.
_HALF_LEVEL, _LEVEL_OF_LIGHT = 0.5 / 255, 1 / 255

# Linear sRGB to CIE XYZ relative to D50, which is what profiles speak of.
_D50_FROM_RGB = (
    (0.4360747, 0.3850649, 0.1430804),
    (0.2225045, 0.7168786, 0.0606169),
    (0.0139322, 0.0971045, 0.7141733),
)


def to_srgb(profile: bytes | None, mode: str, dtype: np.dtype[Any], notes: list[str]) -> Convert:
    """What turns pixels of that mode into gray or RGB as sRGB has them; alpha stays.

    Curves and matrices are worked out here, in the depth of the picture; tables, as for printing
    inks, by LittleCMS, in 8 bits. A profile that is damaged or does not fit is left out with a
    note.
    """
    if mode == "LAB":  # says what its numbers mean by itself
        return _by_littlecms(None, mode)
    if profile:
        try:
            return _of_profile(Profile(profile), mode.removesuffix("A"), dtype)
        except Exception as error:  # hostile bytes
            notes.append(f"has a colour profile that is left out: {error}")
    return _plain_ink if mode == "CMYK" else _unchanged


def _of_profile(profile: Profile, mode: str, dtype: np.dtype[Any]) -> Convert:
    if profile.kind not in {"L": ("GRAY", "RGB")}.get(mode, (mode,)):
        raise ValueError(f"it is for {profile.kind}, which the picture is not")
    if profile.kind == "GRAY":
        return _unless_alike(partial(_gray, profile.gray_curve()), 1, dtype)
    if profile.has_matrix:
        curves, matrix = profile.curves(), profile.matrix()
        if mode == "L":  # of equal parts red, green and blue the matrix makes gray
            return _unless_alike(partial(_gray, curves[1]), 1, dtype)
        return _unless_alike(partial(_colour, curves, matrix), 3, dtype)
    if mode == "L" or dtype != np.uint8:
        raise ValueError("it consists of tables, which are for 8-bit colour only")
    return _by_littlecms(profile.data, mode)


def _unless_alike(
    make: Callable[[np.dtype[Any]], Convert], channels: int, dtype: np.dtype[Any]
) -> Convert:
    """A conversion for a dtype; none where it hardly differs from sRGB."""
    steps = np.linspace(0, 1, 9, dtype=np.float32)
    samples = np.stack(np.meshgrid(*[steps] * channels), axis=-1).reshape(1, -1, channels)
    moved = make(samples.dtype)(samples)
    neutral = np.ptp(samples, axis=-1) == 0
    light = lab.srgb_to_linear(moved) - lab.srgb_to_linear(samples)
    grays = (moved - samples)[neutral]
    alike = np.abs(grays).max() <= _HALF_LEVEL and np.abs(light).max() <= _LEVEL_OF_LIGHT
    return _unchanged if alike else make(dtype)


def _unchanged(image: Array) -> Array:
    return image


def _gray(curve: Curve, dtype: np.dtype[Any]) -> Convert:
    def through(code: Array) -> Array:
        return lab.encode(_light(curve, code), dtype)

    return _beside_alpha(_by_value(through, dtype), 1)


def _colour(curves: tuple[Curve, Curve, Curve], matrix: Array, dtype: np.dtype[Any]) -> Convert:
    weights = (np.linalg.inv(_D50_FROM_RGB) @ matrix).astype(np.float32)
    to_light = [_by_value(partial(_light, curve), dtype) for curve in curves]

    def through(rgb: Array) -> Array:
        light = np.stack([to_light[i](rgb[..., i]) for i in range(3)], axis=-1) @ weights.T
        red, green, blue = (np.ascontiguousarray(light[..., i]) for i in range(3))
        # What sRGB cannot show keeps its luminance.
        lab.pull_into_gamut(np.clip(lab.luminance(light), 0, 1), (red, green, blue))
        return np.stack([lab.encode(plane, dtype) for plane in (red, green, blue)], axis=-1)

    return _beside_alpha(through, 3)


def _light(curve: Curve, code: Array) -> NDArray[np.float32]:
    with np.errstate(all="ignore"):  # a stranger's numbers
        light: NDArray[np.float32] = np.nan_to_num(curve(code)).clip(0, 1).astype(np.float32)
    return light


def _by_value(through: Convert, dtype: np.dtype[Any]) -> Convert:
    """The same for codes of a dtype: a table, where it is of whole numbers."""
    if dtype.kind == "f":
        return through
    table = through(np.linspace(0, 1, np.iinfo(dtype).max + 1))
    return lambda codes: np.take(table, codes)


def _beside_alpha(convert: Convert, channels: int) -> Convert:
    """Convert the first channels, or the only one, and keep what is behind them."""

    def converted(image: Array) -> Array:
        if image.ndim == 2:
            return convert(image)
        colour = convert(image[..., 0])[..., None] if channels == 1 else convert(image[..., :3])
        return np.concatenate([colour, image[..., channels:]], axis=-1)

    return converted


def _by_littlecms(profile: bytes | None, mode: str) -> Convert:
    """By LittleCMS, from a profile or from CIELAB."""
    from PIL import Image, ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else None
    transform = ImageCms.buildTransform(
        source or ImageCms.createProfile("LAB"),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )

    def through(image: Array) -> Array:
        picture = Image.frombytes(mode, image.shape[1::-1], image.tobytes())
        return np.asarray(ImageCms.applyTransform(picture, transform))

    return through if mode != "RGB" else _beside_alpha(through, 3)


def _plain_ink(image: Array) -> Array:
    """Each ink as what it takes from the light, where no profile says better."""
    from PIL import Image

    picture = Image.frombytes("CMYK", image.shape[1::-1], image.tobytes())
    return np.asarray(picture.convert("RGB"))


def embedded(image: Array) -> bytes:
    """The profile that goes into a file with an image; none with gray."""
    return _srgb() if image.ndim == 3 and image.shape[2] > 2 else b""


@cache
def _srgb() -> bytes:
    """The sRGB profile of LittleCMS, the same bytes every time."""
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)  # when it was made
    profile[84:100] = bytes(16)  # a checksum that may be left out
    return bytes(profile)
