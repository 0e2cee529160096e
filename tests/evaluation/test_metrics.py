import numpy as np
import pytest

from colorkit.evaluation import metrics

SHARMA = np.array(
    [
        (50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425),
        (50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615),
        (50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412),
        (50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000),
        (50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000),
        (50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000),
        (50, 0, 0, 50, -1, 2, 2.3669),
        (50, -1, 2, 50, 0, 0, 2.3669),
        (50, 2.4900, -0.0010, 50, -2.4900, 0.0009, 7.1792),
        (50, 2.4900, -0.0010, 50, -2.4900, 0.0010, 7.1792),
        (50, 2.4900, -0.0010, 50, -2.4900, 0.0011, 7.2195),
        (50, 2.4900, -0.0010, 50, -2.4900, 0.0012, 7.2195),
        (50, -0.0010, 2.4900, 50, 0.0009, -2.4900, 4.8045),
        (50, -0.0010, 2.4900, 50, 0.0010, -2.4900, 4.8045),
        (50, -0.0010, 2.4900, 50, 0.0011, -2.4900, 4.7461),
        (50, 2.5, 0, 50, 0, -2.5, 4.3065),
        (50, 2.5, 0, 73, 25, -18, 27.1492),
        (50, 2.5, 0, 61, -5, 29, 22.8977),
        (50, 2.5, 0, 56, -27, -3, 31.9030),
        (50, 2.5, 0, 58, 24, 15, 19.4535),
        (50, 2.5, 0, 50, 3.1736, 0.5854, 1.0000),
        (50, 2.5, 0, 50, 3.2972, 0, 1.0000),
        (50, 2.5, 0, 50, 1.8634, 0.5757, 1.0000),
        (50, 2.5, 0, 50, 3.2592, 0.3350, 1.0000),
        (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
        (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
        (61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731),
        (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
        (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
        (36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
        (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
        (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
        (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
        (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
    ]
)
"""Two colours and their difference (Sharma, Wu, Dalal 2005, table 1)."""


def flat(*colour):
    return np.full((16, 16, 3), colour, np.uint8)


def test_ciede2000_of_the_published_pairs():
    """All 34 pairs have the published difference, to its four decimals, either way round."""
    one, other, expected = SHARMA[:, :3], SHARMA[:, 3:6], SHARMA[:, 6]

    np.testing.assert_allclose(metrics.ciede2000(one, other), expected, rtol=0, atol=5.1e-5)
    np.testing.assert_allclose(metrics.ciede2000(other, one), expected, rtol=0, atol=5.1e-5)


@pytest.mark.parametrize("step", [1, 10])
def test_psnr_of_a_constant_step(step):
    """Pictures that are k levels apart have 20 log10(255 / k) dB."""
    expected = 20 * np.log10(255 / step)

    assert metrics.psnr(flat(100, 100, 100), flat(*[100 + step] * 3)) == pytest.approx(expected)


def test_psnr_of_equal_pictures():
    """Equal pictures have 100 dB, not infinity, and no others have."""
    one_level = flat(1, 2, 3)
    one_level[0, 0, 0] += 1

    assert metrics.psnr(flat(1, 2, 3), flat(1, 2, 3)) == metrics.HIGHEST_PSNR
    assert metrics.psnr(one_level, flat(1, 2, 3)) < metrics.HIGHEST_PSNR


def test_ssim_of_flat_pictures():
    """Flat pictures u and v have (2uv + C) / (u^2 + v^2 + C), with C = 6.5025; equal ones 1."""
    u, v, c = 100, 150, 6.5025

    assert metrics.ssim(flat(u, u, u), flat(u, u, u)) == pytest.approx(1)
    expected = (2 * u * v + c) / (u * u + v * v + c)
    assert metrics.ssim(flat(u, u, u), flat(v, v, v)) == pytest.approx(expected)


def test_colorfulness():
    """In closed form: 85.5296 for red, 272.6187 for half red and half blue."""
    halves = flat(255, 0, 0)
    halves[:, 8:] = 0, 0, 255

    assert metrics.colorfulness(flat(255, 0, 0)) == pytest.approx(85.5296, abs=5e-5)
    assert metrics.colorfulness(halves) == pytest.approx(272.6187, abs=5e-5)
    assert metrics.colorfulness(flat(9, 9, 9)) == 0
