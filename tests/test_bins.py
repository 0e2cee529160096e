import hashlib
import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from colorkit import ImageError, OptionError
from colorkit.bins import (
    PUBLISHED_TEMPERATURE,
    Distribution,
    calm,
    gamut_bins,
    grid_bins,
    nearest_bin,
    soft_encode,
)

INTERVALS = {
    -90: (50, 90), -80: (20, 90), -70: (0, 90), -60: (-20, 90), -50: (-30, 100),
    -40: (-40, 100), -30: (-50, 100), -20: (-50, 100), -10: (-60, 100), 0: (-70, 100),
    10: (-80, 90), 20: (-80, 90), 30: (-90, 90), 40: (-100, 90), 50: (-100, 80),
    60: (-110, 80), 70: (-110, 80), 80: (-110, 70), 90: (-110, 70), 100: (-90, 0),
}  # fmt: skip
"""First and last b of the published bins, for each a."""

PUBLISHED_SHA256 = "2a39983ed60d5b52b717842d56d5f766982289e6d5a609582155f437cecc1045"
"""Of the int64 values in the published ``pts_in_hull.npy``, its header left out."""

COLD = 1e-6


def distribution(*probabilities: float, bins: np.ndarray | None = None) -> Distribution:
    """One cell of that distribution, on as many bins as there are numbers."""
    p = np.float32(probabilities)
    bins = np.float32([[i * 10, i * -5] for i in range(len(p))]) if bins is None else bins
    return Distribution(np.log(p)[None, None, None], bins)


