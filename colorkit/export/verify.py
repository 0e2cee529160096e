"""Whether a file says what its Keras network says, on photographs."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from colorkit.backends.metadata import Metadata
from colorkit.bins import nearest_bin
from colorkit.errors import ExportError
from colorkit.evaluation import auc
from colorkit.evaluation.metrics import ciede2000
from colorkit.export.measure import Cost
from colorkit.export.pictures import Picture
from colorkit.export.views import Arrays, Network, View, at_maps, at_pictures, by_keras

if TYPE_CHECKING:
    import keras

ENOUGH = 20
"""Photographs in colour from which on a drop of AuC is more than chance."""


@dataclass(frozen=True)
class Deviation:
    """How far a file is from its network, on photographs.

    Attributes
    ----------
    photographs : int
        How many.
    mean_ab, max_ab : float
        Of |delta ab| in Lab units, by the annealed mean.
    ciede2000 : float
        Mean colour difference.
    auc_drop : float or None
        Points of AuC, rebalanced by the photographs' own frequencies, that the file has less than
        the network; None where no photograph has colour.
    mean_logits, max_logits : float or None
        Of |delta logits|; None where the file has no logits.
    within_two_levels : float or None
        Of a file that takes pictures: the share of pixels whose channels are at most two levels
        from `colorkit.colorize` with the network in Keras.
    max_lightness : float or None
        Of such a file: the largest change of L* that its output makes to its input.
    """

    photographs: int
    mean_ab: float
    max_ab: float
    ciede2000: float = 0.0
    auc_drop: float | None = None
    mean_logits: float | None = None
    max_logits: float | None = None
    within_two_levels: float | None = None
    max_lightness: float | None = None


@dataclass(frozen=True)
class Limit:
    """What a precision may deviate; beyond that, the conversion went wrong."""

    mean_ab: float
    max_ab: float = math.inf


LIMITS = {
    "float32": Limit(mean_ab=0.001, max_ab=0.001),
    "float16": Limit(mean_ab=0.5, max_ab=0.5),
    "int8-weights": Limit(mean_ab=0.5),
    "int8-dynamic": Limit(mean_ab=2),
    "int8": Limit(mean_ab=1.5),
}
"""Of Lab units."""

ROUNDING = Limit(mean_ab=0.1, max_ab=3)
"""What 8 bits a channel add to that."""

MAX_LIGHTNESS = 0.3
"""L* that they can change."""

MAX_AUC_DROP = 0.5


def answers(
    network: "keras.Model", metadata: Metadata, pictures: Sequence[Picture]
) -> list[Arrays]:
    """Run a network on photographs; what it answers is the same for every precision of its file.

    Parameters
    ----------
    network : keras.Model
        On TensorFlow.
    metadata : Metadata
        Of the file.
    pictures : sequence of ndarray
        ``(h, w, 3)`` uint8, of the file's sizes.

    Raises
    ------
    ExportError
        When it cannot run.
    """
    with _explained():
        return [by_keras(network, metadata, picture) for picture in pictures]


def compare(
    wanted: Sequence[Arrays], file: Network, metadata: Metadata, pictures: Sequence[Picture]
) -> Deviation:
    """Run a file on photographs that its network has answered.

    Parameters
    ----------
    wanted : sequence of dict
        Those `answers`.
    file : callable
        What runs the file.
    metadata : Metadata
        Of the file.
    pictures : sequence of ndarray
        ``(h, w, 3)`` uint8, of the file's sizes.

    Raises
    ------
    ExportError
        When it cannot run.
    """
    look = at_maps if metadata.interface == "lightness" else at_pictures
    with _explained():
        pairs = zip(wanted, pictures, strict=True)
        views = [look(answer, file, metadata, picture) for answer, picture in pairs]
    ab = np.concatenate([np.abs(view.found - view.wanted).ravel() for view in views])
    logits = [view.logits for view in views if view.logits is not None]
    near = [(view.levels <= 2).mean() for view in views if view.levels is not None]
    return Deviation(
        photographs=len(views),
        mean_ab=float(ab.mean()),
        max_ab=float(ab.max()),
        ciede2000=_mean_ciede2000(views),
        auc_drop=_auc_drop([view for view in views if view.has_colour]),
        mean_logits=float(np.mean([mean for mean, _ in logits])) if logits else None,
        max_logits=float(np.max([largest for _, largest in logits])) if logits else None,
        within_two_levels=float(np.mean(near)) if near else None,
        max_lightness=max(view.max_lightness for view in views) if near else None,
    )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # networks and runtimes raise what they like
        raise ExportError(f"the file cannot be compared with Keras: {first_line(error)}") from error


def check(deviation: Deviation, precision: str, cost: Cost | None = None) -> None:
    """Refuse a file that has faults."""
    for fault in faults(deviation, precision, cost):
        raise ExportError(f"{fault}; nothing was written")


def faults(deviation: Deviation, precision: str, cost: Cost | None = None) -> Iterator[str]:
    """Why a file is not worth having: it deviates too much, or saves no time where it should."""
    limit = LIMITS[precision]
    if deviation.max_lightness is not None:
        limit = Limit(limit.mean_ab + ROUNDING.mean_ab, limit.max_ab + ROUNDING.max_ab)
    judged = deviation.photographs >= ENOUGH
    for what, value, allowed in (
        ("Lab units of ab on average", deviation.mean_ab, limit.mean_ab),
        ("Lab units of ab at most", deviation.max_ab, limit.max_ab),
        ("points of rebalanced AuC", deviation.auc_drop if judged else None, MAX_AUC_DROP),
        ("L* of lightness at most", deviation.max_lightness, MAX_LIGHTNESS),
    ):
        if value is not None and not value <= allowed:
            yield (
                f"the {precision} file deviates from Keras by {value:.3g} {what}, where "
                f"{allowed:g} are allowed"
            )
    speed = cost.times_float32 if cost else None
    if precision == "int8-dynamic" and speed is not None and not speed > 1:
        yield (
            f"the {precision} file is {speed:.2f} times as fast as the float32 file on this "
            f"computer, which saves no time; int8-weights takes as little room"
        )


def first_line(error: Exception) -> str:
    """What an error says before it goes into detail; its traceback has the rest."""
    return str(error).partition("\n")[0]


def _mean_ciede2000(views: Sequence[View]) -> float:
    differences = [
        ciede2000(*(np.dstack([view.lightness, ab]) for ab in (view.found, view.wanted)))
        for view in views
    ]
    return float(np.mean([each.mean() for each in differences]))


def _auc_drop(views: Sequence[View]) -> float | None:
    """In points; both against the colours that the photographs have."""
    if not views:
        return None
    areas = []
    for side in ("wanted", "found"):
        tallies = [
            auc.tally(getattr(view, side), view.truth, nearest_bin(view.truth)) for view in views
        ]
        pixels, credits = np.sum(tallies, axis=0)
        areas.append(auc.auc(pixels, credits, auc.own_weights(pixels)))
    return float(100 * (areas[0] - areas[1]))
