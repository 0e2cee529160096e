"""The faults of old film: what networks that see only modern photographs stumble over.

All of it is drawn from the generator that is given, so that the same one gives the same picture.
"""

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from colorkit import lab

Array = NDArray[np.float32]
Generator = np.random.Generator

ORTHOCHROMATIC = (0.05, 0.55, 0.40)
"""Shares of linear red, green and blue: lips darken, skies whiten."""


def film(linear: Array, rng: Generator, restless: Generator | None = None) -> Array:
    """Lightness as an old photograph of a scene might have it.

    Parameters
    ----------
    linear : ndarray
        ``(H, W, 3)`` float32, linear RGB in [0, 1].
    rng : Generator
        Decides which faults there are, and how strong they are.
    restless : Generator, optional
        Places grains and dust: of these each frame of a film has its own.

    Returns
    -------
    ndarray
        ``(H, W)`` float32, L* in 0..100.
    """
    lightness = emulsion(linear, rng) if rng.random() < 0.3 else true_lightness(linear)
    lightness = developed(lightness, rng)
    for chance, fault in FAULTS:
        if rng.random() < chance:
            own = {"restless": restless} if fault in RESTLESS else {}
            lightness = fault(lightness, rng, **own)
    return _within(lightness)


def linear_rgb(rgb: NDArray[np.uint8]) -> Array:
    """Linear RGB in [0, 1] of code values."""
    return lab.linear_table(256)[rgb]


def true_lightness(linear: Array) -> Array:
    """L* in 0..100 of linear RGB ``(..., 3)``."""
    return lab.lightness(lab.luminance(linear))


def emulsion(linear: Array, rng: Generator) -> Array:
    """Lightness on a film that sees less red than the eye does, or more blue."""
    red = rng.uniform(0, 0.4)
    green = (1 - red) * rng.uniform(0.4, 0.9)
    return _response(linear, (red, green, 1 - red - green))


def _response(linear: Array, shares: tuple[float, float, float]) -> Array:
    return lab.lightness(np.clip(linear @ np.array(shares, np.float32), 0, 1))


def developed(lightness: Array, rng: Generator) -> Array:
    """Another gamma, contrast and exposure."""
    gamma, contrast = np.exp([0.15, 0.12] * rng.standard_normal(2))
    toned = 100 * np.power(np.maximum(lightness, 0) / 100, np.float32(gamma))
    toned = 50 + (toned - 50) * contrast + 4 * rng.standard_normal()
    return _within(toned)


def grain(
    lightness: Array,
    rng: Generator,
    strength: float | None = None,
    restless: Generator | None = None,
) -> Array:
    """Noise, fine or in clumps, of 0.5 to 4 L*, strongest in mid-tones."""
    strength = rng.uniform(0.5, 4) if strength is None else strength
    noise: Array = (restless or rng).standard_normal(lightness.shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = 2 * blur(noise, rng)
    tones = np.sqrt(np.clip(lightness * (100 - lightness), 100, None)) / 50
    grained: Array = lightness + np.float32(strength) * tones * noise
    return grained


def blur(lightness: Array, rng: Generator, times: int | None = None) -> Array:
    """A lens that is soft: the binomial filter of 3x3 pixels, once or several times."""
    for _ in range(rng.integers(1, 4) if times is None else times):
        for axis in (0, 1):
            lightness = _binomial(lightness, axis)
    return lightness


def _binomial(values: Array, axis: int) -> Array:
    width = [(0, 0), (0, 0)]
    width[axis] = (1, 1)
    padded = np.pad(values, width, "edge")
    n = values.shape[axis]
    before, here, after = (padded.take(range(i, i + n), axis) for i in range(3))
    return (before + 2 * here + after) / np.float32(4)


def vignette(lightness: Array, rng: Generator) -> Array:
    """Dark corners."""
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in lightness.shape)
    light: Array = 1 - np.float32(rng.uniform(0.05, 0.25)) * (y[:, None] ** 2 + x**2)
    return lightness * light


def scratches(lightness: Array, rng: Generator, restless: Generator | None = None) -> Array:
    """Lines down the film, and specks of dust, bright or dark."""
    height, width = lightness.shape
    damaged = lightness.copy()
    for _ in range(rng.integers(1, 5)):
        drift = rng.uniform(-0.1, 0.1) * np.arange(height) + rng.uniform(0, width)
        damaged[np.arange(height), drift.astype(int) % width] += rng.choice([-1, 1]) * 30
    rng = restless or rng
    for _ in range(rng.integers(0, 20)):
        y, x = rng.integers(0, height), rng.integers(0, width)
        damaged[y : y + rng.integers(1, 4), x : x + rng.integers(1, 4)] += rng.choice([-1, 1]) * 40
    return damaged


def fade(lightness: Array, rng: Generator, left: float | None = None) -> Array:
    """Blacks that have paled and whites that have yellowed: a share of the contrast is left."""
    left = rng.uniform(0.5, 0.9) if left is None else left
    return np.float32(left) * lightness + np.float32((1 - left) * rng.uniform(30, 70))


def jpeg(lightness: Array, rng: Generator, quality: int | None = None) -> Array:
    """Saved small: JPEG of quality 25 to 90."""
    from PIL import Image

    quality = int(rng.integers(25, 91)) if quality is None else quality
    levels = np.rint(np.clip(lightness, 0, 100) * 2.55).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=quality)
    with Image.open(file) as saved:
        return np.asarray(saved, np.float32) / np.float32(2.55)


FAULTS: tuple[tuple[float, Callable[..., Array]], ...] = (
    (0.2, blur),
    (0.1, vignette),
    (0.3, grain),
    (0.1, fade),
    (0.05, scratches),
    (0.15, jpeg),
)
"""How often a crop has each fault, in the order in which they come about."""

RESTLESS = (grain, scratches)
"""Faults that look different in the next frame of a film."""


def _from_rgb(change: Callable[[Array, Generator], Array]) -> "Degradation":
    def degrade(rgb: NDArray[np.uint8], rng: Generator) -> Array:
        return _within(change(true_lightness(linear_rgb(rgb)), rng))

    return degrade


def _within(lightness: Array) -> Array:
    within: Array = np.clip(lightness, 0, 100).astype(np.float32, copy=False)
    return within


Degradation = Callable[[NDArray[np.uint8], Generator], Array]

NAMED: dict[str, Degradation] = {
    "grain": _from_rgb(partial(grain, strength=4)),
    "blur": _from_rgb(partial(blur, times=4)),
    "faded": _from_rgb(partial(fade, left=0.5)),
    "orthochromatic": lambda rgb, rng: _response(linear_rgb(rgb), ORTHOCHROMATIC),
}
"""Degradations of one strength, for measuring: ``(H, W, 3)`` uint8 to L* ``(H, W)`` float32."""
