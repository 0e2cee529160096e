import numpy as np
import pytest
from skimage.color import rgb2lab
from skimage.util import img_as_float

from colorkit.channels import channels, channels_back, channels_last, code_values, picture
from colorkit.errors import ImageValueError, OptionError

DTYPES = (bool, np.int8, np.uint8, np.int16, np.uint16, np.float16, np.float32, np.float64)


def image(dtype: type, shape: tuple[int, ...] = (6, 5, 3)) -> np.ndarray:
    """Every value of a dtype that an image may have, black and white among them."""
    values = np.random.default_rng(3).random(shape)
    values.flat[:2] = 0, 1
    white = np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else 1
    return np.rint(values * white).astype(dtype) if white > 1 else (values.round(1)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_are_scaled_by_dtype(dtype):
    """Values and precision are those that scikit-image computes with."""
    given = image(dtype)
    code = code_values(given)

    assert code.dtype == rgb2lab(given).dtype
    np.testing.assert_allclose(code, img_as_float(given), rtol=1e-15)


def test_lists_and_wide_floats_are_images():
    """What NumPy makes an array of will do; long doubles become float64."""
    assert code_values([[0, 0.5], [1, 1]]).dtype == np.float64
    assert code_values(np.ones((2, 2), np.longdouble)).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64, np.uint64])
def test_wide_whole_numbers_are_refused(dtype):
    """Where scikit-image makes 255 in an int64 array black, the dtype is named."""
    assert img_as_float(np.full((2, 2), 255, dtype)).max() < 1e-6
    with pytest.raises(ImageValueError, match=r"dtype u?int\d\d, whose white is \d+; use astype"):
        code_values(np.full((2, 2), 255, dtype))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.full((2, 2), 255.0), r"\[0, 1\], without NaN; received 255 to 255"),
        (np.array([[0, np.nan]]), "received nan to nan"),
        (np.array([[0, -np.inf]]), "received -inf to 0"),
        (np.array([[-128, 0]], np.int8), r"received -1\.\d+ to 0, scaled by dtype"),
        (np.ma.masked_less([[0.1, 0.9]], 0.5), r"masked values; fill them first"),
    ],
)
def test_values_that_no_image_has(given, message):
    """Floats of 0 to 255, NaN, negative and masked values are refused."""
    with pytest.raises(ImageValueError, match=message):
        code_values(given)


def test_rounding_is_forgiven():
    """Values that resampling has left just outside [0, 1] are brought back."""
    assert code_values([-5e-4, 0.5, 1.0005]).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    "given", [np.zeros((4, 4, 3), complex), np.full((4, 4, 3), None), np.full((4, 4, 3), "a")]
)
def test_what_is_no_number_is_a_value_error(given):
    """As in scikit-image, a dtype that holds no real numbers is a ValueError."""
    with pytest.raises(ValueError, match=r"complex|Cannot convert"):
        rgb2lab(given)
    with pytest.raises(ImageValueError, match="dtype must be of real numbers; received"):
        code_values(given)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3, (0,)])
def test_channels_go_back_where_they_were(axis):
    """Moved last and back, an array is as before."""
    given = np.arange(24.0).reshape(2, 3, 4)

    np.testing.assert_array_equal(channels_back(channels_last(given, axis), axis), given)


@pytest.mark.parametrize("axis", [3, -4, (0, 1), 1.5, "last"])
def test_axes_that_are_none(axis):
    """An axis that the image does not have is a ValueError that names it."""
    with pytest.raises(OptionError, match=r"one axis of the shape \(4, 4, 3\); received"):
        channels_last(np.zeros((4, 4, 3)), axis)


@pytest.mark.parametrize("shape", [(4, 4, 4), (4, 4, 2), (4, 4)])
def test_alpha_is_not_dropped(shape):
    """Another number of channels is refused, as in scikit-image; the remedies are named."""
    with pytest.raises(ValueError, match="must have size 3 along"):
        rgb2lab(np.zeros(shape))
    with pytest.raises(ImageValueError, match=r"size 3 along channel_axis=-1.*rgba2rgb"):
        channels(np.zeros(shape), -1, 3)


@pytest.mark.parametrize(
    ("shape", "axis"), [((4, 4, 3), None), ((2, 4, 4, 3), -1), ((4,), None), ((4, 3), -1)]
)
def test_a_picture_has_two_axes(shape, axis):
    """Stacks, rows, and channels that nobody named are no picture."""
    with pytest.raises(ImageValueError, match=r"\(M, N\), or \(M, N, C\) with channel_axis"):
        picture(np.zeros(shape), axis)
