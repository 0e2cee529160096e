import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from skimage.color import gray2rgb, rgb2gray, rgb2lab
from skimage.util import apply_parallel, img_as_float, img_as_ubyte

import colorkit
import colorkit.skimage as ours
from colorkit.bins import gamut_bins
from colorkit.errors import ImageError, ImageValueError, OptionError
from colorkit.skimage import (
    FILMS,
    ab_distribution,
    annealed_mean,
    colorfulness,
    colorize,
    decolorize,
)

DTYPES = (bool, np.int8, np.uint8, np.int16, np.uint16, np.float16, np.float32, np.float64)
AXES = (0, 1, 2, -1, -2, -3)


def in_dtype(values: np.ndarray, dtype: type) -> np.ndarray:
    """Values of [0, 1] as that dtype has them."""
    white = np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else 1
    return (np.rint(values * white) if white > 1 else values).astype(dtype)


@pytest.fixture(scope="module")
def slope() -> np.ndarray:
    """Give a gray picture, float64, wider than high."""
    return np.linspace(0, 1, 24 * 40).reshape(24, 40)


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """Give a photograph in colour, uint8."""
    return data.astronaut()[::4, ::4]


@pytest.mark.parametrize("dtype", DTYPES)
def test_floats_come_out(dtype, slope, astronaut):
    """Every function has the precision of scikit-image's own, and colours lie in [0, 1]."""
    gray, rgb = in_dtype(slope, dtype), in_dtype(astronaut / 255, dtype)
    wanted = rgb2lab(rgb).dtype

    coloured = colorize(gray)
    assert coloured.dtype == decolorize(rgb).dtype == ab_distribution(gray)[0].dtype == wanted
    assert coloured.min() >= 0
    assert coloured.max() <= 1
    assert annealed_mean(np.ones((2, 313), dtype)).dtype == wanted
    assert type(colorfulness(rgb)) is float


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_scale_is_that_of_the_dtype(dtype, slope, astronaut):
    """A picture and its `img_as_float` come out the same."""
    gray, rgb = in_dtype(slope, dtype), in_dtype(astronaut / 255, dtype)

    np.testing.assert_allclose(colorize(gray), colorize(img_as_float(gray)), atol=1e-6)
    np.testing.assert_allclose(decolorize(rgb), decolorize(img_as_float(rgb)), atol=1e-6)
    assert colorfulness(rgb) == pytest.approx(colorfulness(img_as_float(rgb)))


@pytest.mark.parametrize("axis", AXES)
def test_channels_lie_where_channel_axis_says(axis, slope, astronaut):
    """Channels may be on any axis; where they were they come out."""
    rgb = np.moveaxis(astronaut, -1, axis)
    gray = np.expand_dims(slope, axis)
    distribution = ab_distribution(gray, channel_axis=axis)[0]

    for image, same in ((rgb, colorize(astronaut, channel_axis=-1)), (gray, colorize(slope))):
        np.testing.assert_array_equal(
            colorize(image, channel_axis=axis), np.moveaxis(same, -1, axis)
        )
    np.testing.assert_array_equal(distribution, np.moveaxis(ab_distribution(slope)[0], -1, axis))
    np.testing.assert_array_equal(
        annealed_mean(distribution, channel_axis=axis),
        np.moveaxis(annealed_mean(ab_distribution(slope)[0]), -1, axis),
    )
    np.testing.assert_array_equal(decolorize(rgb, channel_axis=axis), decolorize(astronaut))
    assert decolorize(rgb, channel_axis=axis).shape == rgb2gray(rgb, channel_axis=axis).shape
    assert colorfulness(rgb, channel_axis=axis) == colorfulness(astronaut)
    assert colorize(slope).shape == gray2rgb(slope).shape


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ours.__all__)
def test_dtypes_and_axes_together(name, dtype, axis, astronaut):
    """An image of any dtype, channels anywhere, gives what float64 gives with channels last."""
    function = getattr(ours, name)
    options = {"bins": [[0, 0], [40, 0], [0, 40]]} if name == "annealed_mean" else {}
    rgb = in_dtype(0.1 + 0.9 * astronaut[::3, ::2] / 255, dtype)
    wanted = function(img_as_float(rgb).astype(float), channel_axis=-1, **options)
    given = function(np.moveaxis(rgb, -1, axis), channel_axis=axis, **options)

    wanted, given = (value[0] if isinstance(value, tuple) else value for value in (wanted, given))
    moved = given if np.ndim(given) < 3 else np.moveaxis(given, axis, -1)
    tolerance = 2e-3 if np.dtype(dtype).itemsize <= 4 and np.dtype(dtype).kind == "f" else 1e-5
    np.testing.assert_allclose(moved, wanted, atol=tolerance * max(1, np.abs(wanted).max()))


