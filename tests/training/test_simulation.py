import numpy as np
import pytest

from colorkit.training.simulation import simulated_hints

AB = np.random.default_rng(0).normal(0, 20, (32, 40, 2)).astype(np.float32)


def test_hints_are_the_true_colours_where_the_mask_is():
    """A patch has the mean of the truth; elsewhere there is neither colour nor mask."""
    plain = np.broadcast_to(np.float32([12, -30]), AB.shape)
    hints, mask = simulated_hints(np.array(plain), 0.2, np.random.default_rng(1))
    assert mask.shape == (32, 40, 1)
    assert 0 < mask.mean() < 1
    np.testing.assert_allclose(hints, plain * mask, atol=1e-4)


def test_how_many_there_are():
    """The number is geometric: none for 1, and one time in eight for 1/8."""
    assert not simulated_hints(AB, 1.0, np.random.default_rng(0))[1].any()
    masks = [simulated_hints(AB, 0.125, np.random.default_rng(i))[1] for i in range(400)]
    assert np.mean([not mask.any() for mask in masks]) == pytest.approx(0.125, abs=0.05)