def random_distribution(shape: tuple[int, ...], seed: int = 0, spread: float = 3) -> Distribution:
    """Logits on all bins, from vague to sharp."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (*shape, 313)) * rng.uniform(0.3, 2, (*shape, 1))
    return Distribution(logits.astype(np.float32))


def bin_at(a: float, b: float) -> int:
    return int(nearest_bin(np.array([a, b])))


class TestBins:
    def test_grid_has_a_slow_and_b_fast(self):
        """Class 23 i + j of the 529 is a = 10 i - 110, b = 10 j - 110."""
        grid = grid_bins()

        assert grid.tolist() == [[10 * i - 110, 10 * j - 110] for i in range(23) for j in range(23)]
        assert not grid.flags.writeable

    def test_grid_holds_the_gamut_in_its_order(self):
        """The 313 bins are those of the 529 that the gamut touches, in the same order."""
        inside = (grid_bins()[:, None] == gamut_bins()).all(axis=2)

        assert inside.sum() == 313
        assert np.array_equal(grid_bins()[inside.any(axis=1)], gamut_bins())

    def test_distribution_decodes_on_the_grid(self):
        """Certainty of one class gives its colour, in Lab units, a before b."""
        logits = np.full((1, 1, 529, 529), -1e4, np.float32)
        logits[0, 0, range(529), range(529)] = 0

        assert np.array_equal(Distribution(logits, grid_bins()).mean()[0, 0], grid_bins())

    def test_bins_are_the_published_ones_in_order(self):
        """A ascending outside, b ascending inside: the classes of the published networks."""
        expected = [
            (a, b) for a, (first, last) in INTERVALS.items() for b in range(first, last + 1, 10)
        ]

        assert gamut_bins().tolist() == [list(point) for point in expected]

    def test_bins_hash_as_the_published_file(self):
        """The numbers are those of ``pts_in_hull.npy``, byte by byte."""
        values = gamut_bins().astype("<i8").tobytes()

        assert hashlib.sha256(values).hexdigest() == PUBLISHED_SHA256

    @pytest.mark.parametrize(
        ("index", "colour"),
        [(0, (-90, 50)), (102, (-10, 0)), (119, (0, -10)), (120, (0, 0)), (121, (0, 10)),
         (139, (10, 0)), (312, (100, 0))],
    )  # fmt: skip
    def test_known_indices(self, index, colour):
        """Single classes sit where published weights expect them."""
        assert tuple(gamut_bins()[index]) == colour

    def test_known_sums(self):
        """Shape, dtype, sums and chroma have the published values."""
        bins = gamut_bins()
        chroma = np.hypot(*bins.T)

        assert (bins.shape, bins.dtype) == ((313, 2), np.float32)
        assert bins.sum(axis=0).tolist() == [4910, 2090]
        assert chroma.mean() == pytest.approx(71.6823, abs=1e-4)
        assert chroma.max() == pytest.approx(142.127, abs=1e-3)

    def test_bins_cannot_be_changed(self):
        """They are shared, so that writing to them is refused."""
        with pytest.raises(ValueError, match="read-only"):
            gamut_bins()[0] = 0


class TestSoftEncode:
    @pytest.mark.parametrize(
        ("colour", "neighbours", "shares"),
        [
            ((0, 0), 5, {(0, 0): 0.64879, (10, 0): 0.08780, (-10, 0): 0.08780,
                         (0, 10): 0.08780, (0, -10): 0.08780}),
            ((3, 4), 5, {(0, 0): 0.40624, (0, 10): 0.27231, (10, 0): 0.18253,
                         (10, 10): 0.12236, (-10, 0): 0.01656}),
            ((3, 4), 10, {(0, 0): 0.39363, (0, 10): 0.26386, (10, 0): 0.17687,
                          (10, 10): 0.11856}),
        ],
    )  # fmt: skip
    def test_known_shares(self, colour, neighbours, shares):
        """The nearest bins share a colour as Zhang et al. say: 5 of them, or 10 as released."""
        encoded = soft_encode(np.array(colour), neighbours)
        found = {point: encoded[bin_at(*point)] for point in shares}

        assert found == pytest.approx(shares, abs=1e-5)
        assert np.count_nonzero(encoded) == neighbours

    @pytest.mark.parametrize(
        ("neighbours", "mean"), [(5, (2.8833, 3.9467)), (10, (2.7492, 3.8697))]
    )
    def test_known_means(self, neighbours, mean):
        """Decoded again, (3, 4) is what the reference makes of it."""
        decoded = soft_encode(np.array([3.0, 4.0]), neighbours) @ gamut_bins()

        assert decoded == pytest.approx(mean, abs=2e-4)

    def test_a_bin_is_most_of_itself(self):
        """The colour of each class is encoded with its maximum at that class, and nowhere else."""
        encoded = soft_encode(gamut_bins())

        assert encoded.argmax(axis=1).tolist() == list(range(313))
        assert nearest_bin(gamut_bins()).tolist() == list(range(313))

    @settings(max_examples=30, deadline=None)
    @given(hnp.arrays(np.float32, (20, 2), elements=st.floats(-200, 200, width=32)))
    def test_no_bin_is_nearer(self, ab):
        """The nearest bin is as near as any, inside the gamut and far from it."""
        distances = np.linalg.norm(ab[:, None] - gamut_bins(), axis=-1)

        found = distances[np.arange(20), nearest_bin(ab)]

        np.testing.assert_allclose(found, distances.min(axis=1), atol=2e-3)

    def test_one_neighbour_is_the_nearest_bin(self):
        """With a single neighbour the encoding is the hard one; the error is that of the grid."""
        ab = np.random.default_rng(0).uniform(-40, 40, (40, 50, 2))
        encoded = soft_encode(ab, neighbours=1)
        error = np.hypot(*np.moveaxis(encoded @ gamut_bins() - ab, -1, 0))

        np.testing.assert_array_equal(encoded.argmax(axis=-1), nearest_bin(ab))
        assert (encoded.max(axis=-1) == 1).all()
        assert error.max() <= math.hypot(5, 5) + 1e-4
        assert error.mean() == pytest.approx(3.826, abs=0.1)

    @settings(max_examples=50, deadline=None)
    @given(
        st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000)),
        st.integers(1, 313),
        st.floats(0.5, 50),
    )
    def test_shares_sum_to_one(self, colour, neighbours, sigma):
        """Any colour, even one far from every bin, is shared out completely."""
        encoded = soft_encode(np.array(colour), neighbours, sigma)

        assert encoded.dtype == np.float32
        assert (encoded >= 0).all()
        assert encoded.sum() == pytest.approx(1, abs=1e-4)

    def test_shape_is_kept(self):
        """``(N, h, w, 2)`` becomes ``(N, h, w, 313)``, each colour on its own."""
        ab = np.random.default_rng(0).uniform(-90, 90, (2, 3, 4, 2))
        encoded = soft_encode(ab)

        assert encoded.shape == (2, 3, 4, 313)
        np.testing.assert_allclose(encoded[1, 2, 3], soft_encode(ab[1, 2, 3]), atol=1e-6)


class TestDecode:
    def test_published_temperature(self):
        """The look of the paper is ln 10 / 6."""
        assert pytest.approx(0.38376, abs=1e-5) == PUBLISHED_TEMPERATURE

    @pytest.mark.parametrize(
        ("temperature", "expected"),
        [(0.38, (0.74051, 0.19307, 0.06642)), (0.01, (1, 0, 0)), (1, (0.5, 0.3, 0.2))],
    )
    def test_known_annealing(self, temperature, expected):
        """Three classes are sharpened by the temperature as the paper's equation 5 says."""
        one = distribution(0.5, 0.3, 0.2)
        annealed = one.probabilities(temperature)[0, 0, 0]

        assert annealed == pytest.approx(expected, abs=1e-5)
        assert one.mean(temperature)[0, 0, 0] == pytest.approx(expected @ one.bins, abs=1e-3)

    @settings(max_examples=50, deadline=None)
    @given(st.floats(-20, 20), st.floats(0.05, 5))
    def test_two_classes_follow_the_logistic_curve(self, logit, temperature):
        """Between two colours the mean moves with the logistic function of logit / temperature."""
        bins = np.float32([[0, 0], [100, -50]])
        one = Distribution(np.float32([[[[0, logit]]]]), bins)
        share = 1 / (1 + math.exp(-np.float32(logit) / temperature))

        assert one.mean(temperature)[0, 0, 0] == pytest.approx((100 * share, -50 * share), abs=1e-3)

    def test_one_class_is_its_colour(self):
        """A distribution that is sure of a class gives exactly its ab, for all 313."""
        logits = np.eye(313, dtype=np.float32)[None, None] * 1000
        sure = Distribution(logits)

        for decoded in (sure.mean(), sure.mean(1.0), sure.mode(), sure.sample(0)):
            np.testing.assert_array_equal(decoded[0, 0], gamut_bins())

    def test_mean_becomes_the_mode_when_cold(self):
        """However low, a temperature gives colours, and towards 0 the mode's."""
        vague = random_distribution((1, 6, 7))

        for temperature in (1e-3, 1e-39, 5e-324):
            np.testing.assert_allclose(vague.mean(temperature), vague.mode(), atol=1e-3)

    def test_mean_becomes_the_centre_when_hot(self):
        """At a very high temperature every bin counts alike."""
        hot = random_distribution((1, 2, 3)).mean(1e300)

        np.testing.assert_allclose(hot[0, 1, 2], gamut_bins().mean(axis=0), atol=1e-3)

    def test_vividness_falls_with_temperature(self):
        """Of two colours that face each other, the likelier one fades steadily into gray."""
        one = distribution(0.6, 0.4, bins=np.float32([[60, 0], [-60, 0]]))
        a = [float(one.mean(t)[0, 0, 0, 0]) for t in (0.05, 0.1, 0.2, 0.38, 0.7, 1.0, 2.0)]

        assert all(np.diff(a) < 0)
        assert a[-2] == pytest.approx(12, abs=1e-3)

    def test_shift_of_logits_changes_nothing(self):
        """Only differences between logits count, however large they are."""
        one = random_distribution((1, 3, 4))
        shifted = Distribution(one.logits + np.float32(1e4))

        np.testing.assert_allclose(shifted.mean(), one.mean(), atol=0.2)
        assert np.isfinite(Distribution(one.logits * np.float32(1e20)).mean()).all()

    def test_mode_is_the_likeliest(self):
        """Each cell gets the ab of its largest logit."""
        one = random_distribution((2, 3, 4))
        n, row, column = 1, 2, 0
        best = one.logits[n, row, column].argmax()

        assert one.mode().shape == (2, 3, 4, 2)
        np.testing.assert_array_equal(one.mode()[n, row, column], gamut_bins()[best])

    @pytest.mark.parametrize("temperature", [0.38, 1, np.float32(0.5), np.int64(1)])
    def test_numbers_are_temperatures(self, temperature):
        """Python's and NumPy's numbers are taken alike."""
        one = random_distribution((1, 1, 1))

        np.testing.assert_array_equal(one.mean(temperature), one.mean(float(temperature)))

    @pytest.mark.parametrize(
        "temperature", [0, -1, math.nan, math.inf, True, "1", None, np.float32(0), 1j]
    )
    @pytest.mark.parametrize("method", ["mean", "probabilities", "confidence"])
    def test_other_temperatures_are_refused(self, method, temperature):
        """A temperature that is no positive number is refused and shown."""
        with pytest.raises(OptionError, match="temperature must be a positive number") as caught:
            getattr(random_distribution((1, 1, 1)), method)(temperature)

        assert str(caught.value).endswith(f"received {temperature!r}")

    @pytest.mark.parametrize("shape", [(1, 2, 3, 312), (2, 3, 313), (313,)])
    def test_other_shapes_are_refused(self, shape):
        """Logits that do not match the bins are refused; the message has both."""
        with pytest.raises(ImageError, match=r"\(N, h, w, 313\), .* received \(") as caught:
            Distribution(np.zeros(shape, np.float32))

        assert str(caught.value).endswith(f"received {shape}")

    def test_distributions_travel(self):
        """Pickled, a distribution is the same on the other side."""
        one = Distribution(random_distribution((1, 2, 3)).logits, cell=(4.0, 5.0))
        travelled = pickle.loads(pickle.dumps(one))

        np.testing.assert_array_equal(travelled.mean(), one.mean())
        assert travelled.cell == one.cell