@pytest.mark.parametrize("function", [colorize, ab_distribution, decolorize, colorfulness])
@pytest.mark.parametrize(("value", "same"), [(1.0005, 1.0), (-0.0005, 0.0)])
def test_the_ends_of_the_range(function, value, same):
    """Black and white are images, and what rounding leaves beyond them is black and white."""
    given, wanted = (
        np.asarray(result[0] if isinstance(result, tuple) else result)
        for result in (function(np.full((9, 8, 3), v), channel_axis=-1) for v in (value, same))
    )
    assert np.isfinite(given).all()
    np.testing.assert_array_equal(given, wanted)


@pytest.mark.parametrize("function", [colorize, ab_distribution, decolorize, colorfulness])
@pytest.mark.parametrize("value", [np.nan, -0.5, 1.5, np.int8(-1), np.int32(1)])
def test_values_out_of_range(function, value):
    """Values that no image of that dtype has are a ValueError, whichever function is asked."""
    with pytest.raises(ImageValueError, match=r"image must lie in|image has the dtype int32"):
        function(np.full((9, 8, 3), value), channel_axis=-1)


@pytest.mark.parametrize("function", [colorize, ab_distribution, decolorize, colorfulness])
def test_alpha_is_refused(function):
    """RGBA is refused like in scikit-image, with the remedies; nothing drops it unasked."""
    rgba = np.zeros((8, 8, 4))
    with pytest.raises(ValueError, match="must have size 3"):
        rgb2gray(rgba)
    with pytest.raises(ImageValueError, match=r"Alpha is not dropped: skimage\.color\.rgba2rgb"):
        function(rgba, channel_axis=-1)


@pytest.mark.parametrize("function", [colorize, ab_distribution, decolorize, colorfulness])
def test_values_of_another_scale_are_refused(function):
    """Floats of 0 to 255, which scikit-image takes as they are, are named as what they are."""
    with pytest.raises(ImageValueError, match="received 200 to 200, scaled by dtype"):
        function(np.full((8, 8, 3), 200.0), channel_axis=-1)


def test_colours_have_to_be_announced():
    """Without `channel_axis`, three axes are no picture."""
    with pytest.raises(ImageValueError, match=r"received the shape \(8, 8, 3\)"):
        colorize(np.zeros((8, 8, 3)))


def test_a_picture_without_pixels_is_refused():
    """It is an ImageError like every other picture that cannot be coloured."""
    with pytest.raises(ImageError, match="is empty"):
        colorize(np.zeros((0, 8)))


@pytest.mark.parametrize("order", ["C", "F"])
def test_nothing_is_changed_in_place(order, slope, astronaut):
    """Read-only arrays of either memory order will do, and no result shares their memory."""
    gray = np.array(slope, order=order)
    rgb = np.array(astronaut / 255, order=order)
    chances = np.array(ab_distribution(slope)[0], order=order)
    for array in (gray, rgb, chances):
        array.flags.writeable = False

    results = (
        colorize(gray),
        ab_distribution(gray)[0],
        annealed_mean(chances),
        decolorize(rgb),
    )
    assert not any(np.shares_memory(r, a) for r in results for a in (gray, rgb, chances))
    np.testing.assert_array_equal(results[0], colorize(slope))
    assert colorfulness(rgb) == pytest.approx(colorfulness(astronaut))


def test_the_lightness_of_a_photograph_stays(photos):
    """Historic photographs get colours, and scikit-image finds their old L* in every pixel."""
    photo = next(photos.legacy())[::2, ::2]
    coloured = colorize(photo)
    lightness = rgb2lab(gray2rgb(photo))[..., 0]

    assert coloured.shape == (*photo.shape, 3)
    np.testing.assert_allclose(rgb2lab(coloured)[..., 0], lightness, atol=0.01)
    assert colorfulness(coloured) > 5
    assert (
        np.abs(img_as_ubyte(coloured).astype(int) - colorkit.colorize(gray2rgb(photo))).max() <= 1
    )


