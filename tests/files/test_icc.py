"""Colour profiles, beside LittleCMS."""

import io

import iccs
import numpy as np
import pytest
from PIL import Image, ImageCms

from colorkit import lab
from colorkit.files import profiles
from colorkit.files.icc import Profile

CURVES = {
    "straight": b"curv\0\0\0\0\0\0\0\0",
    "gamma": iccs.gamma(1.5),
    "table": iccs.table(np.linspace(0, 1, 33) ** 1.7),
    "type 0": iccs.parametric(1.9),
    "type 1": iccs.parametric(2.0, 1.1, -0.1),
    "type 2": iccs.parametric(2.0, 0.9, 0.0, 0.1),
    "type 3": iccs.parametric(2.4, 0.948, 0.052, 0.0774, 0.0405),
    "type 4": iccs.parametric(2.0, 0.9, 0.05, 0.2, 0.1, 0.05, 0.01),
}


def by_littlecms(picture, profile):
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(picture, source, srgb, 1, "RGB")).astype(int)


def converted(image, profile):
    notes = []
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[np.atleast_3d(image).shape[2]]
    result = profiles.to_srgb(profile, mode, image.dtype, notes)(image)
    assert not notes
    return result


@pytest.mark.parametrize("name", CURVES)
def test_curves(name):
    """A curve of each kind is what LittleCMS makes of it, within one 8-bit level."""
    gray = np.arange(256, dtype=np.uint8)[None]
    profile = iccs.gray(CURVES[name])
    expected = by_littlecms(Image.fromarray(gray), profile)[..., 1]
    apart = np.abs(converted(gray, profile).astype(int) - expected)
    assert apart[0, 40:216].max() <= 1  # at the ends LittleCMS mends white, and rounds near black


@pytest.mark.parametrize("matrix", [iccs.ADOBE_RGB, iccs.PROPHOTO, iccs.DISPLAY_P3])
def test_matrices(matrix):
    """What sRGB can show is what LittleCMS makes of it, within one 8-bit level."""
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    profile = iccs.rgb(matrix, iccs.gamma(2.0))
    expected = by_littlecms(Image.fromarray(image), profile)
    inside = ((expected > 8) & (expected < 255)).all(axis=-1)
    assert inside.mean() > 0.05
    assert np.abs(converted(image, profile).astype(int) - expected)[inside].max() <= 1


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_what_leaves_the_gamut_keeps_its_luminance(dtype):
    """The most saturated colours of ProPhoto become less so, not darker or lighter."""
    top = 1 if dtype == np.float32 else 65535
    image = (np.random.default_rng(0).random((32, 32, 3)) * top).astype(dtype)
    seen = converted(image, iccs.rgb(iccs.PROPHOTO, iccs.gamma(2.0)))
    light = ((image / top) ** 2) @ (np.linalg.inv(iccs.SRGB) @ np.array(iccs.PROPHOTO)).T
    assert (light < 0).any()
    expected = lab.lightness(np.clip(lab.luminance(light), 0, 1))
    assert np.abs(lab.rgb_to_lab(seen / top)[..., 0] - expected).max() < 0.05


def test_gray_that_speaks_of_lightness():
    """A gray profile may be about L* instead of luminance."""
    gray = np.arange(0, 256, dtype=np.uint8)[None]
    seen = converted(gray, iccs.gray(CURVES["straight"], b"Lab "))
    lightness = lab.rgb_to_lab(np.repeat(seen[..., None] / 255, 3, axis=-1))[..., 0]
    assert np.abs(lightness - gray / 2.55).max() < 0.3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_alpha_stays(dtype, channels):
    """A profile says nothing of transparency."""
    image = (np.random.default_rng(0).random((5, 6, channels)) * 250).astype(np.uint8)
    image = np.float32(image / 255) if dtype == np.float32 else image.astype(dtype)
    image = image[..., 0] if channels == 1 else image
    profile = iccs.gray(iccs.gamma(1.8)) if channels < 3 else iccs.rgb(iccs.SRGB, iccs.gamma(1.8))
    seen = converted(image, profile)
    assert (seen.dtype, seen.shape) == (image.dtype, image.shape)
    if channels in (2, 4):
        np.testing.assert_array_equal(seen[..., -1], image[..., -1])
        assert (seen[..., 0] != image[..., 0]).any()


def test_srgb_in_all_its_makes_changes_nothing():
    """Of LittleCMS, with the curve in numbers, or as a table of a thousand."""
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    codes = np.linspace(0, 1, 1024)
    table = iccs.table(lab.srgb_to_linear(codes))
    makes = [iccs.rgb(iccs.SRGB, curve) for curve in (table, iccs.parametric(*iccs.SRGB_CURVE))]
    for profile in (*makes, profiles.embedded(image)):
        assert converted(image, profile) is image


def test_embedded_profile():
    """It is sRGB, small, and the same each time; gray has none."""
    image = np.zeros((2, 2, 3), np.uint8)
    profile = profiles.embedded(image)
    assert Profile(profile).kind == "RGB"
    assert Profile(profile).has_matrix
    assert len(profile) < 1000
    profiles._srgb.cache_clear()
    assert profiles.embedded(image) == profile
    assert profiles.embedded(image[..., 0]) == b""
    name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    assert "sRGB" in name


def test_tables_are_for_eight_bits():
    """A profile of tables on 16-bit colour is left out, and said so."""
    notes = []
    tables = iccs.profile(b"RGB ", {b"A2B0": b"mft2"})
    profiles.to_srgb(tables, "RGB", np.dtype(np.uint16), notes)
    assert "left out: it consists of tables, which are for 8-bit colour only" in notes[0]


@pytest.mark.parametrize(
    "curve",
    [
        iccs.parametric(-2.0),
        iccs.parametric(2.0, 0.0, 0.0),
        iccs.parametric(30000.0, 30000.0, 1.0),
        iccs.parametric(0.5, -1.0, 0.0, 0.0, 0.5, 0.0, 0.0),
        iccs.table([1, 0, 1, 0]),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_senseless_curves(curve, dtype):
    """Whatever the numbers, there is a picture, and at most one note."""
    image = np.linspace(0, 1 if dtype == np.float32 else 255, 256).astype(dtype)[None]
    notes = []
    seen = profiles.to_srgb(iccs.gray(curve), "L", image.dtype, notes)(image)
    assert (seen.shape, seen.dtype) == (image.shape, image.dtype)
    assert np.isfinite(seen).all()
    assert len(notes) <= 1
