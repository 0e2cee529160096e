"""Colour for scikit-image: its conventions for channels, dtypes and ranges, with NumPy alone.

Images are bool, 8- or 16-bit whole numbers (scaled as `skimage.util.img_as_float` does), or floats
in [0, 1]. Float16 and float32 give float32, the rest float64; nothing is changed in place. What is
no such image raises `ImageValueError`, an option outside its range `OptionError`: both ValueErrors.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from colorkit import lab
from colorkit.bins import PUBLISHED_TEMPERATURE, check_temperature, gamut_bins
from colorkit.channels import Array, Axis, channels, channels_back, channels_last, floats, picture
from colorkit.colorizer import BackendLike, Colorizer
from colorkit.errors import ImageValueError, OptionError

__all__ = ["ab_distribution", "annealed_mean", "colorfulness", "colorize", "decolorize"]

FILMS = {
    "panchromatic": lab.XYZ_FROM_RGB[1],
    # Sensitised to green and blind to red; equal shares stand in for emulsions that differed.
    "orthochromatic": np.array([0, 0.5, 0.5]),
    # Silver halides alone respond below about 500 nm, where of the primaries only blue shines.
    "blue-sensitive": np.array([0.0, 0, 1]),
}
"""Shares of red, green and blue light; they sum to 1, so that gray stays as it is."""


def colorize(
    image: ArrayLike,
    *,
    channel_axis: Axis | None = None,
    backend: BackendLike | None = None,
    temperature: float | None = None,
    saturation: float = 1.0,
    caution: float | None = None,
    size: int | None = None,
) -> Array:
    """Colour a black-and-white image; the lightness of every pixel stays.

    The network looks at the whole image: tiles would each have colours of their own.

    Parameters
    ----------
    image : (M, N[, C]) array_like
        Gray; with `channel_axis`, gray or RGB, whose colours are replaced.
    channel_axis : int, optional
        The axis of 1 or 3 channels. By default there is none.
    backend, temperature, saturation, caution, size
        As for `colorkit.colorize`.

    Returns
    -------
    out : (M, N, 3) ndarray
        RGB in [0, 1], with its channels at `channel_axis`, or last.

    Examples
    --------
    >>> from colorkit.skimage import colorize
    >>> colorize([[0.0, 0.5], [0.5, 1.0]]).shape
    (2, 2, 3)
    """
    recipe = Colorizer(
        backend, temperature=temperature, saturation=saturation, caution=caution, size=size
    )
    return channels_back(recipe.colorize(picture(image, channel_axis)), channel_axis)


def ab_distribution(
    image: ArrayLike, *, channel_axis: Axis | None = None, backend: BackendLike | None = None
) -> tuple[Array, NDArray[np.float32]]:
    """Probabilities of colours, on the coarse grid of a network.

    Parameters
    ----------
    image, channel_axis, backend
        As for `colorize`.

    Returns
    -------
    probabilities : (m, n, Q) ndarray
        Sum to 1 along their last axis, or along `channel_axis` if that is given.
    bins : (Q, 2) ndarray
        The a and b of each class, Lab units.

    Examples
    --------
    >>> from colorkit.skimage import ab_distribution
    >>> probabilities, bins = ab_distribution([[0.0, 0.5], [0.5, 1.0]])
    >>> probabilities.shape, bins.shape
    ((64, 64, 313), (313, 2))
    """
    code = picture(image, channel_axis)
    believed = Colorizer(backend).distribution(code)
    probabilities = believed.probabilities()[0].astype(code.dtype, copy=False)
    return channels_back(probabilities, channel_axis), believed.bins


def annealed_mean(
    probabilities: ArrayLike,
    bins: ArrayLike | None = None,
    *,
    temperature: float = PUBLISHED_TEMPERATURE,
    channel_axis: Axis = -1,
) -> Array:
    """The colour between mean and mode of a distribution (Zhang et al. 2016, equation 5).

    Parameters
    ----------
    probabilities : (..., Q) array_like
        Relative ones will do; logits need a softmax first.
    bins : (Q, 2) array_like, optional
        The a and b of each class, Lab units. By default `colorkit.bins.gamut_bins`.
    temperature : float, optional
        1 is the mean, towards 0 the mode.
    channel_axis : int, optional
        The axis of classes.

    Returns
    -------
    ab : (..., 2) ndarray
        Lab units, along `channel_axis`.

    Examples
    --------
    >>> from colorkit.skimage import annealed_mean
    >>> annealed_mean([[0.2, 0.8]], [[0, 0], [10, -20]], temperature=0.5).round(2)
    array([[  9.41, -18.82]])
    """
    check_temperature(temperature)
    p = channels_last(floats(probabilities), channel_axis)
    colours = np.asarray(gamut_bins() if bins is None else bins, p.dtype)
    if colours.shape != (p.shape[-1], 2):
        raise ImageValueError(
            f"bins must be a pair of a and b for each of {p.shape[-1]} classes; received the shape "
            f"{colours.shape}. Pass those of ab_distribution, and channel_axis if not last"
        )
    highest = p.max(axis=-1, keepdims=True)
    if not (np.all(p >= 0) and np.all(highest > 0) and np.all(highest < np.inf)):
        raise ImageValueError(
            f"probabilities must be finite, at least 0, and nowhere all 0; received {p.min():.6g} "
            f"to {p.max():.6g}. Of logits, scipy.special.softmax makes probabilities"
        )
    weights = (p / highest) ** (1 / max(temperature, 1e-6))
    return channels_back(weights @ colours / weights.sum(-1, keepdims=True), channel_axis)


def colorfulness(image: ArrayLike, *, channel_axis: Axis = -1) -> float:
    """M3 of Hasler and Suesstrunk (2003), with the population's standard deviation.

    Parameters
    ----------
    image : (..., 3) array_like
        RGB.
    channel_axis : int, optional
        The axis of channels.

    Returns
    -------
    m3 : float
        0 is gray, 15 slightly colourful, 33 moderately, 59 quite, 109 extremely.

    Examples
    --------
    >>> from colorkit.skimage import colorfulness
    >>> round(colorfulness([[[1.0, 0.0, 0.0]]]), 4)
    85.5296
    """
    from colorkit.evaluation import metrics  # brings in all of evaluation

    return metrics.colorfulness(255 * channels(image, channel_axis, 3).astype(float))


def decolorize(image: ArrayLike, *, channel_axis: Axis = -1, film: str = "panchromatic") -> Array:
    """Gray as a film sees it, pixel by pixel, mixed in linear light.

    Parameters
    ----------
    image, channel_axis
        As for `colorfulness`.
    film : {"panchromatic", "orthochromatic", "blue-sensitive"}, optional
        Luminance, so that L* stays; blind to red (until the 1920s); or to green, too (the 1880s).

    Returns
    -------
    out : (...) ndarray
        In [0, 1], without `channel_axis`.

    Examples
    --------
    >>> from colorkit.skimage import decolorize
    >>> decolorize([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).round(2)
    array([0.5, 0.3])
    """
    if film not in FILMS:
        raise OptionError(f"film must be one of {', '.join(FILMS)}; received {film!r}")
    rgb = channels(image, channel_axis, 3)
    light = lab.srgb_to_linear(rgb) @ FILMS[film].astype(rgb.dtype)
    return lab.linear_to_srgb(light).clip(0, 1)
