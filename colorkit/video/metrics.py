"""How steady the colours of a film are."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import ImageValueError
from colorkit.video.flow import fetch, flows, grid, mismatch, reduced
from colorkit.video.shots import GRID, is_cut

Array = NDArray[np.float32]
Gray = NDArray[np.uint8]

BANDS = (1.0, 4.0)
"""Hz that divide `flicker_spectrum`."""

DISTANCES = (1, 2, 4)
"""Frames between those that `distribution_change` compares."""


def warping_error(frames: Sequence[NDArray[Any]], source: Sequence[Gray]) -> float:
    """How much things change as they move (Lai et al., ECCV 2018).

    The mean squared difference between a frame and the next one, brought back along the motion of
    the source. Pixels that one of them does not show are left out, and so are cuts. Motion is found
    by OpenCV's dense inverse search, so that numbers compare with numbers of this function only.

    Parameters
    ----------
    frames : sequence of ndarray
        ``(H, W)`` or ``(H, W, C)``, up to four channels. RGB in [0, 1] gives the published
        measure, in which the brightness of the source counts, whatever its colours; ab alone tells
        how steady colours are.
    source : sequence of ndarray
        ``(H, W)`` uint8: the film before it was coloured.

    Returns
    -------
    float
        In squares of the unit of ``frames``, the mean over channels, pixels, then frames.
    """
    errors = []
    neighbours = zip(pairwise(source), pairwise(frames), strict=True)
    for (before, after), (one, two) in neighbours:
        if is_cut(before, after):
            continue
        ahead, back = flows(before, after, thorough=True)
        places = ahead + grid(before.shape)
        seen = _visible(ahead, fetch(back, places))
        change = np.asarray(one, np.float32) - fetch(np.asarray(two, np.float32), places)
        errors.append(float(np.square(change)[seen].mean()) if seen.any() else 0.0)
    return float(np.mean(errors))


def distribution_change(frames: Sequence[NDArray[np.uint8]]) -> float:
    """How much the distribution of colours changes (CDC; Liu et al., TCVC, 2021).

    The Jensen-Shannon divergence between the histograms of each channel, of frames that are 1, 2
    and 4 apart. Film without colour, or without motion, has little: look at chroma as well.

    Parameters
    ----------
    frames : sequence of ndarray
        ``(H, W, 3)`` uint8, at least five, of one shot.

    Returns
    -------
    float
        0 to ln 2.

    Raises
    ------
    ImageValueError
        For fewer frames.
    """
    if len(frames) <= max(DISTANCES):
        raise ImageValueError(f"{len(frames)} frames are too few; five are needed")
    shares = np.stack([list(_histograms(frame)) for frame in frames])
    means = (_divergence(shares[:-apart], shares[apart:]).mean() for apart in DISTANCES)
    return float(np.mean(list(means)))


def _visible(ahead: Array, back: Array) -> NDArray[np.bool_]:
    """Pixels that the other frame shows, too, and that are on no boundary of motion."""
    slope = sum(np.square(np.gradient(ahead, axis=axis)).sum(axis=-1) for axis in (0, 1))
    still = slope <= 0.01 * np.square(ahead).sum(axis=-1) + 0.002
    seen: NDArray[np.bool_] = still & (mismatch(ahead, back) <= 1)
    return seen


def _histograms(frame: NDArray[np.uint8]) -> Iterator[NDArray[np.float64]]:
    for channel in range(3):
        counts = np.bincount(frame[..., channel].ravel(), minlength=256)
        yield counts / counts.sum()


def _divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jensen-Shannon, with natural logarithms, over the last axis."""
    middle = (p + q) / 2
    total: NDArray[np.float64] = (_relative(p, middle) + _relative(q, middle)) / 2
    return total


def _relative(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kullback-Leibler divergence of p from q, which is 0 only where p is."""
    there = p > 0
    ratio = np.divide(p, q, out=np.ones_like(p), where=there)
    terms: NDArray[np.float64] = (p * np.log(ratio, where=there, out=np.zeros_like(p))).sum(axis=-1)
    return terms


def flicker(frames: Sequence[Array]) -> float:
    """How much the colours of a shot swing faster than a quarter of its frame rate.

    Parameters
    ----------
    frames : sequence of ndarray
        ``(H, W, 2)`` ab.

    Returns
    -------
    float
        Root of the mean power at these frequencies, over areas of the picture, in Lab units.
    """
    cells = np.stack([_cells(frame) for frame in frames])
    fast = np.abs(np.fft.fftfreq(len(cells))) > 0.25
    power = np.square(np.abs(np.fft.fft(cells, axis=0)[fast])).sum(axis=0) / len(cells) ** 2
    return float(np.sqrt(power.mean()))


def flicker_spectrum(frames: Sequence[Array], rate: float) -> NDArray[np.float64]:
    """How much the colours of a shot swing, by how fast: below 1 Hz, from 1 to 4 Hz, and faster.

    The first is drift, the second is what draws the eye most, the third what is called flicker.

    Parameters
    ----------
    frames : sequence of ndarray
        ``(H, W, 2)`` ab. Swings that are slower than the shot is long are seen in part.
    rate : float
        Frames a second.

    Returns
    -------
    ndarray
        ``(2, 3)``, Lab units: root of the mean power of the mean colour of the picture, and of its
        areas, in each band.
    """
    areas = np.stack([_cells(frame) for frame in frames]).astype(np.float64)
    signals = (areas.mean(axis=(2, 3)), areas)
    return np.stack([_bands(signal, rate) for signal in signals])


def _bands(signal: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Root of the mean power along the first axis, by bands."""
    count = len(signal)
    window = np.hanning(count + 1)[:-1]  # otherwise ends that differ look like fast swings
    swing = (signal - signal.mean(axis=0)).reshape(count, -1) * window[:, None]
    power = np.square(np.abs(np.fft.fft(swing, axis=0))).mean(axis=1)
    power /= count * np.square(window).sum()
    band = np.digitize(np.abs(np.fft.fftfreq(count, 1 / rate)), BANDS)
    return np.sqrt(np.bincount(band, power, minlength=len(BANDS) + 1))


def _cells(frame: Array) -> Array:
    planes = (reduced(np.ascontiguousarray(frame[..., i]), GRID) for i in (0, 1))
    return np.stack([*planes])
