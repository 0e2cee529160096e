"""From sums over photographs to scores with intervals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.evaluation.auc import auc, own_weights, prior_weights
from colorkit.evaluation.calibration import calibration_error

Array = NDArray[np.float64]
Marks = Mapping[str, Array]
"""What photographs add to sums, by name; the first axis is that of photographs."""

RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True)
class Interval:
    """A score, and where it would lie with other photographs of the same kind.

    Attributes
    ----------
    value : float
        Over all photographs.
    low, high : float
        Ends of the 95 % interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Score:
    """How a score is made of sums over photographs.

    Attributes
    ----------
    title : str
        What it is called in tables, with its unit.
    better : str
        ``"higher"``, ``"lower"``, or what it should be near.
    marks : tuple of str
        The sums that it is made of.
    formula : callable
        From these sums, ``(...)`` or ``(..., bins)`` each, to the score ``(...)``.
    scale : float
        100 for a share that is given in percent.
    digits : int
        After the point, in tables.
    """

    title: str
    better: str
    marks: tuple[str, ...]
    formula: Callable[..., Any]
    scale: float = 1.0
    digits: int = 2

    def __call__(self, sums: Marks) -> Array:
        """The score ``(...)`` of sums."""
        return np.asarray(self.scale * self.formula(*(sums[name] for name in self.marks)))


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _mean(title: str, better: str, mark: str, scale: float = 1.0) -> Score:
    return Score(title, better, (mark, "photographs"), _ratio, scale)


def _auc_by_own_frequencies(pixels: Array, credits: Array) -> Array:
    return auc(pixels, credits, own_weights(pixels))


def _auc_by_published_prior(pixels: Array, credits: Array) -> Array:
    return auc(pixels, credits, prior_weights())


_TALLY = ("pixels", "credit")

SCORES: Mapping[str, Score] = {
    "auc": Score("AuC, %", "higher", _TALLY, auc, 100),
    "auc_rebalanced_own": Score(
        "AuC rebalanced by own frequencies, %", "higher", _TALLY, _auc_by_own_frequencies, 100
    ),
    "auc_rebalanced_prior": Score(
        "AuC rebalanced by published prior, %", "higher", _TALLY, _auc_by_published_prior, 100
    ),
    "psnr": _mean("PSNR, dB", "higher", "psnr"),
    "ssim": Score("SSIM", "higher", ("ssim", "photographs"), _ratio, digits=3),
    "ciede2000": _mean("CIEDE2000, mean", "lower", "ciede2000"),
    "ciede2000_p95": _mean("CIEDE2000, 95th percentile", "lower", "ciede2000_p95"),
    "colorfulness": _mean("colourfulness", "truth's", "colorfulness"),
    "colorfulness_ratio": Score(
        "colourfulness to truth's, %", "100", ("colorfulness", "true_colorfulness"), _ratio, 100
    ),
    "blotches": _mean("area in blotches, %", "truth's", "blotches", 100),
    "neutral_kept": Score("gray kept gray, %", "higher", ("gray_kept", "gray"), _ratio, 100),
    "instability": _mean("instability, Lab units", "lower", "instability"),
    "calibration_error": Score(
        "calibration error, %", "lower", ("cells", "sure", "hits"), calibration_error, 100
    ),
}
"""Every score, by its name in JSON, in the order of the table."""


def resampled_scores(marks: Marks) -> dict[str, Array]:
    """Every score that there are marks for: of all photographs, then as it would be for others.

    The latter are from 1000 random halves of the photographs. Drawn without replacement, they vary
    as much as other sets of the full size would. Their deviations from their mean are added to the
    score: a half lacks rare colours, the hard ones, and by its own frequencies scores higher. A
    bootstrap, which repeats photographs, would make these intervals a quarter too narrow.

    The draws depend on nothing but how many photographs there are: differences between scores of
    the same photographs are paired.

    Returns
    -------
    dict
        Arrays ``(1001,)``. A score that there is nothing for, such as of gray pixels, is left out.
    """
    count = len(marks["photographs"])
    half = count // 2
    order = np.random.default_rng(SEED).random((RESAMPLES, count)).argsort(axis=1)
    drawn = np.vstack([np.ones(count), order < half])
    sums = {name: np.tensordot(drawn, values, 1) for name, values in marks.items()}
    scores = {name: score(sums) for name, score in SCORES.items() if sums.keys() >= {*score.marks}}
    spread = np.sqrt(half / (count - half))  # 1, but for odd numbers
    return {
        name: np.append(values[0], values[0] + spread * (values[1:] - np.nanmean(values[1:])))
        for name, values in scores.items()
        if not np.isnan(values[0])
    }


def interval(scores: Array) -> Interval:
    """Of `resampled_scores`, or of a difference between two of them."""
    low, high = np.nanpercentile(scores[1:], [2.5, 97.5])
    return Interval(float(scores[0]), float(low), float(high))
