import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from skimage.color import lab2rgb, rgb2lab

from colorkit import lab

UINT8, UINT16, FLOAT32 = (np.dtype(t) for t in (np.uint8, np.uint16, np.float32))
LUMINANCE = np.array([0.212671, 0.715160, 0.072169])
TABLE = 0.026
"""Levels by which the 8-bit encoding table may miss the exact curve, beyond half a level."""


def colours() -> np.ndarray:
    """Code values of all kinds: any, dark, bright, gray, on the faces and edges of the cube."""
    rng = np.random.default_rng(1)
    faces = rng.random((20_000, 3))
    faces[np.arange(20_000), rng.integers(0, 3, 20_000)] = rng.integers(0, 2, 20_000)
    kinds = [
        rng.random((50_000, 3)),
        rng.random((20_000, 3)) ** 6,
        1 - rng.random((20_000, 3)) ** 6,
        np.repeat(np.linspace(0, 1, 10_000)[:, None], 3, axis=1),
        faces,
        np.stack(np.meshgrid([0, 1], [0, 1], np.linspace(0, 1, 256)), -1).reshape(-1, 3),
    ]
    return np.concatenate(kinds).astype(np.float32)


def cube_of_lab(steps: int = 49) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """L* from black to white, dense near both, with every (a, b) up to 128."""
    ends = [0, 1e-4, 1e-2, 0.1, 0.5, 7.9, 7.9996, 8.0, 8.1, 99.9, 99.999, 100]
    axes = np.r_[ends, np.linspace(0, 100, 51)], np.linspace(-128, 128, steps)
    grid = np.meshgrid(axes[0], axes[1], axes[1], indexing="ij")
    lightness, a, b = (plane.astype(np.float32) for plane in grid)
    return lightness, a, b


