import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit import ColorkitWarning, lab
from colorkit.bins import gamut_bins, grid_bins, soft_encode
from colorkit.errors import OptionError
from colorkit.evaluation.auc import published_prior
from colorkit.training.targets import Encoder, check_prior, prior, rebalancing

ENCODER = Encoder()


def dense(encoder, ab):
    bins, shares = encoder(np.float32(ab))
    full = np.zeros((*bins.shape[:-1], len(encoder.bins)), np.float32)
    np.put_along_axis(full, bins.astype(np.intp), shares, axis=-1)
    return full


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_encoding_is_that_of_bins(seed):
    """The few bins that are stored are those of `soft_encode`, with their shares."""
    rgb = np.random.default_rng(seed).random((50, 3), np.float32)
    ab = lab.rgb_to_lab(rgb)[:, 1:]
    np.testing.assert_allclose(dense(ENCODER, ab), soft_encode(ab), atol=2e-5)


def test_the_rim_of_the_gamut_is_encoded_exactly():
    """No candidate is missing where the bins end."""
    steps = np.linspace(0, 1, 9)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    ab = np.float32(lab.rgb_to_lab(cube[(cube % 1 == 0).sum(axis=1) >= 2])[:, 1:])
    encoded = ENCODER(ab)[1]
    expected = np.sort(soft_encode(ab), axis=-1)[:, :-6:-1]
    np.testing.assert_allclose(encoded, expected, atol=2e-5)


def test_a_colour_between_bins():
    """(3, 4) is shared as in the paper: checked with numbers worked out apart."""
    bins, shares = ENCODER(np.float32([3, 4]))
    colours = gamut_bins()[bins].tolist()
    assert colours == [[0, 0], [0, 10], [10, 0], [10, 10], [-10, 0]]
    np.testing.assert_allclose(shares, [0.40624, 0.27231, 0.18253, 0.12236, 0.01656], atol=1e-5)
    np.testing.assert_allclose(shares @ gamut_bins()[bins], [2.8833, 3.9467], atol=1e-4)


@pytest.mark.parametrize("bins", [gamut_bins(), grid_bins()], ids=["gamut", "grid"])
def test_a_bin_encodes_as_itself(bins):
    """The order of the bins is the order of the classes: none is swapped or shifted."""
    for encoder in (Encoder(bins), Encoder(bins, neighbours=1)):
        assert encoder(bins)[0][:, 0].tolist() == list(range(len(bins)))


def test_bins_may_lie_between_the_points_of_the_grid():
    """The centres of squares are encoded as exactly, and a prior on them is as usual as another."""
    axis = np.arange(-95, 96, 10, dtype=np.float32)
    squares = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    encoder = Encoder(squares)
    ab = lab.rgb_to_lab(np.random.default_rng(0).random((500, 3), np.float32))[:, 1:]
    distances = np.hypot(*(ab[:, None] - squares).transpose(2, 0, 1))

    nearest = np.take_along_axis(distances, encoder(ab)[0].astype(np.intp), axis=1)

    np.testing.assert_allclose(nearest, np.sort(distances, axis=1)[:, :5], rtol=1e-5)
    check_prior(prior(encoder, [0.3 * ab]), squares)


def test_a_prior_counts_colours():
    """One colour gives a prior around it, alike in a and b; no colours at all are refused."""
    p = prior(ENCODER, [np.zeros((3, 3, 2), np.float32)])
    assert p.sum() == pytest.approx(1)
    colours = {tuple(c): float(q) for c, q in zip(gamut_bins().tolist(), p, strict=True) if q}
    assert colours.pop((0, 0)) == pytest.approx(0.64879, abs=1e-5)
    assert sorted(colours) == [(-10, 0), (0, -10), (0, 10), (10, 0)]
    assert list(colours.values()) == pytest.approx([0.0878] * 4, abs=1e-4)
    with pytest.raises(OptionError, match="no colours were found"):
        prior(ENCODER, [])


def test_colours_in_a_wrong_scale_are_noticed():
    """A prior such as photographs have passes; saturated ones, as from 0..255, are warned of."""
    check_prior(published_prior(), gamut_bins())
    wrong = prior(ENCODER, [np.float32([[-90, 90], [90, -110], [90, 70]])])
    with pytest.warns(ColorkitWarning, match=r"unusual colours: most often .* beyond 80"):
        check_prior(wrong, gamut_bins())


def test_rebalancing_is_that_of_the_paper():
    """On ImageNet's prior the weights are those of Zhang et al., 1 in the mean."""
    weights = rebalancing(published_prior(), 0.5, 1e9)
    at = {tuple(c): w for c, w in zip(gamut_bins().tolist(), weights.tolist(), strict=True)}
    assert weights @ published_prior() == pytest.approx(1, abs=1e-6)
    assert at[0, 0] == weights.min() == pytest.approx(0.0965, abs=1e-4)
    assert weights.max() == pytest.approx(6.1749, abs=1e-4)
    assert at[0, 10] == pytest.approx(0.17694, abs=1e-5)
    assert at[60, 50] == pytest.approx(4.73303, abs=1e-5)


def test_rebalancing_at_its_ends():
    """Lambda 1 leaves colours alone; bins that are never met weigh a finite number."""
    assert rebalancing(published_prior(), 1.0, 6.0) == pytest.approx(1)
    holes = np.where(np.arange(313) < 51, 0, 1 / 262)
    for rebalance in (0.0, 0.5):
        weights = rebalancing(holes, rebalance, 6.0)
        assert np.isfinite(weights).all()
        assert weights @ holes == pytest.approx(1, abs=1e-6)
