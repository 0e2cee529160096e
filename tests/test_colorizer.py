"""The whole way of a picture, with the embedded network and with small backends."""

import itertools
import pickle
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab

import colorkit
from colorkit import Colorizer, Distribution, Hint, Prediction
from colorkit.bins import gamut_bins
from colorkit.errors import BackendError, HintError, ImageValueError, OptionError

Array = NDArray[np.float32]


def teal(lightness: Array) -> Array:
    """One colour everywhere, at a quarter of the side."""
    n, height, width, _ = lightness.shape
    return np.full((n, height // 4, width // 4, 2), (-20, -10), np.float32)


def wild(lightness: Array) -> Array:
    """Colours that no display shows, different at every cell."""
    n, height, width, _ = lightness.shape
    rng = np.random.default_rng(height * width)
    return rng.uniform(-120, 120, (n, height // 8, width // 8, 2)).astype(np.float32)


class Torn:
    """Undecided between two colours; its own ab is a third; takes hints."""

    stride = 8
    size = 64
    accepts_hints = True

    def __init__(self, ab: bool = False) -> None:
        self.ab = ab
        self.seen: colorkit.HintMap | None = None

    def predict(self, lightness: Array, hints: colorkit.HintMap | None = None) -> Prediction:
        self.seen = hints
        n, height, width, _ = lightness.shape
        logits = np.full((n, height // 4, width // 4, len(gamut_bins())), -20, np.float32)
        logits[..., 10], logits[..., 200] = 2, 1
        ab = np.full((n, height // 4, width // 4, 2), 30, np.float32) if self.ab else None
        return Prediction(ab, Distribution(logits))


class Rivals:
    """Three maps, no distribution."""

    stride, size, accepts_hints = 8, 64, False

    def predict(self, lightness: Array, hints: colorkit.HintMap | None = None) -> Prediction:
        maps = [np.full((*lightness.shape[:3], 2), c, np.float32) for c in (10, 20, 30)]
        return Prediction(maps[0], alternatives=tuple(maps[1:]))


@pytest.fixture
def gray() -> NDArray[np.uint8]:
    """A picture of odd size with all tones, edges and texture."""
    rng = np.random.default_rng(3)
    slope = np.add.outer(np.arange(61), np.arange(83)) * 255 / 143
    slope[20:40, 30:60] = 255 - slope[20:40, 30:60]
    return np.clip(slope + rng.normal(0, 4, slope.shape), 0, 255).astype(np.uint8)


def rounding_bound(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How far L* of 8-bit RGB can be from what was meant, when each channel is half a level off.

    Luminance moves by at most the channels' weights times the slope of the sRGB curve over half a
    level (and a tenth of a level for the table of the curve); L* by its own slope over that.
    """

    def linear(code: NDArray[np.float64]) -> NDArray[np.float64]:
        code = np.clip(code, 0, 1)
        return np.where(code > 0.04045, ((code + 0.055) / 1.055) ** 2.4, code / 12.92)

    def lightness(y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(y > (6 / 29) ** 3, 116 * np.cbrt(y) - 16, y * (29 / 3) ** 3)

    weights = np.array([0.2126, 0.7152, 0.0722])
    code, off = rgb / 255, 0.55 / 255
    low, high = linear(code - off) @ weights, linear(code + off) @ weights
    middle = lightness(linear(code) @ weights)
    return np.maximum(lightness(high) - middle, middle - lightness(low)) + 2e-3


def lightness_error(gray: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Of a coloured picture against its source, by scikit-image, as a share of the bound."""
    before = rgb2lab(np.dstack([gray] * 3))[..., 0]
    return np.abs(rgb2lab(rgb)[..., 0] - before) / rounding_bound(rgb)


def test_lightness_survives_in_8_bits(gray):
    """L* of the result differs from the source's by no more than rounding can cause."""
    for backend in (teal, wild, "lite"):
        rgb = colorkit.colorize(gray, backend)
        assert lightness_error(gray, rgb).max() <= 1
        assert np.ptp(rgb.astype(int), axis=2).max() > 5  # there is colour at all


def test_lightness_survives_on_photographs(photos):
    """That holds for every historic and every validation photograph."""
    for gray in itertools.chain(photos.legacy(), photos.validation()):
        assert lightness_error(gray, colorkit.colorize(gray)).max() <= 1


@settings(max_examples=25, deadline=None)
@given(st.integers(18, 70), st.integers(18, 70), st.integers(0, 2**32 - 1))
def test_lightness_survives_in_floats(height, width, seed):
    """In float32, L* moves by less than 0.002 whatever a backend answers."""
    gray = np.random.default_rng(seed).random((height, width), np.float32)
    rgb = colorkit.colorize(gray, wild)
    assert rgb.dtype == np.float32
    before = rgb2lab(np.dstack([gray] * 3).astype(float))[..., 0]
    assert np.abs(rgb2lab(rgb.astype(float))[..., 0] - before).max() < 2e-3


@pytest.mark.parametrize("backend", [teal, "lite"])
def test_gray_and_rgb_of_it_look_the_same(gray, backend):
    """A gray picture saved as RGB gets the colours of the gray one."""
    one = colorkit.colorize(gray, backend).astype(int)
    other = colorkit.colorize(np.dstack([gray] * 3), backend).astype(int)
    assert np.abs(one - other).max() <= 1


def test_the_form_comes_back(gray):
    """Size, dtype and alpha are the input's; a Pillow image gives a Pillow image."""
    alpha = np.random.default_rng(0).integers(0, 256, gray.shape, np.uint8)
    with_alpha = colorkit.colorize(np.dstack([gray, alpha]), teal)
    assert with_alpha.shape == (*gray.shape, 4)
    np.testing.assert_array_equal(with_alpha[..., 3], alpha)
    deep = colorkit.colorize((257 * gray.astype(int)).astype(">u2"), teal)
    assert deep.dtype == np.dtype(">u2")
    photo = colorkit.colorize(Image.fromarray(gray), teal)
    assert isinstance(photo, Image.Image)
    np.testing.assert_array_equal(np.asarray(photo), colorkit.colorize(gray, teal))


def test_one_thread_or_many_give_the_same_bytes(gray):
    """The number of threads changes the time only."""
    large = np.tile(gray, (20, 15))
    results = [Colorizer(wild, threads=n).colorize(large) for n in (1, 2, 5)]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_the_same_picture_twice_gives_the_same_bytes(gray):
    """Colours are reproducible."""
    np.testing.assert_array_equal(colorkit.colorize(gray), colorkit.colorize(gray))


def test_saturation_scales_chroma(gray):
    """0 is gray, 1 as predicted, and chroma grows in between."""
    chroma = [
        np.hypot(*np.moveaxis(Colorizer(teal, saturation=s).ab(gray), -1, 0)).mean()
        for s in (0, 0.5, 1)
    ]
    assert chroma[0] == 0
    assert chroma[1] == pytest.approx(chroma[2] / 2)
    neutral = colorkit.colorize(gray, teal, saturation=0)
    assert np.ptp(neutral.astype(int), axis=2).max() <= 1


def test_temperature_goes_from_mode_to_mean(gray):
    """Towards 0 the likelier colour alone is left; at 1 both mix by their probabilities."""
    first, second = gamut_bins()[10], gamut_bins()[200]
    cold = Colorizer(Torn(), temperature=0.01, caution=0).ab(gray)
    np.testing.assert_allclose(cold, np.broadcast_to(first, cold.shape), atol=1e-3)
    warm = Colorizer(Torn(), temperature=1.0, caution=0).ab(gray)
    share = np.e / (1 + np.e)
    mixed = share * first + (1 - share) * second
    np.testing.assert_allclose(warm, np.broadcast_to(mixed, warm.shape), atol=1e-2)


def test_own_ab_counts_until_a_temperature_is_asked_for(gray):
    """A backend's ab is its answer; a temperature asks its distribution."""
    backend = Torn(ab=True)
    np.testing.assert_allclose(Colorizer(backend, caution=0).ab(gray), 30, atol=1e-4)
    asked = Colorizer(backend, caution=0, temperature=0.01).ab(gray)
    np.testing.assert_allclose(asked[0, 0], gamut_bins()[10], atol=1e-3)


def test_own_ab_fades_when_asked_to(gray):
    """Caution leaves a backend's own ab alone by default, and fades it by its distribution."""

    class Doubtful(Torn):
        def predict(self, lightness, hints=None):
            torn = super().predict(lightness, hints)
            flat = np.zeros_like(torn.distribution.logits[:, ::2, ::2])
            return Prediction(torn.ab, Distribution(flat))

    np.testing.assert_allclose(Colorizer(Doubtful(ab=True)).ab(gray), 30, atol=1e-4)
    np.testing.assert_allclose(Colorizer(Doubtful(ab=True), caution=1.0).ab(gray), 6, atol=1e-3)


def test_caution_fades_doubt_only(gray):
    """More caution, less chroma, where the network hesitates; none of it where it is sure."""
    chroma = [np.hypot(*np.moveaxis(Colorizer(caution=c).ab(gray), -1, 0)) for c in (0, 0.5, 1)]
    assert chroma[0].mean() > chroma[1].mean() > chroma[2].mean() > 0
    sure = [Colorizer(Torn(), caution=c).ab(gray) for c in (0, 1)]
    np.testing.assert_array_equal(*sure)


def test_guided_upsampling_is_the_default(gray):
    """Its other choice is bilinear."""
    default, guided, bilinear = (
        Colorizer(wild, **options).ab(gray)
        for options in ({}, {"upsampling": "guided"}, {"upsampling": "bilinear"})
    )
    np.testing.assert_array_equal(default, guided)
    assert np.abs(default - bilinear).max() > 0.1


def test_size_is_what_the_network_sees(gray):
    """Its short side has that many pixels, padded to the stride; the long one is in proportion."""
    seen = []

    def look(lightness: Array) -> Array:
        seen.append(lightness.shape)
        return teal(lightness)

    colorkit.colorize(gray, look, size=100)
    colorkit.colorize(gray, look)
    assert seen == [(1, 104, 136, 1), (1, 256, 352, 1)]


def test_hints_reach_a_backend_that_takes_them(gray):
    """A point's colour lies where the point is, at the size of the network."""
    backend = Torn()
    colorkit.colorize(gray, backend, hints=[Hint(0, 0, (5, 6)), Hint(60, 82, (7, 8), radius=10)])
    assert backend.seen is not None
    assert tuple(backend.seen.ab[0, 0, 0]) == (5, 6)
    assert tuple(backend.seen.ab[0, 60, 82]) == (7, 8)
    assert 1 < backend.seen.mask.sum() < 200


def ab_shown(rgb: Array, at: tuple[int, int]) -> NDArray[np.float64]:
    """The colour of a pixel, by scikit-image."""
    return rgb2lab(rgb[at].astype(np.float64))[1:]


@pytest.mark.parametrize("backend", ["lite", teal, wild])
def test_hints_win_where_the_backend_takes_none(gray, backend):
    """At each point is the person's colour, though the points lie in texture and near edges."""
    image = (gray / 255).astype(np.float32) * 0.6 + 0.2
    points = [(5, 9), (25, 40), (22, 33), (45, 20), (58, 80), (0, 82)]
    given = [Hint(*at, (6.0 * i - 15, 20.0 - 7 * i)) for i, at in enumerate(points)]
    coloured = colorkit.colorize(image, backend, hints=given)
    for at, hint in zip(points, given, strict=True):
        np.testing.assert_allclose(ab_shown(coloured, at), hint.ab, atol=1)
    assert lightness_error(gray, colorkit.colorize(gray, backend, hints=given)).max() <= 1


def test_gray_is_a_hint_like_others(gray):
    """It takes colour away where it is given."""
    image = (gray / 255).astype(np.float32) * 0.6 + 0.2
    coloured = colorkit.colorize(image, teal, hints=[Hint(10, 10, "#808080", radius=5)])
    for at in ((10, 10), (6, 10), (10, 14)):
        np.testing.assert_allclose(ab_shown(coloured, at), (0, 0), atol=1)
    assert np.hypot(*ab_shown(coloured, (30, 45))) > 5


def test_hints_stay_on_their_side_of_an_edge():
    """Two colours beside an edge do not run over it, and one alone hardly does."""
    image = np.full((200, 300), 0.3, np.float32)
    image[:, 150:] = 0.7
    left, right = (30.0, 25.0), (-20.0, -30.0)
    both = colorkit.colorize(image, teal, hints=[Hint(99, 130, left), Hint(99, 170, right)])
    one = colorkit.colorize(image, teal, hints=[Hint(99, 130, left)])
    for row in (20, 99, 180):
        np.testing.assert_allclose(ab_shown(both, (row, 145)), ab_shown(both, (row, 132)), atol=8)
        np.testing.assert_allclose(ab_shown(one, (row, 160)), (-20, -10), atol=6)
    np.testing.assert_allclose(ab_shown(both, (99, 146)), left, atol=4)
    np.testing.assert_allclose(ab_shown(both, (99, 153)), right, atol=4)


@pytest.mark.parametrize("options", [{"saturation": 0.0}, {"saturation": 2.0}, {"caution": 1.0}])
def test_nothing_fades_a_persons_colour(gray, options):
    """Saturation and caution are for guesses, also where the backend takes hints itself."""

    class Obedient(Torn):
        def predict(self, lightness: Array, hints: colorkit.HintMap | None = None) -> Prediction:
            assert hints is not None
            ab = np.where(hints.mask > 0, hints.ab, np.float32(10))
            n, height, width, _ = lightness.shape
            return Prediction(ab, Distribution(np.zeros((n, height, width, 313), np.float32)))

    image = (gray / 255).astype(np.float32) * 0.6 + 0.2
    given = [Hint(15, 20, (20.0, -12.0), radius=6)]
    for backend in ("lite", Obedient()):
        coloured = colorkit.colorize(image, backend, hints=given, **options)
        np.testing.assert_allclose(ab_shown(coloured, (15, 20)), (20, -12), atol=1)


def test_a_hint_of_what_is_there_changes_nothing(gray):
    """The picture that has a colour already keeps it."""
    plain = colorkit.colorize(gray, teal).astype(int)
    hinted = colorkit.colorize(gray, teal, hints=[Hint(30, 40, (-20.0, -10.0))]).astype(int)
    assert np.abs(plain - hinted).max() <= 1


def test_the_order_of_hints_is_nothing(gray):
    """Nor do no hints do anything."""
    given = [Hint(5 * i, 7 * i, (5.0 * i, 9.0 - i)) for i in range(10)]
    one = colorkit.colorize(gray, hints=given)
    np.testing.assert_array_equal(one, colorkit.colorize(gray, hints=given[::-1]))
    np.testing.assert_array_equal(colorkit.colorize(gray, hints=[]), colorkit.colorize(gray))


def test_hints_are_refused_where_they_cannot_be_kept(gray):
    """Outside the picture always; with strict, where the backend takes none itself."""
    given = [Hint(1, 1, (0, 0))]
    with pytest.raises(BackendError, match="'lite' takes no hints; without strict=True"):
        colorkit.colorize(gray, hints=given, strict=True)
    with pytest.raises(BackendError, match="'teal' takes no hints"):
        Colorizer(teal).colorize(gray, hints=given, strict=True)
    colorkit.colorize(gray, Torn(), hints=given, strict=True)
    with pytest.raises(HintError, match="row 61, column 0 lies outside the picture of 61 rows"):
        colorkit.colorize(gray, Torn(), hints=[Hint(61, 0, (0, 0))])


def test_uncertainty_is_one_minus_confidence(gray):
    """It has the picture's size, and is what the distribution says about the place."""
    recipe = Colorizer("lite")
    doubt = recipe.uncertainty(gray)
    believed = recipe.distribution(gray)
    assert doubt.shape == gray.shape
    assert doubt.dtype == np.float32
    row, column = 40, 30
    at = tuple(int((p + 0.5) / c) for p, c in zip((row, column), believed.cell, strict=True))
    around = 1 - believed.confidence()[0][at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2]
    assert around.min() <= doubt[row, column] <= around.max()
    torn = Colorizer(Torn(), temperature=0.01).uncertainty(gray)
    np.testing.assert_allclose(torn, 1 / (1 + np.e), atol=1e-3)
    with pytest.raises(BackendError, match="'teal' gives no distribution"):
        Colorizer(teal).uncertainty(gray)


def test_options_that_need_a_distribution_are_refused_without(gray):
    """Asked for, temperature or caution raises; left alone, both are fine."""
    colorkit.colorize(gray, teal)
    with pytest.raises(BackendError, match=r"'teal'.*temperature=0.5 cannot be honoured"):
        colorkit.colorize(gray, teal, temperature=0.5)
    with pytest.raises(BackendError, match=r"'teal'.*caution=0.5 cannot be honoured"):
        colorkit.colorize(gray, teal, caution=0.5)
    with pytest.raises(BackendError, match="'teal' gives no distribution"):
        Colorizer(teal).distribution(gray)
    with pytest.raises(BackendError, match="'teal' gives one answer only"):
        Colorizer(teal).variants(gray)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, r"temperature must be a positive number,.* received 0"),
        ({"temperature": float("nan")}, r"temperature must be a positive number,.* received nan"),
        ({"temperature": "hot"}, r"temperature must be a positive number,.* received 'hot'"),
        ({"saturation": -1}, r"saturation must be a number in 0\.\.10; received -1"),
        ({"saturation": float("nan")}, r"saturation must be a number in 0\.\.10; received nan"),
        ({"caution": 1.5}, r"caution must be a number in 0\.\.1; received 1.5"),
        ({"size": 0}, r"size must be a whole number in 1\.\.1024; received 0"),
        ({"size": 99.5}, r"size must be a whole number in 1\.\.1024; received 99.5"),
        ({"size": 5000}, r"size must be a whole number in 1\.\.1024; received 5000"),
        ({"upsampling": "cubic"}, "upsampling must be 'guided' or 'bilinear'; received 'cubic'"),
        ({"threads": 0}, "threads must be a whole number, at least 1; received 0"),
    ],
)
def test_options_outside_their_range_are_refused(options, message):
    """At once, when the recipe is made, naming the value."""
    with pytest.raises(OptionError, match=message):
        Colorizer(**options)


def test_nonsense_from_a_backend_is_refused(gray):
    """NaN, wrong shapes and wrong types are errors with the backend's name, never a picture."""

    def broken(lightness: Array) -> Array:
        return np.full((*lightness.shape[:3], 2), np.nan, np.float32)

    def misshapen(lightness: Array) -> Array:
        return np.zeros((*lightness.shape[:3], 3), np.float32)

    with pytest.raises(BackendError, match="'broken' answered with ab that are NaN or infinite"):
        colorkit.colorize(gray, broken)
    with pytest.raises(BackendError, match="'misshapen' answered with ab of shape"):
        colorkit.colorize(gray, misshapen)


def test_a_recipe_is_a_value():
    """Equal recipes are equal, print as their call, and pickle to equal recipes."""
    one = Colorizer("lite", temperature=0.5, size=128)
    assert one == Colorizer("lite", size=128, temperature=0.5)
    assert hash(one) == hash(Colorizer("lite", temperature=0.5, size=128))
    assert one != Colorizer("lite", temperature=0.6, size=128)
    assert repr(one) == "Colorizer(backend='lite', temperature=0.5, size=128)"
    assert eval(repr(one), {"Colorizer": Colorizer}) == one
    one.load()
    assert pickle.loads(pickle.dumps(one)) == one
    assert repr(Colorizer()) == "Colorizer()"
    with pytest.raises(AttributeError):
        one.temperature = 1.0


def test_a_pickled_recipe_colours_the_same(gray):
    """Also after its backend was loaded."""
    recipe = Colorizer("lite")
    here = recipe.colorize(gray)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(recipe)).colorize(gray), here)


def test_a_backend_is_loaded_once(registry, gray):
    """However many pictures, recipes and threads ask for it."""
    made = []

    @colorkit.register_backend("counted")
    class Counted(Rivals):
        def __init__(self) -> None:
            made.append(self)

    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        colorkit.colorize(gray, "counted")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Colorizer("counted", saturation=0.5).colorize(gray)
    assert len(made) == 1


def test_threads_that_share_a_recipe_load_its_class_once(gray):
    """A class without a name is made once too, however many threads begin with it together."""
    made = []
    start = threading.Barrier(4)

    class Slow(Rivals):
        def __init__(self) -> None:
            made.append(self)
            np.linalg.svd(np.random.default_rng(0).random((300, 300)))  # others get their turn

    recipe = Colorizer(Slow)

    def work() -> None:
        start.wait()
        recipe.colorize(gray)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_map_keeps_order_and_looks_ahead_a_little(gray):
    """An endless stream of pictures is coloured with at most three of them taken."""
    taken = []

    def endless() -> Iterator[NDArray[np.uint8]]:
        for i in itertools.count():
            taken.append(i)
            yield np.full((9, 9), i % 256, np.uint8)

    coloured = Colorizer(teal).map(endless())
    for i in range(5):
        one = next(coloured)
        np.testing.assert_array_equal(one, colorkit.colorize(np.full((9, 9), i, np.uint8), teal))
        assert len(taken) <= i + 3
    coloured.close()


def test_map_raises_in_the_place_of_the_bad_picture(gray):
    """What comes before it is handed out."""
    pictures = [gray, gray[:0], gray]
    coloured = Colorizer(teal).map(pictures)
    assert next(coloured).shape == (*gray.shape, 3)
    with pytest.raises(ImageValueError, match="image is empty"):
        next(coloured)


@pytest.mark.parametrize("takes", [True, False])
def test_a_persons_hints_lie_over_what_has_arrived(takes):
    """Both are at network size, padding included; a person's are there if the backend takes any."""

    class Recorder(Rivals):
        accepts_hints, refines = takes, True

        def predict(self, lightness: Array, hints: colorkit.HintMap | None = None) -> Prediction:
            self.seen = hints
            return super().predict(lightness, hints)

    backend = Recorder()
    recipe = Colorizer(backend)
    lightness = np.full((30, 50), 50, np.float32)
    arrived = colorkit.HintMap(
        np.full((1, 15, 25, 2), (4, 6), np.float32), np.full((1, 15, 25, 1), 0.5, np.float32)
    )
    assert recipe.refines
    recipe.paint(lightness, lightness, hints=[Hint(15, 25, (50, 40), radius=3)], arrived=arrived)
    assert backend.seen.ab.shape == (1, 64, 112, 2)
    np.testing.assert_allclose(backend.seen.ab[0, 0, 0], (4, 6), rtol=1e-6)
    np.testing.assert_allclose(backend.seen.mask[0, -1, -1], 0.5, rtol=1e-6)
    middle = backend.seen.ab[0, 33, 54], backend.seen.mask[0, 33, 54, 0]
    expected = ((50, 40), 1) if takes else ((4, 6), 0.5)
    for found, wanted in zip(middle, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_variants_differ_and_can_be_had_again(gray):
    """Each seed is one colouring; more of them does not change the first."""
    recipe = Colorizer()
    four = recipe.variants(gray, 4, seed=1)
    again = recipe.variants(gray, 2, seed=1)
    np.testing.assert_array_equal(four[0], again[0])
    np.testing.assert_array_equal(four[1], again[1])
    for one, other in itertools.combinations(four, 2):
        assert np.abs(one.astype(int) - other).max() > 5
    for one in four:
        assert lightness_error(gray, one).max() <= 1


def test_variants_of_a_backend_with_alternatives_are_these(gray):
    """Best first, the answer itself among them."""
    variants = Colorizer(Rivals()).variants(gray, 3)
    expected = [10, 20, 30]
    for variant, ab in zip(variants, expected, strict=True):
        found = rgb2lab(variant)[30, 40, 1:]
        np.testing.assert_allclose(found, ab, atol=2)


def test_distribution_covers_the_picture(gray):
    """Its cells are in the picture's coordinates, without the padding."""
    believed = Colorizer().distribution(gray)
    height, width = believed.logits.shape[1:3]
    assert height * believed.cell[0] == pytest.approx(gray.shape[0], abs=believed.cell[0])
    assert width * believed.cell[1] == pytest.approx(gray.shape[1], abs=believed.cell[1])
    corner = believed.top(3, at=(60, 82))
    assert 1 >= corner[0][1] >= corner[1][1] >= corner[2][1] > 0


def test_an_input_is_never_changed(gray):
    """Nor does the result share its memory."""
    for image in (gray, gray.astype(np.float64) / 255, np.dstack([gray] * 4)):
        before = image.copy()
        result = colorkit.colorize(image, teal)
        np.testing.assert_array_equal(image, before)
        assert not np.shares_memory(result, image)


def test_turned_pictures_get_turned_colours(gray):
    """A mirrored picture gets mirrored colours, where the backend mirrors them."""

    def by_lightness(lightness: Array) -> Array:
        n, height, width, _ = lightness.shape
        blocks = lightness.reshape(n, height // 8, 8, width // 8, 8).mean(axis=(2, 4))
        return np.stack([blocks - 50, 50 - blocks], axis=-1)

    square = np.tile(gray, (2, 2))[:64, :64]
    options = {"backend": by_lightness, "size": 64}
    plain = colorkit.colorize(square, **options).astype(int)
    mirrored = colorkit.colorize(square[:, ::-1], **options).astype(int)
    assert np.abs(plain - mirrored[:, ::-1]).max() <= 1