def test_options_are_those_of_colorkit(slope):
    """Backend, temperature, saturation, caution and size do what they do elsewhere."""
    options = {"temperature": 1.0, "saturation": 2.0, "caution": 0.0, "size": 32}

    np.testing.assert_array_equal(colorize(slope, **options), colorkit.colorize(slope, **options))
    np.testing.assert_allclose(colorize(slope, saturation=0), gray2rgb(slope), atol=1e-4)
    flat = colorize(slope, backend=lambda lightness: np.full((*lightness.shape[:3], 2), 20.0))
    assert np.ptp(rgb2lab(flat)[8:16, 16:24, 1]) < 1
    with pytest.raises(OptionError, match="saturation must be a number"):
        colorize(slope, saturation=-1)


def test_a_distribution_is_that_of_the_backend(slope):
    """Probabilities on a coarse grid, with their bins; their annealed mean is the network's."""
    probabilities, bins = ab_distribution(slope)
    believed = colorkit.Colorizer().distribution(slope)

    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(annealed_mean(probabilities, bins), believed.mean()[0], atol=1e-2)
    np.testing.assert_array_equal(bins, gamut_bins())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=25, deadline=None)
@given(p=st.floats(0.01, 0.99), temperature=st.floats(0.1, 3))
def test_the_annealed_mean_of_two_bins(dtype, p, temperature):
    """It weighs them by p^(1/T) and (1-p)^(1/T): the midpoint where both are alike."""
    pair = np.array([p, 1 - p], dtype)
    weight = p ** (1 / temperature) / (p ** (1 / temperature) + (1 - p) ** (1 / temperature))
    wanted = np.multiply(weight, [30, -10]) + np.multiply(1 - weight, [-50, 40])

    mean = annealed_mean(pair, [[30, -10], [-50, 40]], temperature=temperature)
    np.testing.assert_allclose(mean, wanted, atol=1e-3)
    doubled = annealed_mean(2 * pair, [[30, -10], [-50, 40]], temperature=temperature)
    np.testing.assert_allclose(doubled, mean, atol=1e-3)


def test_the_ends_of_temperature():
    """At 1 it is the mean, towards 0 the mode, however small the probabilities."""
    p = np.random.default_rng(1).random((4, 5, 313)) * 1e-200
    p[:, :, 7] = 2e-200

    mean = p @ gamut_bins() / p.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(annealed_mean(p, temperature=1), mean, rtol=1e-9)
    cold = annealed_mean(p, temperature=1e-300)
    np.testing.assert_array_equal(cold, np.broadcast_to(gamut_bins()[7], cold.shape))


@pytest.mark.parametrize(
    ("probabilities", "bins", "message"),
    [
        ([0.5, -0.5], np.zeros((2, 2)), r"at least 0.*received -0.5 to 0.5.*softmax"),
        ([0.0, 0.0], np.zeros((2, 2)), "nowhere all 0"),
        ([0.5, np.nan], np.zeros((2, 2)), "finite"),
        ([0.5, np.inf], np.zeros((2, 2)), "finite"),
        ([0.5, 0.5], None, r"each of 2 classes; received the shape \(313, 2\)"),
        (np.ones(529), None, "Pass those of ab_distribution"),
    ],
)
def test_what_is_no_distribution_is_refused(probabilities, bins, message):
    """Logits, NaN, and bins of another number."""
    with pytest.raises(ImageValueError, match=message):
        annealed_mean(probabilities, bins)


@pytest.mark.parametrize(
    ("colours", "wanted"),
    [
        ([[255, 0, 0]], 85.5296),
        ([[255, 0, 0], [0, 0, 255]], 272.6187),
        ([[0, 0, 0], [90, 90, 90], [255, 255, 255]], 0),
        ([[10, 200, 60]], 0.3 * np.hypot(190, 45)),
    ],
)
def test_colorfulness_in_closed_form(colours, wanted):
    """One flat colour, two halves, and gray."""
    assert colorfulness(np.array([colours], np.uint8)) == pytest.approx(wanted, abs=5e-5)


def test_colorfulness_follows_what_people_see(astronaut):
    """A photograph lies on the published scale; fading its colours lowers it in proportion."""
    gray = gray2rgb(rgb2gray(astronaut))

    assert 59 < colorfulness(astronaut) < 82  # "quite" to "highly colourful"
    half = colorfulness((astronaut / 255 + gray) / 2)
    assert half == pytest.approx(colorfulness(astronaut) / 2, rel=1e-6)


