"""How far one picture is from another: PSNR, SSIM, CIEDE2000; and how colourful it is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

HIGHEST_PSNR = 100.0
"""In dB: stands for the infinity that equal pictures have. One level in one channel of one pixel of
256 x 256 is 101 dB."""


def psnr(image: Image, truth: Image) -> float:
    """Peak signal-to-noise ratio in dB of uint8 pictures, over all channels; at most 100."""
    square = np.mean((image.astype(np.float64) - truth) ** 2)
    return HIGHEST_PSNR if square == 0 else min(10 * np.log10(255**2 / square), HIGHEST_PSNR)


def ssim(image: Image, truth: Image) -> float:
    """Structural similarity of uint8 pictures ``(H, W, 3)``, mean over red, green and blue.

    As Wang et al. (2004) define it: Gaussian window of 11 x 11, sigma 1.5, population covariance.
    """
    from skimage.metrics import structural_similarity

    similarity = structural_similarity(
        image,
        truth,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
        channel_axis=-1,
    )
    return float(similarity)


def ciede2000(lab: NDArray[Any], truth: NDArray[Any]) -> NDArray[Any]:
    """Colour differences ``(...)`` that people would see between Lab colours ``(..., 3)``."""
    from skimage.color import deltaE_ciede2000

    difference: NDArray[Any] = deltaE_ciede2000(truth, lab)
    return difference


def colorfulness(image: NDArray[Any]) -> float:
    """M3 of Hasler and Suesstrunk (2003) of RGB in 0..255, with the population's deviation."""
    red, green, blue = np.moveaxis(image.astype(np.float64), -1, 0)
    opponents = np.stack([(red - green).ravel(), ((red + green) / 2 - blue).ravel()])
    return float(np.hypot(*opponents.std(axis=1)) + 0.3 * np.hypot(*opponents.mean(axis=1)))
