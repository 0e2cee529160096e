"""How a network does on photographs that it does not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from colorkit import files
from colorkit.backends.base import Backend
from colorkit.bins import GRID
from colorkit.colorizer import Colorizer
from colorkit.errors import BackendError, warn
from colorkit.evaluation import contact_sheet
from colorkit.evaluation.auc import auc, own_weights, tally
from colorkit.evaluation.marks import Truth
from colorkit.evaluation.metrics import colorfulness
from colorkit.photos import StoredPhoto

DULL, GRAY = 0.25, 0.95
"""Share of the true chroma, and of cells whose first guess is gray, that mark a collapse."""


@dataclass(frozen=True)
class Scores:
    """Means over photographs.

    Attributes
    ----------
    auc, rebalanced_auc : float
        As `colorkit.evaluation` has them, the latter by own frequencies, in 0..100.
    colorfulness, chroma : float
        Shares of the truth's.
    gray : float
        Share of the cells whose most probable bin is neutral or next to it.
    """

    auc: float
    rebalanced_auc: float
    colorfulness: float
    chroma: float
    gray: float

    @property
    def collapsed(self) -> bool:
        """Whether the network has settled for gray."""
        return self.chroma < DULL or self.gray > GRAY


def validate(backend: Backend, photos: Sequence[StoredPhoto]) -> Scores:
    """Score a network.

    Parameters
    ----------
    backend : Backend
        The network.
    photos : sequence of StoredPhoto
        In colour.
    """
    colorizer = Colorizer(backend)
    marks = [_marks(colorizer, Truth.of(photo)) for photo in photos]
    tallies, sums = (np.sum(part, axis=0) for part in zip(*marks, strict=True))
    pixels, credit = tallies
    scores = Scores(
        100 * float(auc(pixels, credit)),
        100 * float(auc(pixels, credit, own_weights(pixels))),
        float(sums[0] / sums[1]),
        float(sums[2] / sums[3]),
        float(sums[4] / len(photos)),
    )
    if scores.collapsed:
        warn(
            f"the network has settled for gray: {scores.chroma:.0%} of the true chroma, first "
            f"guess gray in {scores.gray:.0%}; try a lower rebalance or learning rate"
        )
    return scores


def _marks(colorizer: Colorizer, truth: Truth) -> tuple[Any, list[float]]:
    ab = colorizer.ab(truth.rgb)
    try:
        first = colorizer.distribution(truth.rgb).mode()
    except BackendError:  # it gives colours alone
        first = ab
    chroma, true_chroma = (np.hypot(c[..., 0], c[..., 1]).mean() for c in (ab, truth.ab))
    shown = colorfulness(colorizer.colorize(truth.rgb))
    return tally(ab, truth.ab, truth.bins), [
        shown, truth.colorfulness, chroma, true_chroma, (np.abs(first).max(axis=-1) <= GRID).mean()
    ]  # fmt: skip


def write_sheet(path: Path, backend: Backend, photos: Sequence[StoredPhoto]) -> None:
    """Photographs in gray, as the network colours them, and as they are."""
    files.write(path, contact_sheet(photos, [Colorizer(backend)]), overwrite=True)