class TestDoubt:
    def test_entropy_of_certainty_is_zero(self):
        """A distribution that is sure has no entropy."""
        sure = Distribution(np.eye(313, dtype=np.float32)[None, None] * 1000)

        np.testing.assert_allclose(sure.entropy(), 0, atol=1e-6)

    @pytest.mark.parametrize("classes", [1, 2, 313])
    def test_entropy_of_ignorance_is_the_logarithm(self, classes):
        """When all Q classes are alike, entropy is ln Q nats."""
        one = Distribution(np.zeros((1, 1, 1, classes), np.float32), np.zeros((classes, 2), "f4"))

        assert one.entropy() == pytest.approx(math.log(classes), abs=1e-5)

    def test_entropy_is_that_of_the_definition(self):
        """It is -sum p ln p at temperature 1, for every cell."""
        one = random_distribution((2, 3, 4))
        p = one.probabilities().astype(np.float64)

        np.testing.assert_allclose(one.entropy(), -(p * np.log(p)).sum(axis=-1), atol=1e-4)

    @pytest.mark.parametrize("radius", [5.0, 20.0, 60.0])
    def test_confidence_is_the_mass_near_the_colour_shown(self, radius):
        """Probability at temperature 1 of the bins within the radius of the annealed mean."""
        one = random_distribution((2, 3, 4))
        found = one.confidence(0.5, radius)
        shown, p = one.mean(0.5), one.probabilities()

        assert found.shape == (2, 3, 4)
        for cell in np.ndindex(2, 3, 4):
            near = np.hypot(*(gamut_bins() - shown[cell]).T) <= radius
            assert found[cell] == pytest.approx(p[cell][near].sum(), abs=1e-5)

    def test_confidence_is_calibrated(self):
        """Where colours are drawn from the distribution itself, confidence is how often it holds.

        Truth falls within 20 Lab units of the colour shown as often as confidence says: over all
        cells, and over the doubtful and the sure half alike.
        """
        one = random_distribution((1, 100, 200), seed=1)
        rng = np.random.default_rng(2)
        gumbel = rng.gumbel(size=one.logits.shape)
        truth = gamut_bins()[(one.logits + gumbel).argmax(axis=-1)]
        hit = np.linalg.norm(truth - one.mean(), axis=-1) <= 20
        confidence = one.confidence()
        sure = confidence > np.median(confidence)

        for cells in (np.ones_like(sure), sure, ~sure):
            error = math.sqrt((confidence * (1 - confidence))[cells].sum()) / cells.sum()
            assert hit[cells].mean() == pytest.approx(confidence[cells].mean(), abs=4 * error)

    def test_confidence_is_certain_of_certainty(self):
        """A sure class has confidence 1, and a radius that covers all bins gives 1 everywhere."""
        sure = Distribution(np.eye(313, dtype=np.float32)[None, None] * 1000)

        np.testing.assert_allclose(sure.confidence(), 1, atol=1e-6)
        np.testing.assert_allclose(random_distribution((1, 4, 4)).confidence(radius=500), 1, 1e-5)


