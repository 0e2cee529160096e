import numpy as np
import pytest

from colorkit.bins import gamut_bins
from colorkit.training.targets import Encoder

keras = pytest.importorskip("keras")

from colorkit.training import losses  # noqa: E402  # needs Keras

RNG = np.random.default_rng(0)
AB = RNG.normal(0, 15, (2, 3, 4, 2)).astype(np.float32)
BINS, SHARES = Encoder()(AB)


def number(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_the_divergence_is_that_of_distributions():
    """It agrees with the sum over all bins, and is 0 for the truth itself."""
    logits = RNG.normal(0, 2, (2, 3, 4, 313))
    log_p = np.float32(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))
    true = np.zeros_like(log_p)
    np.put_along_axis(true, BINS.astype(np.intp), SHARES, axis=-1)
    expected = (true * (np.log(np.maximum(true, 1e-30)) - log_p)).sum(axis=-1)
    found = number(losses.divergence(log_p, BINS, SHARES))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    itself = number(losses.divergence(np.log(np.maximum(true, 1e-30)), BINS, SHARES))
    np.testing.assert_allclose(itself, 0, atol=1e-5)


def test_a_certain_bin_has_its_own_colour():
    """The mean of a distribution on one bin is that bin, in Lab units."""
    log_p = np.float32(np.where(np.eye(313), 0, -100))[None, None]
    found = number(losses.mean_colour(log_p, gamut_bins()))
    np.testing.assert_allclose(found[0, 0], gamut_bins(), atol=1e-4)


def test_colours_are_compared_by_smooth_l1():
    """Small distances count squared, large ones as they are, in units of 20."""
    truth = np.zeros((1, 1, 1, 2), np.float32)
    near, far = np.float32([[[[2, 0]]]]), np.float32([[[[60, 0]]]])
    assert float(number(losses.colour_distance(near, truth))) == pytest.approx(0.5 * 0.1**2)
    assert float(number(losses.colour_distance(far, truth))) == pytest.approx(2.5)