def joined(lightness: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.stack(lab.join(lightness, a, b), axis=-1)


def lightness_of(linear: np.ndarray) -> np.ndarray:
    """L* of linear RGB, in float64, by CIE 15 itself."""
    luminance = linear.astype(np.float64) @ LUMINANCE
    dark = luminance * (29 / 3) ** 3
    return np.where(luminance > (6 / 29) ** 3, 116 * np.cbrt(luminance) - 16, dark)


def exact_code(linear: np.ndarray) -> np.ndarray:
    """The sRGB curve of IEC 61966-2-1 in float64."""
    linear = np.clip(linear.astype(np.float64), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lab_is_that_of_scikit_image(dtype):
    """Every sRGB colour has the L*a*b* that scikit-image gives in float64, to 1e-4."""
    rgb = colours()
    found = lab.rgb_to_lab(rgb.astype(dtype))

    assert found.dtype == dtype
    np.testing.assert_allclose(found, rgb2lab(rgb.astype(np.float64)), rtol=0, atol=1e-4)


def test_rgb_is_that_of_scikit_image():
    """Inside the gamut, Lab goes back to the sRGB that scikit-image gives, to 1e-4."""
    rgb = colours()
    colour = rgb2lab(rgb.astype(np.float64))
    found = lab.lab_to_rgb(colour)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, lab2rgb(colour), rtol=0, atol=1e-4)
    np.testing.assert_allclose(found, rgb, rtol=0, atol=1e-4)


def test_shapes_are_free():
    """One colour or a stack of pictures: the last axis is the colour."""
    stack = np.random.default_rng(0).random((2, 3, 4, 3))
    there = lab.rgb_to_lab(stack)

    assert there.shape == stack.shape
    np.testing.assert_allclose(lab.rgb_to_lab(stack[1, 2, 3]), there[1, 2, 3], atol=1e-10)
    np.testing.assert_allclose(lab.lab_to_rgb(there[1, 2, 3]), stack[1, 2, 3], atol=1e-5)


@pytest.mark.parametrize("levels", [256, 65536])
def test_lightness_tables_hold_every_gray(levels):
    """Every gray level of 8 and 16 bits has scikit-image's lightness."""
    gray = np.arange(levels) / (levels - 1)
    expected = rgb2lab(np.repeat(gray[:, None], 3, axis=1))[:, 0]
    found = lab.lightness_table(levels)

    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize("levels", [256, 65536])
def test_linear_tables_are_the_srgb_curve(levels):
    """The linear light of every level, encoded again, is that level."""
    table = lab.linear_table(levels)

    np.testing.assert_allclose(exact_code(table) * (levels - 1), np.arange(levels), atol=0.01)


def test_curve_and_its_inverse_meet():
    """Code values survive the way to linear light and back."""
    code = np.linspace(0, 1, 10_001)

    np.testing.assert_allclose(lab.linear_to_srgb(lab.srgb_to_linear(code)), code, atol=1e-7)


def test_join_keeps_lightness_everywhere():
    """For any L* and any ab up to 128, L* of the joined colour is the one given, to 2e-3."""
    lightness, a, b = cube_of_lab()

    np.testing.assert_allclose(lightness_of(joined(lightness, a, b)), lightness, atol=2e-3)


def test_join_keeps_lightness_in_float32_code_values():
    """Encoded as float32 and read by scikit-image, L* is still the one given, to 2e-3."""
    lightness, a, b = cube_of_lab(steps=17)
    code = lab.encode(joined(lightness, a, b), FLOAT32)

    np.testing.assert_allclose(rgb2lab(code.astype(np.float64))[..., 0], lightness, atol=2e-3)


SIDES = st.floats(-128, 128, width=32)


@settings(max_examples=300, deadline=None)
@given(st.floats(0, 100, width=32), SIDES, SIDES)
@example(0.0, 128.0, -128.0)
@example(100.0, -128.0, 128.0)
@example(100.0, 0.0, 0.0)
def test_join_keeps_lightness_and_range(lightness, a, b):
    """L* stays to 2e-3 and no channel leaves [0, 1] beyond rounding, for any colour at all."""
    linear = joined(*(np.full(1, value, np.float32) for value in (lightness, a, b)))

    assert lightness_of(linear)[0] == pytest.approx(lightness, abs=2e-3)
    assert -1e-6 <= linear.min() <= linear.max() <= 1 + 1e-6


@pytest.mark.parametrize("scale", [1, 10, 1e4])
def test_join_stays_in_the_gamut(scale):
    """No channel leaves [0, 1] beyond rounding, even for ab that is no colour."""
    lightness, a, b = cube_of_lab(steps=33)
    linear = joined(lightness, a * np.float32(scale), b * np.float32(scale))

    assert -1e-6 <= linear.min() <= linear.max() <= 1 + 1e-6


def test_join_leaves_colours_inside_alone():
    """What fits is not touched: the colour that comes out is the colour that went in."""
    rgb = colours()
    linear = joined(*np.moveaxis(lab.rgb_to_lab(rgb), -1, 0))

    np.testing.assert_allclose(exact_code(linear), rgb, atol=1e-4)


def test_join_does_not_write_to_its_input():
    """L*, a and b may be read-only; their values stay."""
    planes = [plane[:, :, 0].copy() for plane in cube_of_lab(steps=5)]
    before = [plane.copy() for plane in planes]
    for plane in planes:
        plane.flags.writeable = False
    lab.join(*planes)

    for plane, copy in zip(planes, before, strict=True):
        np.testing.assert_array_equal(plane, copy)


def test_black_and_white_have_no_colour():
    """At L* 0 and 100 only black and white have that lightness, whatever ab says."""
    _, a, b = cube_of_lab(steps=17)

    np.testing.assert_allclose(joined(np.zeros_like(a), a, b), 0, atol=1e-6)
    np.testing.assert_allclose(joined(np.full_like(a, 100), a, b), 1, atol=1e-6)


def beyond_the_gamut(excess: float) -> np.ndarray:
    """Lab colours whose chroma is that much (0.1 is 10 %) beyond the surface of the gamut."""
    rng = np.random.default_rng(2)
    rgb = rng.random((100_000, 3))
    rgb[np.arange(len(rgb)), rng.integers(0, 3, len(rgb))] = rng.integers(0, 2, len(rgb))
    surface = rgb2lab(rgb)
    vivid = surface[np.hypot(surface[:, 1], surface[:, 2]) > 5]
    return vivid * [1, 1 + excess, 1 + excess]


def hue(colour: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(colour[..., 2], colour[..., 1]))


@pytest.mark.parametrize("percent", [1, 2, 5, 10, 20])
def test_hue_hardly_moves(percent):
    """Lab hue turns by at most 0.7 degrees, 0.1 on average, for a percent beyond the gamut."""
    wanted = beyond_the_gamut(percent / 100)
    code = lab.encode(joined(*np.moveaxis(wanted.astype(np.float32), -1, 0)), np.dtype("f8"))
    turn = np.abs((hue(rgb2lab(code)) - hue(wanted) + 180) % 360 - 180)

    assert turn.max() <= 0.7 * percent
    assert turn.mean() <= 0.1 * percent


def test_colours_are_pulled_not_clipped():
    """Out-of-gamut colours move on the line to their gray, just until one channel touches."""
    wanted = beyond_the_gamut(0.3).astype(np.float32)
    linear = joined(*np.moveaxis(wanted, -1, 0)).astype(np.float64)
    gray = joined(wanted[:, 0], *np.zeros((2, len(wanted)), np.float32)).mean(axis=-1)
    free = lab2rgb_unclipped(wanted.astype(np.float64))
    pulled, asked = linear - gray[:, None], free - gray[:, None]
    share = (pulled * asked).sum(axis=1) / (asked * asked).sum(axis=1)

    assert ((share > 0) & (share <= 1 + 1e-5)).all()
    np.testing.assert_allclose(pulled, share[:, None] * asked, atol=1e-4)
    outside = (free.min(axis=1) < -1e-3) | (free.max(axis=1) > 1 + 1e-3)
    touching = np.minimum(linear.min(axis=1), 1 - linear.max(axis=1))
    assert outside.mean() > 0.9
    np.testing.assert_allclose(touching[outside], 0, atol=1e-6)


def lab2rgb_unclipped(colour: np.ndarray) -> np.ndarray:
    """Linear RGB of Lab, in float64 by CIE 15, without any limit."""
    fy = (colour[:, 0] + 16) / 116
    f = np.stack([fy + colour[:, 1] / 500, fy, fy - colour[:, 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2)
    primaries = [
        [0.412453, 0.357580, 0.180423],
        LUMINANCE,
        [0.019334, 0.119193, 0.950227],
    ]
    return np.linalg.solve(primaries, (xyz * [0.95047, 1, 1.08883]).T).T


def test_eight_bits_are_within_half_a_level():
    """The table's code value is the rounded curve: half a level, and 0.026 for its steps."""
    linear = np.r_[np.linspace(0, 1, 500_001), np.linspace(0, 0.01, 100_001)].astype(np.float32)
    code = lab.encode(linear, UINT8)

    assert code.dtype == np.uint8
    assert np.abs(code - 255 * exact_code(linear)).max() <= 0.5 + TABLE
    assert (np.diff(code[:500_001].astype(int)) >= 0).all()


def test_sixteen_bits_are_within_half_a_level():
    """16-bit code values are the rounded curve, to half a level and float32's rounding."""
    linear = np.linspace(0, 1, 500_001, dtype=np.float32)
    code = lab.encode(linear, UINT16)

    assert code.dtype == np.uint16
    assert np.abs(code - 65535 * exact_code(linear)).max() <= 0.5 + 0.02


@pytest.mark.parametrize(("dtype", "error"), [("f2", 2.5e-4), ("f4", 3e-7), ("f8", 3e-7)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_floats_are_the_curve(dtype, error, order):
    """Floating code values lie in [0, 1] on the curve, as near as their precision lets them."""
    linear = np.linspace(0, 1, 100_001, dtype=np.float32)
    code = lab.encode(linear, np.dtype(order + dtype))

    assert code.dtype == np.dtype(order + dtype)
    np.testing.assert_allclose(code.astype("f8"), exact_code(linear), rtol=0, atol=error)


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "f2", "f4", "f8"])
def test_light_beyond_the_range_is_black_or_white(dtype):
    """Rounding below 0 or above 1 never wraps around."""
    linear = np.float32([-5, -1e-6, -0.0, 0, 1, 1 + 1e-6, 7])
    code = lab.encode(linear, np.dtype(dtype)).astype(float)
    white = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max

    assert code[:4].tolist() == [0] * 4
    np.testing.assert_allclose(code[4:], white, rtol=1e-7)
    assert code.max() <= white


@pytest.mark.parametrize(("levels", "off"), [(256, 0), (65536, 2)])
def test_grays_come_back(levels, off):
    """Without colour, each 8-bit gray is itself; the white of scikit-image costs 2 in 65535."""
    lightness = lab.lightness_table(levels)
    gray = joined(lightness, *np.zeros((2, levels), np.float32))
    code = lab.encode(gray, np.dtype(f"u{levels.bit_length() // 8}"))

    assert np.abs(code.astype(int) - np.arange(levels)[:, None]).max() <= off


def rounding_bound(linear: np.ndarray, level: float = 1 / 255) -> tuple[np.ndarray, np.ndarray]:
    """How far L* can fall and rise when three channels are rounded to a code value.

    Rounding moves a channel by half a level, the encoding table by `TABLE` of one more. Linear
    light grows with the code value and L* with each channel's, so that the extremes are all three
    channels at the lower and at the upper end of that interval: no derivative is needed, and for
    small steps this is dL*/dY times the sum of weight times slope times half a level.
    """
    code, step = exact_code(linear), (0.5 + TABLE) * level
    middle, low, high = (
        lightness_of(lab.srgb_to_linear(np.clip(value, 0, 1)))
        for value in (code, code - step, code + step)
    )
    return middle - low, high - middle


def test_eight_bit_lightness_is_within_rounding():
    """L* of 8-bit output, read by scikit-image, is off by what rounding three channels can do."""
    rng = np.random.default_rng(3)
    lightness = rng.uniform(0, 100, 400_000).astype(np.float32)
    a, b = (rng.uniform(-128, 128, (2, 400_000)) * rng.random(400_000)).astype(np.float32)
    linear = joined(lightness, a, b)
    error = rgb2lab(lab.encode(linear, UINT8))[:, 0] - lightness
    fall, rise = rounding_bound(linear)

    assert (error <= rise + 1e-3).all()
    assert (error >= -fall - 1e-3).all()
    assert np.abs(error).max() < 0.28
    assert np.abs(error).max() > 0.2  # the bound is near what happens
    assert max(fall.max(), rise.max()) < 0.28


def test_sixteen_bit_lightness_is_within_rounding():
    """With 16 bits L* of the output is off by less than 2e-3."""
    lightness, a, b = cube_of_lab(steps=17)
    code = lab.encode(joined(lightness, a, b), UINT16)

    np.testing.assert_allclose(rgb2lab(code)[..., 0], lightness, atol=2e-3)


def test_join_takes_planes_in_any_order_of_memory():
    """Columns first or rows first, the colours are the same, out of the gamut too."""
    rng = np.random.default_rng(8)
    planes = [rng.uniform(0, 100, (7, 9)), *rng.uniform(-100, 100, (2, 7, 9))]
    planes = [plane.astype(np.float32) for plane in planes]

    expected = lab.join(*planes)
    for found in (lab.join(*map(np.asfortranarray, planes)), lab.join(*planes[:2], planes[2][:])):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