class TestTop:
    def test_most_probable_first(self):
        """The k likeliest colours with their probabilities, in falling order."""
        (one, p), (two, q) = distribution(0.2, 0.5, 0.3).top(2, (0, 0))

        assert (one, two) == ((10, -5), (20, -10))
        assert (p, q) == (pytest.approx(0.5), pytest.approx(0.3))

    def test_all_of_them_are_the_distribution(self):
        """With k at Q or more every class is listed once, and probabilities sum to 1."""
        listed = random_distribution((1, 2, 2)).top(1000, (1, 1))

        assert len({colour for colour, _ in listed}) == 313
        assert sum(p for _, p in listed) == pytest.approx(1, abs=1e-4)

    @pytest.mark.parametrize(
        ("at", "cell"),
        [
            ((0, 0), (0, 0)), ((9, 19), (0, 0)), ((10, 20), (1, 1)), ((19, 59), (1, 2)),
            ((0, 59), (0, 2)), ((19, 0), (1, 0)), ((9.4, 19.4), (0, 0)), ((9.6, 39.6), (1, 2)),
            ((-5, 1000), (0, 2)),
        ],
    )  # fmt: skip
    def test_points_are_in_picture_pixels(self, at, cell):
        """A picture of 20 x 60 pixels in 2 x 3 cells: each point finds its cell, corners too."""
        logits = np.eye(6, dtype=np.float32).reshape(1, 2, 3, 6) * 9
        bins = np.float32([[row, column] for row in range(2) for column in range(3)])
        one = Distribution(logits, bins, cell=(10, 20))

        assert one.top(1, at)[0][0] == cell

    @pytest.mark.parametrize("cell", [2.5, 0.25, 7.3])
    def test_cells_need_not_be_whole(self, cell):
        """With cells of a fraction of a pixel, the pixel's centre decides."""
        bins = np.float32([[i, i] for i in range(12)])
        one = Distribution(np.eye(12, dtype=np.float32)[None, None] * 9, bins, (1, cell))
        for pixel in range(int(12 * cell)):
            assert one.top(1, (0, pixel))[0][0][0] == int((pixel + 0.5) / cell)


