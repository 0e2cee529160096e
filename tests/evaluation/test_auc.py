import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from colorkit.bins import gamut_bins, nearest_bin
from colorkit.evaluation.auc import (
    THRESHOLDS,
    auc,
    credit,
    own_weights,
    prior_weights,
    published_prior,
    tally,
)

FEW = settings(max_examples=30, deadline=None)


def curve_area(errors, weights=None):
    """The area as the paper has it: the curve first, then trapezoids."""
    weights = np.ones(len(errors)) if weights is None else weights
    steps = np.arange(THRESHOLDS + 1)
    curve = [(weights * (errors <= step)).sum() / weights.sum() for step in steps]
    return np.trapezoid(curve, steps) / THRESHOLDS


def rebalanced(pixels, credits):
    """By own frequencies."""
    return auc(pixels, credits, own_weights(pixels))


def gray_tally(true_ab):
    """Tally of no colour at all."""
    return tally(np.zeros_like(true_ab), true_ab, nearest_bin(true_ab))


@pytest.mark.parametrize(
    ("error", "area"), [(0, 1), (10, 0.936667), (75, 0.503333), (150, 0.003333), (151, 0), (999, 0)]
)
def test_a_constant_error(error, area):
    """A constant error d scores (150 - d + 1/2) / 150; 0 scores 1, and beyond 150 nothing."""
    assert credit(np.array([error]))[0] == pytest.approx(area, abs=5e-7)


@FEW
@given(hnp.arrays(float, st.integers(1, 50), elements=st.floats(0, 200)))
def test_credits_average_to_the_area(errors):
    """The mean credit of pixels is the area under their curve."""
    assert credit(errors).mean() == pytest.approx(curve_area(errors), abs=1e-12)


def test_weights():
    """Errors 0, 10, 20, 200 with weights 1, 1, 2, 4 score 0.459583, and 0.701667 without."""
    errors, weights = np.array([0, 10, 20, 200.0]), np.array([1, 1, 2, 4])

    assert np.average(credit(errors), weights=weights) == pytest.approx(0.459583, abs=5e-7)
    assert credit(errors).mean() == pytest.approx(0.701667, abs=5e-7)


def test_no_colour_where_all_colours_are_as_frequent():
    """Gray scores 0.522300 where the truth is spread evenly over the 313 bins."""
    pixels, credits = gray_tally(gamut_bins())

    assert auc(pixels, credits) == pytest.approx(0.522300, abs=5e-7)
    assert rebalanced(pixels, credits) == pytest.approx(0.522300, abs=5e-7)


def test_own_frequencies_count_every_bin_the_same():
    """However often each bin occurs, rebalanced by own frequencies it counts once."""
    times = np.random.default_rng(0).integers(1, 9, 313)
    pixels, credits = gray_tally(gamut_bins().repeat(times, axis=0))

    assert rebalanced(pixels, credits) == pytest.approx(0.522300, abs=5e-7)
    assert auc(pixels, credits) != pytest.approx(0.522300, abs=1e-4)


def test_bins_that_do_not_occur_count_nothing():
    """Two bins of which one is right score half, whatever the other 311 are."""
    truth = gamut_bins()[[0, 0, 0, 200]]
    colours = truth.copy()
    colours[3] += 151

    assert rebalanced(*tally(colours, truth, nearest_bin(truth))) == 0.5


def test_the_published_prior_weighs_pixels():
    """Each pixel weighs one over the published probability of its true bin."""
    places = [10, 150, 150, 300]
    truth = gamut_bins()[places]
    errors = np.hypot(*truth.T)
    expected = curve_area(errors, 1 / published_prior()[places])

    assert auc(*gray_tally(truth), prior_weights()) == pytest.approx(expected, abs=1e-6)


def test_the_published_prior():
    """The prior is the published one: most pixels are neutral, the mean chroma is 18.19."""
    prior, bins = published_prior(), gamut_bins()

    assert prior.shape == (313,)
    assert prior.sum() == pytest.approx(1)
    assert tuple(bins[prior.argmax()]) == (0, 0)
    assert prior.max() == pytest.approx(0.201234, abs=5e-7)
    assert prior.min() == pytest.approx(6.0714e-9, rel=1e-4)
    assert prior @ bins == pytest.approx((1.547, 8.301), abs=5e-4)
    assert prior @ np.hypot(*bins.T) == pytest.approx(18.190, abs=5e-4)


def test_tallies_add_up():
    """Tallies of parts add up to that of the whole, so that no picture weighs more for its size."""
    rng = np.random.default_rng(0)
    truth, colours = rng.uniform(-80, 80, (2, 100, 2)).astype(np.float32)
    parts = [tally(colours[s], truth[s], nearest_bin(truth[s])) for s in (np.s_[:30], np.s_[30:])]

    np.testing.assert_allclose(
        np.sum(parts, axis=0), tally(colours, truth, nearest_bin(truth)), atol=1e-12
    )