def test_panchromatic_film_keeps_lightness(astronaut):
    """Its gray has the L* that scikit-image finds in the colours."""
    gray = decolorize(astronaut)

    np.testing.assert_allclose(
        rgb2lab(gray2rgb(gray))[..., 0], rgb2lab(astronaut)[..., 0], atol=1e-3
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("film", FILMS)
def test_gray_is_gray_on_every_film(film, dtype):
    """Gray stays as it is, and white does not leave the range of `img_as_ubyte`."""
    gray = in_dtype(np.linspace(0, 1, 256), dtype)
    seen = decolorize(gray2rgb(gray), film=film)

    np.testing.assert_allclose(seen, img_as_float(gray), atol=1e-6)
    assert img_as_ubyte(seen).max() == 255


@pytest.mark.parametrize(
    ("film", "order"),
    [
        ("panchromatic", "blue red green"),
        ("orthochromatic", "red green blue"),
        ("blue-sensitive", "red green blue"),
    ],
)
def test_films_see_colours_differently(film, order):
    """Red is black on films that are blind to it; blue is bright on them."""
    colours = {"red": [1.0, 0, 0], "green": [0, 1.0, 0], "blue": [0, 0, 1.0]}
    seen = {name: float(decolorize(colour, film=film)) for name, colour in colours.items()}

    assert sorted(seen, key=seen.__getitem__) == order.split()
    assert (seen["red"] == 0) == (film != "panchromatic")
    assert (seen["green"] == 0) == (film == "blue-sensitive")


def test_a_film_that_nobody_sold():
    """The films that there are, are named."""
    with pytest.raises(OptionError, match=r"panchromatic, .*, blue-sensitive; received 'infrared'"):
        decolorize(np.zeros((2, 2, 3)), film="infrared")


def test_tiles_of_dask(astronaut, slope):
    """What looks at single pixels may work in tiles; what drops an axis has to say so."""
    dask = pytest.importorskip("dask.array")
    probabilities, _ = ab_distribution(slope)
    tiles = dask.from_array(astronaut, chunks=(50, 70, 3))

    gray = tiles.map_blocks(decolorize, drop_axis=2, dtype=float)
    np.testing.assert_allclose(gray.compute(), decolorize(astronaut), rtol=1e-12)
    ab = apply_parallel(annealed_mean, probabilities, (20, 30), channel_axis=-1, dtype=float)
    np.testing.assert_allclose(ab, annealed_mean(probabilities), rtol=1e-9)
    gray = apply_parallel(
        lambda tile: gray2rgb(decolorize(tile)), astronaut, (50, 70), channel_axis=-1, dtype=float
    )
    np.testing.assert_allclose(gray[..., 0], decolorize(astronaut), rtol=1e-12)


def test_stacks_of_dask(slope):
    """Pictures of a stack are coloured one by one, in any number of threads."""
    dask = pytest.importorskip("dask.array")
    stack = dask.from_array(np.stack([slope, slope[::-1]]), chunks=(1, *slope.shape))

    coloured = stack.map_blocks(
        lambda block: np.stack([colorize(picture) for picture in block]),
        chunks=(1, *slope.shape, 3),
        new_axis=3,
        dtype=float,
    ).compute(scheduler="threads")
    np.testing.assert_array_equal(coloured, [colorize(slope), colorize(slope[::-1])])


def test_examples_of_docstrings():
    """They run, and every public function has one."""
    finder = doctest.DocTestFinder(exclude_empty=False)
    tests = finder.find(ours, globs={})  # so that they import what they use
    public = [test for test in tests if test.name.rpartition(".")[2] in ours.__all__]

    assert len(public) == len(ours.__all__)
    for test in public:
        assert test.examples, test.name
        doctest.DebugRunner().run(test)


@pytest.mark.parametrize("name", ours.__all__)
def test_docstrings_are_numpydoc(name):
    """Docstrings have all parameters, results and examples, in the sections that numpydoc reads.

    Its wishes for longer texts are left out, and that for results without names: scikit-image's
    have names.
    """
    validate = pytest.importorskip("numpydoc.validate").validate
    wishes = {"ES01", "SA01", "PR04", "RT02", "SS05"}
    found = validate(f"colorkit.skimage.{name}")["errors"]

    assert not [error for error in found if error[0] not in wishes]


def test_scikit_image_is_not_shadowed():
    """Inside the package `import skimage` gets scikit-image, and our module does without it."""
    names = {"__name__": "colorkit.other", "__package__": "colorkit"}
    exec("import skimage", names)
    assert names["skimage"] is skimage is not ours
    assert Path(skimage.__file__).parent.name == "skimage"

    code = "import sys, colorkit.skimage; print({'skimage', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
