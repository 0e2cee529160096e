"""Scores of colours on photographs whose colours are known."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import lab
from colorkit.colorizer import Colorizer
from colorkit.errors import ColorkitError, OptionError
from colorkit.evaluation.marks import Marks, Subject, Truth, marks_of_ab
from colorkit.evaluation.report import Report, Row
from colorkit.evaluation.scores import resampled_scores
from colorkit.photos import StoredPhoto
from colorkit.strips import thread_count

Degrade = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.float32]]

REFERENCES = ("gray", "random", "truth")
"""Rows that every report has: no colour, those of another of the photographs, and the true ones."""

SEED = 0
COLOURLESS = 5.0
"""Mean colourfulness (M3) below which photographs are black and white, if toned; 15 is slight."""


def evaluate(
    photos: Sequence[StoredPhoto],
    colorizers: Mapping[str, Colorizer],
    *,
    degrade: Mapping[str, Degrade] | None = None,
    quick: bool = False,
    progress: Callable[[Iterator[Any]], Iterable[Any]] = iter,
) -> Report:
    """Score recipes on photographs, squashed to 256 x 256 and made gray.

    Parameters
    ----------
    photos : sequence of StoredPhoto
        Two or more, in colour (`colorkit.photos.photos`).
    colorizers : mapping
        Recipes by the names of their rows.
    degrade : mapping, optional
        Faults by name, such as `colorkit.training.degrade.NAMED`: each recipe is also scored with
        each of them. ``fault(rgb, rng)`` makes the lightness that is coloured, ``(256, 256)`` L* in
        0..100, of a photograph, ``(256, 256, 3)`` uint8. It gets a random generator for each
        photograph, seeded by its place. The colours are scored on the true lightness.
    quick : bool
        Leave out what wants the network again: stability and calibration. Half of the time.
    progress : callable
        Gets an iterator with an item for each photograph when it is done, and passes it on.

    Returns
    -------
    Report
        A row for each recipe, followed by a row for each fault (*lite*, *lite grain*), after those
        of the references *gray*, *random* (the colours of another of the photographs) and *truth*.

    Raises
    ------
    FileError
        When a photograph cannot be read: scores of a set that is not whole mislead.
    OptionError
        When there are fewer than two photographs, they are black and white, or a recipe has the
        name of a reference.
    ColorkitError
        When scikit-image is not installed.
    """
    _check(photos, colorizers)
    subjects = {name: Subject(recipe, quick=quick) for name, recipe in colorizers.items()}
    partner, faults = _another(len(photos)), degrade or {}

    def marks(place: int) -> dict[str, Marks]:
        truth = Truth.of(photos[place])
        images = {name: _degraded(truth.rgb, fault, place) for name, fault in faults.items()}
        colours = (np.zeros_like(truth.ab), Truth.of(photos[partner[place]]).ab, truth.ab)
        rows = {n: marks_of_ab(ab, truth) for n, ab in zip(REFERENCES, colours, strict=True)}
        for name, subject in subjects.items():
            rows[name] = subject.marks(truth.rgb, truth)
            rows |= {f"{name} {f}": subject.marks(image, truth) for f, image in images.items()}
        return rows

    with ThreadPoolExecutor(thread_count(None), thread_name_prefix="colorkit-evaluate") as pool:
        found = list(progress(pool.map(marks, range(len(photos)))))
    colorfulness = np.mean([rows["truth"]["colorfulness"] for rows in found])
    if colorfulness < COLOURLESS:
        raise OptionError(
            f"the photographs have no colours to compare with: their mean colourfulness is "
            f"{colorfulness:.1f}; score others, or look at these with contact_sheet"
        )
    recipes = {name: name for name in REFERENCES}
    for name, colorizer in colorizers.items():
        recipes |= dict.fromkeys([name, *(f"{name} {f}" for f in faults)], repr(colorizer))
    return Report(
        {name: _row(recipe, [rows[name] for rows in found]) for name, recipe in recipes.items()},
        len(photos),
        sha256("\0".join(photo.name for photo in photos).encode()).hexdigest(),
    )


def _check(photos: Sequence[StoredPhoto], colorizers: Mapping[str, Colorizer]) -> None:
    if find_spec("skimage") is None:
        raise ColorkitError("evaluation needs scikit-image: pip install 'colorkit[skimage]'")
    if len(photos) < 2:
        raise OptionError(f"scores need at least 2 photographs; received {len(photos)}")
    if taken := sorted({*colorizers} & {*REFERENCES}):
        raise OptionError(f"rows of every report are called {taken}; choose other names")


def _another(count: int) -> NDArray[np.intp]:
    """For each photograph the next one in a circle through all, drawn at random."""
    circle = np.random.default_rng(SEED).permutation(count)
    other = np.empty(count, np.intp)
    other[circle] = np.roll(circle, -1)
    return other


def _degraded(rgb: NDArray[np.uint8], degrade: Degrade, place: int) -> NDArray[np.float32]:
    """Gray code values in [0, 1], ``(256, 256)``."""
    lightness = degrade(rgb, np.random.default_rng((SEED, place)))
    colourless = np.zeros_like(lightness)
    return lab.lab_to_rgb(np.dstack([lightness, colourless, colourless]))[..., 0]


def _row(recipe: str, marks: Sequence[Marks]) -> Row:
    stacked = {key: np.array([each[key] for each in marks], np.float64) for key in marks[0]}
    return Row(recipe, resampled_scores(stacked))
