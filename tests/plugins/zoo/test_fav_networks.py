from itertools import pairwise

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from colorkit_zoo.fav.layers import Doubt  # noqa: E402
from colorkit_zoo.fav.networks import CHANNELS, f_and_g, fav  # noqa: E402

SQUEEZED = 32 * (1475 - 17)
"""Of the paper's first level: VGG's channels and gray, less lightness and lite's at 1/2."""

TAPS = sum((tap + 1) * c for tap, c in zip((24, 40, 112, 320), CHANNELS, strict=False))
BESIDE = 9 * sum(c * twice for c, twice in pairwise(CHANNELS))
"""Of the layers that the further taps need: those that squeeze them, and wider ones after."""


def number(tensor):
    return keras.ops.convert_to_numpy(tensor)


def given(*sides, mask=1.0):
    rng = np.random.default_rng(3)
    lightness = rng.uniform(0, 100, (2, *sides, 1)).astype(np.float32)
    hints = rng.normal(0, 30, (2, *sides, 2)).astype(np.float32)
    return [lightness, hints, np.full((2, *sides, 1), mask, np.float32)]


def count(network, *names):
    of = [v for v in network.trainable_variables if v.path.startswith(names)]
    return sum(int(np.prod(v.shape)) for v in of)


def test_numbers_are_the_papers():
    """At full width f learns 8.67 million numbers and g 8.62, but for lite in VGG's place.

    What sees is colorkit's own network, and stays as it is.
    """
    network = fav(width=1)
    f = count(network, "colour", "first", "others")

    assert count(network, "refine") == pytest.approx(8.62e6, rel=2e-3)
    assert f - TAPS - BESIDE + SQUEEZED == pytest.approx(8.67e6, rel=2e-3)
    assert count(network, "stem", "block") == 0


def test_four_colourings_at_half_the_size(narrow_fav):
    """Of any sides that are multiples of 32; none of them is another."""
    ab = number(narrow_fav()(given(32, 96), training=False))

    assert ab.shape == (2, 16, 48, 8)
    for i in range(4):
        for j in range(i):
            assert np.abs(ab[..., 2 * i :][..., :2] - ab[..., 2 * j :][..., :2]).max() > 1


def test_a_frame_without_one_before_is_coloured_by_f_alone(narrow_fav):
    """Where nothing is trusted, hints change nothing, and the answer is exactly that of f."""
    network = narrow_fav()
    f, _ = f_and_g(network)
    frames = given(64, 64, mask=0.0)

    np.testing.assert_array_equal(
        number(network(frames, training=False)), number(f(frames[0], training=False))
    )


def test_the_first_colouring_alone_is_refined(narrow_fav):
    """And that where something is trusted; the alternatives stay f's."""
    network = narrow_fav()
    f, _ = f_and_g(network)
    frames = given(64, 64)
    frames[2][:, :, 32:] = 0

    change = number(network(frames, training=False)) - number(f(frames[0], training=False))

    assert np.abs(change[:, :, :16, :2]).min(axis=(0, 1, 2)).min() > 0
    assert not change[:, :, 16:].any()
    assert not change[..., 2:].any()


def test_doubt_rises_with_the_distance():
    """It is complete at 2 Lab units in a or b."""
    one = np.zeros((1, 1, 4, 2), np.float32)
    other = np.array([[[[0, 0], [-0.5, 1], [2, 0], [0, -90]]]], np.float32)

    np.testing.assert_allclose(number(Doubt()(one, other))[0, 0, :, 0], [0, 0.5, 1, 1])