class TestSuggest:
    def test_each_colour_stands_for_those_around_it(self):
        """Neighbours are one suggestion, with the probability of all of them."""
        bins = np.float32([[0, 0], [5, 0], [0, 5], [60, 0], [0, 60]])
        one = distribution(0.2, 0.1, 0.1, 0.35, 0.25, bins=bins)
        colours, shares = zip(*one.suggest(5, (0, 0)), strict=True)

        assert colours == ((0, 0), (60, 0), (0, 60))
        assert shares == pytest.approx((0.4, 0.35, 0.25))

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 1000), st.integers(1, 12), st.floats(5, 60))
    def test_no_two_are_alike(self, seed, k, apart):
        """They lie apart as asked, the most probable first, and share at most all there is."""
        found = random_distribution((1, 1, 1), seed).suggest(k, (0, 0), apart)
        shares = [share for _, share in found]

        assert 1 <= len(found) <= k
        assert all(math.dist(p, q) >= apart for (p, _), (q, _) in itertools.combinations(found, 2))
        assert shares == sorted(shares, reverse=True)
        assert shares[-1] >= 0
        assert sum(shares) <= 1 + 1e-4

    def test_the_first_is_likelier_than_any_bin(self):
        """It is at the cell of the point, in the coordinates of `top`."""
        one = Distribution(random_distribution((1, 4, 4)).logits, cell=(10, 20))

        assert one.suggest(1, (25, 70))[0][1] >= one.top(1, (25, 70))[0][1]
        assert one.suggest(3, (0, 0), apart=1) == one.top(3, (0, 0))


