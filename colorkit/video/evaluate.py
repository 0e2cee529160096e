"""Scores of ways to colour film whose colours are known."""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import lab
from colorkit.bins import nearest_bin
from colorkit.colorizer import Colorizer
from colorkit.errors import VideoError
from colorkit.evaluation.auc import auc, own_weights, tally
from colorkit.evaluation.metrics import psnr
from colorkit.video.container import Source, opened
from colorkit.video.frames import colorize_frames
from colorkit.video.metrics import distribution_change, flicker, flicker_spectrum, warping_error
from colorkit.video.shots import is_cut

Film = Sequence[NDArray[np.uint8]]
Scores = dict[str, float]

HEIGHT = 180
"""Lines that films are reduced to."""

FRAMES = 240
"""So many, from the beginning of a film, are scored: all are in memory at once."""

SHORTEST = 8
"""Frames of a shot whose changes from frame to frame are scored."""

TITLES = {
    "warping_rgb": "warping error of RGB, x 1000",
    "warping_ab": "warping error of ab, Lab units squared",
    "cdc": "CDC, x 1000",
    "flicker": "flicker of ab, Lab units",
    **{
        f"swing_{what}_{band}": f"swing of ab, {what}, {band.replace('_', ' ')}, Lab units"
        for what in ("picture", "areas")
        for band in ("below_1_Hz", "1_to_4_Hz", "above_4_Hz")
    },
    "chroma": "mean chroma, Lab units",
    "auc_own": "AuC rebalanced by own frequencies, %",
    "psnr": "PSNR, dB",
}


def evaluate_film(
    src: str | os.PathLike[str], recipes: Mapping[str, Colorizer]
) -> dict[str, Scores]:
    """Make a film gray, colour it, and score that beside the gray film and the true one.

    Parameters
    ----------
    src : str or path
        A film in colour, of which the first 240 frames count, at 180 lines.
    recipes : mapping
        What colours it, by name: steadily, and frame by frame.

    Returns
    -------
    dict
        By name, the scores in `TITLES`.

    Raises
    ------
    VideoError
        When the film cannot be read, or has no shot of eight frames.
    """
    with opened(Path(src)) as source:
        rate = float(source.rate)
        truth = list(_frames(source))
    grays = [_gray(frame) for frame in truth]
    shots = [shot for shot in _shots(grays) if shot.stop - shot.start >= SHORTEST]
    if not shots:
        raise VideoError(f"{os.fspath(src)!r} has no shot of {SHORTEST} frames")
    ways: dict[str, Film] = {"gray": [np.repeat(gray[..., None], 3, -1) for gray in grays]}
    for name, recipe in recipes.items():
        ways[f"{name}, frame by frame"] = [recipe.colorize(gray) for gray in grays]
        ways[name] = list(colorize_frames(grays, recipe))
    ways["truth"] = truth
    true_ab = [_ab(frame) for frame in truth]
    return {name: _scores(film, grays, truth, true_ab, shots, rate) for name, film in ways.items()}


def _scores(
    film: Film,
    grays: Film,
    truth: Film,
    true_ab: Sequence[NDArray[np.float32]],
    shots: Sequence[slice],
    rate: float,
) -> Scores:
    ab = [_ab(frame) for frame in film]
    lengths = [shot.stop - shot.start for shot in shots]
    tallies = [tally(one, two, nearest_bin(two)) for one, two in zip(ab, true_ab, strict=True)]
    pixels, credits = np.sum(tallies, axis=0)
    signal = [psnr(*pair) for pair in zip(film, truth, strict=True)]
    changes = [distribution_change(film[shot]) for shot in shots]
    flickers = [flicker(ab[shot]) for shot in shots]
    swings = [flicker_spectrum(ab[shot], rate).ravel() for shot in shots]
    swing_names = [name for name in TITLES if name.startswith("swing")]
    return {
        "warping_rgb": 1000 * warping_error([frame / np.float32(255) for frame in film], grays),
        "warping_ab": warping_error(ab, grays),
        "cdc": 1000 * float(np.average(changes, weights=lengths)),
        "flicker": float(np.average(flickers, weights=lengths)),
        **dict(zip(swing_names, np.average(swings, 0, lengths).tolist(), strict=True)),
        "chroma": float(np.mean([np.hypot(*np.moveaxis(one, -1, 0)).mean() for one in ab])),
        "auc_own": 100 * float(auc(pixels, credits, own_weights(pixels))),
        "psnr": float(np.mean(signal)),
    }


def _frames(source: Source) -> Iterator[NDArray[np.uint8]]:
    for frame in islice(source.frames(0, None, deinterlace=False), FRAMES):
        width = round(frame.width * float(source.aspect) * HEIGHT / frame.height)
        shown: NDArray[Any] = frame.reformat(width, HEIGHT, "rgb24").to_ndarray()
        yield shown


def _gray(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The gray of the same lightness."""
    lightness = lab.rgb_to_lab(rgb / np.float32(255))[..., 0]
    neutral = lab.lab_to_rgb(np.dstack([lightness, 0 * lightness, 0 * lightness]))[..., 0]
    return np.rint(255 * neutral).astype(np.uint8)


def _ab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return lab.rgb_to_lab(rgb / np.float32(255))[..., 1:].astype(np.float32)


def _shots(grays: Film) -> Iterator[slice]:
    start = 0
    for number in range(1, len(grays) + 1):
        if number == len(grays) or is_cut(grays[number - 1], grays[number]):
            yield slice(start, number)
            start = number
