import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit import lab
from colorkit.training import degrade

GRAY = np.full((40, 48, 3), 118, np.uint8)


def generator(seed=0):
    return np.random.default_rng(seed)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_film_is_lightness_and_depends_on_the_generator_alone(seed):
    """Whatever faults are drawn: L* in 0..100, the same for the same seed, the input untouched."""
    linear = generator(1).random((24, 30, 3), np.float32)
    kept = linear.copy()
    old = degrade.film(linear, generator(seed))
    assert (old.shape, old.dtype) == ((24, 30), np.float32)
    assert 0 <= old.min() <= old.max() <= 100
    assert np.array_equal(old, degrade.film(linear, generator(seed)))
    assert np.array_equal(linear, kept)


def test_frames_of_a_film_differ_in_grains_and_dust_alone():
    """Where both have one generator, they are as grainy, and as bright, in other places."""
    linear = degrade.linear_rgb(GRAY)
    apart = []
    for seed in range(40):
        restless = generator((seed, 1))
        one, two = (degrade.film(linear, generator(seed), restless) for _ in range(2))
        for share in (25, 50, 75):
            assert np.percentile(one, share) == pytest.approx(np.percentile(two, share), abs=0.8)
        apart.append(np.abs(one - two).mean())
    assert 0.4 < np.mean([distance == 0 for distance in apart]) < 0.9
    assert max(apart) > 2


def test_lightness_is_that_of_lab():
    """Without faults a photograph has its own lightness."""
    rgb = generator().integers(0, 256, (9, 9, 3), np.uint8)
    expected = lab.rgb_to_lab(rgb / 255)[..., 0]
    np.testing.assert_allclose(degrade.true_lightness(degrade.linear_rgb(rgb)), expected, atol=1e-3)


@pytest.mark.parametrize("name", degrade.NAMED)
def test_named_degradations_have_one_strength(name):
    """For measuring, a name gives the same kind of picture again and again."""
    rgb = generator().integers(0, 256, (32, 32, 3), np.uint8)
    once = degrade.NAMED[name](rgb, generator(3))
    assert (once.shape, once.dtype) == ((32, 32), np.float32)
    assert 0 <= once.min() <= once.max() <= 100
    assert np.array_equal(once, degrade.NAMED[name](rgb, generator(3)))


def test_orthochromatic_film_is_blind_for_red():
    """Lips darken and skies whiten."""
    red, blue = (np.full((2, 2, 3), colour, np.uint8) for colour in ([200, 40, 40], [90, 140, 220]))
    film = degrade.NAMED["orthochromatic"]
    true = [degrade.true_lightness(degrade.linear_rgb(rgb)).mean() for rgb in (red, blue)]
    assert film(red, generator()).mean() < true[0] - 15
    assert film(blue, generator()).mean() > true[1] + 3


def test_each_fault_does_what_it_is_called():
    """Grain adds noise, blur takes contrast between neighbours, fading takes it everywhere."""
    rgb = generator().integers(0, 256, (64, 64, 3), np.uint8)
    true = degrade.true_lightness(degrade.linear_rgb(rgb))
    grained = degrade.NAMED["grain"](GRAY, generator())
    assert 2 < grained.std() < 6
    assert degrade.NAMED["blur"](rgb, generator()).std() < 0.5 * true.std()
    assert degrade.NAMED["faded"](rgb, generator()).std() == pytest.approx(true.std() / 2, rel=0.01)