def drawn(one: Distribution, seed: int = 0, coherence: float = 0.5) -> np.ndarray:
    """Classes of a hard draw ``(N, h, w)``, for bins whose a is their number."""
    return one.sample(seed, coherence, 1.0, COLD)[..., 0].round().astype(int)


def numbered(logits: np.ndarray) -> Distribution:
    """Logits on bins whose a is their number."""
    numbers = np.arange(logits.shape[-1])
    return Distribution(logits.astype(np.float32), np.stack([numbers, -numbers], 1).astype("f4"))


class TestSample:
    @pytest.mark.parametrize("coherence", [0, 0.3, 0.5, 2])
    def test_draws_follow_the_distribution_at_every_cell(self, coherence):
        """Over many draws each class comes up, at each cell, as often as was predicted.

        Chi-squared with three degrees of freedom, 35 cells: 30 is passed by chance once in 10,000.
        """
        rng = np.random.default_rng(5)
        logits = rng.normal(0, 1, (5, 7, 4))
        draws = 4000
        one = numbered(np.broadcast_to(logits, (draws, *logits.shape)))
        counts = (drawn(one, 1, coherence)[..., None] == np.arange(4)).sum(axis=0)
        expected = draws * one.probabilities()[0]

        assert ((counts - expected) ** 2 / expected).sum(axis=-1).max() < 30

    def test_draws_follow_the_distribution_over_seeds(self):
        """The same holds for one picture drawn with one seed after another."""
        logits = np.log([[[[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]]])
        one = numbered(logits)
        seeds = np.stack([drawn(one, seed) for seed in range(2000)])
        frequency = (seeds[..., None] == np.arange(3)).mean(axis=0)

        np.testing.assert_allclose(frequency, np.exp(logits), atol=0.045)  # 4 standard errors

    def test_draws_follow_a_distribution_on_all_bins(self):
        """With 313 classes none is favoured: chi-squared with 312 degrees of freedom."""
        draws = 3000
        classes = drawn(numbered(np.zeros((draws, 1, 1, 313))), 7)
        counts = np.bincount(classes.ravel(), minlength=313)
        expected = draws / 313

        assert 312 - 100 < ((counts - expected) ** 2 / expected).sum() < 312 + 125

    def test_neighbours_are_drawn_alike(self):
        """Cells much closer than the coherence mostly share their colour, the closer the more.

        Ten equal classes: cells at random agree in one case of ten.
        """
        classes = drawn(numbered(np.zeros((60, 32, 32, 10))), 3, coherence=0.5)

        def agreement(rows: int) -> float:
            return float((classes[:, rows:] == classes[:, : 32 - rows]).mean())

        near = [agreement(rows) for rows in (1, 2, 4, 8)]
        assert near[0] > 0.75
        assert all(np.diff(near) < 0)

    def test_far_cells_are_drawn_apart(self):
        """Opposite corners are independent, when noise is shared over a quarter of the side."""
        classes = drawn(numbered(np.zeros((400, 32, 32, 10))), 3, coherence=0.25)
        agreement = (classes[:, 0, 0] == classes[:, -1, -1]).mean()

        assert agreement == pytest.approx(0.1, abs=0.06)  # 4 standard errors

    def test_noise_is_free_without_coherence(self):
        """With coherence 0 even neighbours are drawn independently."""
        classes = drawn(numbered(np.zeros((40, 32, 32, 10))), 3, coherence=0)

        assert (classes[:, 1:] == classes[:, :-1]).mean() == pytest.approx(0.1, abs=0.01)
        assert (classes[..., 1:] == classes[..., :-1]).mean() == pytest.approx(0.1, abs=0.01)

    def test_same_seed_same_draw(self):
        """A seed gives the same colours again, another one others."""
        one = random_distribution((1, 8, 9))

        np.testing.assert_array_equal(one.sample(4), one.sample(4))
        np.testing.assert_array_equal(one.sample(4), one.sample(np.int64(4)))
        assert not np.array_equal(one.sample(4), one.sample(5))

    def test_variants_differ(self):
        """Where the distribution is undecided, variants are colours apart, not shades."""
        one = random_distribution((1, 16, 16), spread=0.3)
        variants = [one.sample(seed) for seed in range(4)]
        apart = [np.abs(x - y).mean() for x, y in itertools.combinations(variants, 2)]

        assert min(apart) > 10

    def test_decided_colours_do_not_vary(self):
        """What the distribution is sure of is the same in every variant."""
        sure = Distribution(np.eye(313, dtype=np.float32)[None, None] * 100)

        np.testing.assert_allclose(sure.sample(1), sure.mean(), atol=1e-3)

    def test_samples_stay_among_the_bins(self):
        """A draw has the shape of a mean, and lies between the bins."""
        ab = random_distribution((2, 3, 5)).sample(0)

        assert (ab.shape, ab.dtype) == ((2, 3, 5, 2), np.float32)
        assert (np.abs(ab) <= 110).all()

    @pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 50), (1, 50, 1), (3, 2, 2)])
    @pytest.mark.parametrize("coherence", [0, 0.01, 0.5, 1, 1e308])
    def test_any_size_can_be_drawn(self, shape, coherence):
        """One cell, one row, one column; noise finer than a cell or wider than the picture."""
        assert np.isfinite(random_distribution(shape).sample(0, coherence)).all()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"seed": -1}, "seed must be a whole number, at least 0; received -1"),
            ({"seed": 1.5}, "seed must be a whole number, at least 0; received 1.5"),
            ({"seed": None}, "seed must be a whole number, at least 0; received None"),
            ({"seed": 0, "coherence": -0.1}, "coherence must be a number, at least 0; .*-0.1"),
            ({"seed": 0, "coherence": math.nan}, "coherence must be .* received nan"),
            ({"seed": 0, "temperature": 0}, "temperature must be a positive number"),
            ({"seed": 0, "softness": -1}, "softness must be a positive number.* received -1"),
        ],
    )
    def test_other_options_are_refused(self, options, message):
        """The message names the option and shows the value."""
        with pytest.raises(OptionError, match=message):
            random_distribution((1, 2, 2)).sample(**options)


