import numpy as np
import pytest

from colorkit.evaluation.scores import SCORES, interval, resampled_scores


def marks(psnr, **others):
    """Marks of photographs that have those values."""
    return {
        name: np.array(values, float)
        for name, values in ({"photographs": [1] * len(psnr), "psnr": psnr} | others).items()
    }


def test_a_mean_with_its_interval():
    """The interval of a mean is that of the normal distribution, about 1.96 standard errors."""
    values = np.random.default_rng(1).normal(30, 2, 400)
    psnr = interval(resampled_scores(marks(values))["psnr"])

    assert psnr.value == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert psnr.low == pytest.approx(values.mean() - half, abs=0.03)
    assert psnr.high == pytest.approx(values.mean() + half, abs=0.03)


def test_photographs_that_are_alike_leave_no_doubt():
    """Where all photographs score the same, the interval is a point."""
    psnr = interval(resampled_scores(marks([30, 30, 30]))["psnr"])

    assert psnr.low == pytest.approx(30)
    assert psnr.high == pytest.approx(30)


def test_the_same_photographs_give_the_same_interval():
    """Nothing is left to chance: the draws depend on the number of photographs alone."""
    once, again = (resampled_scores(marks([20, 30, 40]))["psnr"] for _ in range(2))

    np.testing.assert_array_equal(once, again)


def test_resamples_are_paired():
    """A step that all photographs have alike is certain, however much they differ."""
    one, other = ([20, 30, 40], [21, 31, 41])
    step = resampled_scores(marks(other))["psnr"] - resampled_scores(marks(one))["psnr"]

    assert interval(step).low == pytest.approx(1)
    assert interval(step).high == pytest.approx(1)


def test_shares_are_of_sums():
    """Gray that is kept is a share of all gray pixels, not a mean of shares."""
    kept = resampled_scores(marks([0, 0], gray=[100, 900], gray_kept=[100, 0]))["neutral_kept"]

    assert kept[0] == pytest.approx(10)


def test_what_there_is_nothing_for_is_left_out():
    """No gray pixel anywhere, or no mark at all: no score. Gray in few photographs: an interval."""
    assert [*resampled_scores(marks([0, 0]))] == ["psnr"]
    assert "neutral_kept" not in resampled_scores(marks([0, 0], gray=[0, 0], gray_kept=[0, 0]))
    rare = resampled_scores(marks([0, 0], gray=[4, 0], gray_kept=[1, 0]))["neutral_kept"]
    assert interval(rare).low == pytest.approx(25)


def test_odd_numbers_of_photographs():
    """An odd number has no halves: the interval is that of the mean all the same."""
    values = np.random.default_rng(2).normal(30, 2, 9)
    draws = resampled_scores(marks(values))["psnr"][1:]

    assert draws.std() == pytest.approx(values.std(ddof=1) / 3, rel=0.1)


def test_rebalancing_follows_the_photographs():
    """Own frequencies are those of the photographs in a half; the interval is around the score."""
    pixels, credit = np.zeros((2, 2, 313))
    pixels[0, 0], pixels[1, 5] = 10, 1000
    credit[0, 0] = 10
    rebalanced = resampled_scores(marks([0, 0], pixels=pixels, credit=credit))["auc_rebalanced_own"]

    assert rebalanced[0] == 50
    assert rebalanced[1:].mean() == pytest.approx(50)
    assert np.ptp(rebalanced[1:]) == pytest.approx(100)


def test_intervals_hold_for_other_photographs():
    """Scores of other sets, rare colours and all, differ as much as the interval says."""
    rng = np.random.default_rng(0)
    rarity = 1 / np.arange(1, 101) ** 1.5

    def photographs(count):
        pixels = np.zeros((count, 313))
        pixels[:, :100] = rng.poisson(3 * rarity, (count, 100)) * 100
        worth = np.linspace(0.9, 0.3, 313) + rng.normal(0, 0.1, (count, 1))
        return marks(np.zeros(count), pixels=pixels, credit=pixels * worth)

    draws = [resampled_scores(photographs(60))["auc_rebalanced_own"] for _ in range(60)]
    real = np.std([one[0] for one in draws])
    said = np.mean([one[1:].std() for one in draws])

    assert said == pytest.approx(real, rel=0.25)


def test_every_score_says_what_is_better():
    """Titles are unlike each other, and the direction is said for each."""
    assert len({score.title for score in SCORES.values()}) == len(SCORES)
    assert {s.better for s in SCORES.values()} == {"higher", "lower", "100", "truth's"}
