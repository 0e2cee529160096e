"""What one photograph tells about a way to colour it."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import lab
from colorkit.bins import PUBLISHED_TEMPERATURE, nearest_bin
from colorkit.colorizer import Colorizer
from colorkit.errors import BackendError
from colorkit.evaluation import faults, metrics
from colorkit.evaluation.auc import tally
from colorkit.evaluation.calibration import reliability
from colorkit.evaluation.stability import at_other_scales, instability
from colorkit.photos import StoredPhoto

SIDE = 256
"""Photographs are squashed to this many pixels a side, as in the paper."""

Marks = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Truth:
    """A photograph whose colours are known, at the size of the test.

    Attributes
    ----------
    rgb : ndarray
        ``(256, 256, 3)`` uint8.
    """

    rgb: NDArray[np.uint8]

    @classmethod
    def of(cls, photo: StoredPhoto) -> "Truth":
        """Read a photograph, and squash it (bicubic)."""
        from PIL import Image

        picture = Image.fromarray(photo.read())
        return cls(np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)))

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """L* in 0..100 and ab in Lab units, ``(256, 256, 3)``."""
        return lab.rgb_to_lab(self.rgb / np.float32(255))

    @property
    def ab(self) -> NDArray[np.float32]:
        """Lab units, ``(256, 256, 2)``."""
        return self.lab[..., 1:]

    @cached_property
    def bins(self) -> NDArray[np.intp]:
        """The `nearest_bin` of each pixel, ``(256, 256)``."""
        return nearest_bin(self.ab)

    @cached_property
    def colorfulness(self) -> float:
        """Of `metrics.colorfulness`."""
        return metrics.colorfulness(self.rgb)


def marks_of_ab(ab: NDArray[np.float32], truth: Truth) -> Marks:
    """Marks of colours ``(256, 256, 2)`` in Lab units, on the true lightness.

    AuC and faults are those of ab as it is; all else is seen in 8-bit RGB, fitted into the gamut.
    """
    lightness = truth.lab[..., 0]
    rgb = np.rint(255 * lab.lab_to_rgb(np.dstack([lightness, ab]))).astype(np.uint8)
    pixels, credit = tally(ab, truth.ab, truth.bins)
    difference = metrics.ciede2000(lab.rgb_to_lab(rgb / np.float32(255)), truth.lab)
    gray, gray_kept = faults.neutral_pixels(ab, truth.ab)
    return {
        "photographs": 1,
        "pixels": pixels,
        "credit": credit,
        "psnr": metrics.psnr(rgb, truth.rgb),
        "ssim": metrics.ssim(rgb, truth.rgb),
        "ciede2000": difference.mean(),
        "ciede2000_p95": np.percentile(difference, 95),
        "colorfulness": metrics.colorfulness(rgb),
        "true_colorfulness": truth.colorfulness,
        "blotches": faults.blotches(ab, lightness),
        "gray": gray,
        "gray_kept": gray_kept,
    }


class Subject:
    """A recipe under test.

    Parameters
    ----------
    colorizer : Colorizer
        The recipe.
    quick : bool
        Leave out what wants the network again: stability and calibration.
    """

    def __init__(self, colorizer: Colorizer, *, quick: bool) -> None:
        # One thread each: as many photographs as there are cores are worked on at once.
        self._colorizer = replace(colorizer, threads=1).load()
        self._rescaled = None if quick else at_other_scales(self._colorizer)

    def marks(self, image: Any, truth: Truth) -> Marks:
        """Marks of the colours that a picture gets; ``image`` has the size of ``truth``."""
        ab = self._colorizer.ab(image)
        marks = marks_of_ab(ab, truth)
        if self._rescaled is None:
            return marks
        moved = instability(image, ab, self._colorizer, self._rescaled)
        return marks | {"instability": moved} | self._calibration(image, truth)

    def _calibration(self, image: Any, truth: Truth) -> Marks:
        try:
            believed = self._colorizer.distribution(image)
        except BackendError:  # it gives colours alone
            return {}
        temperature = self._colorizer.temperature or PUBLISHED_TEMPERATURE
        names = ("cells", "sure", "hits")
        return dict(zip(names, reliability(believed, truth.ab, temperature), strict=True))