class TestCalm:
    AB = np.full((1, 1, 5, 2), (50, -30), np.float32)
    ENTROPY = np.float32([[[0, 2.8, 3.1, 3.4, 4.5]]])

    def test_no_caution_changes_nothing(self):
        """At 0 the colours are those that came in, bit by bit."""
        np.testing.assert_array_equal(calm(self.AB, self.ENTROPY, 0), self.AB)

    def test_decided_colours_stay(self):
        """Up to 2.8 nats full caution leaves all chroma; from 4 nats on it leaves a fifth."""
        share = calm(self.AB, self.ENTROPY, 1) / self.AB

        np.testing.assert_allclose(share[0, 0, :, 0], [1, 1, 0.875, 0.6, 0.2], atol=1e-5)
        np.testing.assert_allclose(share[..., 0], share[..., 1], atol=1e-6)  # hue stays

    @settings(max_examples=60, deadline=None)
    @given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 6))
    def test_more_caution_is_calmer(self, one, other, entropy):
        """Chroma never grows with caution, nor with doubt, and never changes its sign."""
        low, high = sorted((one, other))
        doubts = np.float32([[[entropy, entropy + 0.1]]])
        ab = self.AB[:, :, :2]
        vivid, safe = calm(ab, doubts, low)[0, 0, :, 0], calm(ab, doubts, high)[0, 0, :, 0]

        assert (safe <= vivid + 1e-4).all()
        assert safe[1] <= safe[0] + 1e-4
        assert (safe >= 50 * 0.2 - 1e-4).all()
        assert (vivid <= 50 + 1e-4).all()
