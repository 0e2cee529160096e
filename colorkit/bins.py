"""The quantised ab plane: in-gamut bins, soft encoding, and what a distribution on them says."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import lab
from colorkit.errors import ImageValueError, OptionError

Array = NDArray[np.float32]

PUBLISHED_TEMPERATURE = math.log(10) / 6
"""Temperature of the paper's annealed mean as its network was released: 0.38376."""

GRID = 10
"""Spacing of the bins in Lab units."""

FAR = 12
"""Steps of the grid from neutral beyond which no bin lies."""

DECIDED, UNDECIDED = 2.8, 4.0
"""Nats of entropy between which `calm` fades chroma."""

FADED = 0.2
"""The share of chroma that `calm` leaves where nothing is decided."""

STRIP = 2**18
"""Logits that are worked on at a time."""


@cache
def gamut_bins() -> NDArray[np.float32]:
    """The ab bins that a colour of the sRGB gamut can touch, at any lightness.

    A point of the grid of 10 is kept where the square of twice the cell around it meets the convex
    hull of the gamut's projection on the ab plane.

    Returns
    -------
    ndarray
        ``(313, 2)`` float32, a and b in Lab units, a ascending and b ascending inside it: the
        classes of Zhang, Isola and Efros (ECCV 2016) in their order.
    """
    half = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * GRID
    hull = _convex_hull(_gamut_edges())
    swollen = _convex_hull((hull[:, None] + half).reshape(-1, 2))
    bins = grid_bins()[_inside(grid_bins(), swollen)]
    bins.flags.writeable = False  # shared by every caller
    return bins


@cache
def grid_bins() -> NDArray[np.float32]:
    """All points of the grid of 10, in the gamut or not.

    Returns
    -------
    ndarray
        ``(529, 2)`` float32, a and b in Lab units from -110 to 110, a ascending and b ascending
        inside it: the classes of Zhang et al. (SIGGRAPH 2017) in their order.
    """
    axis = np.arange(-110, 111, GRID, dtype=np.float32)
    bins = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    bins.flags.writeable = False  # shared by every caller
    return bins


def _gamut_edges() -> NDArray[np.float64]:
    """The twelve edges of the RGB cube: they project onto the rim of the gamut."""
    level = np.arange(0, 256, 5) / 255  # finer steps would move the hull by less than its slack
    corners = [(i, j) for i in (0.0, 1.0) for j in (0.0, 1.0)]
    edges = [
        np.insert(np.full((len(level), 2), corner), axis, level, axis=1)
        for axis in range(3)
        for corner in corners
    ]
    return lab.rgb_to_lab(np.concatenate(edges))[:, 1:]


def _convex_hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the convex hull, counter-clockwise (Andrew's monotone chain)."""
    ordered = sorted(map(tuple, points.tolist()))

    def chain(sequence: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
        corners: list[tuple[float, ...]] = []
        for p in sequence:
            while len(corners) > 1 and _turn(corners[-2], corners[-1], p) <= 0:
                corners.pop()
            corners.append(p)
        return corners[:-1]

    return np.array(chain(ordered) + chain(ordered[::-1]))


def _turn(o: tuple[float, ...], p: tuple[float, ...], q: tuple[float, ...]) -> float:
    return (p[0] - o[0]) * (q[1] - o[1]) - (p[1] - o[1]) * (q[0] - o[0])


def _inside(points: Array, hull: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie in a counter-clockwise convex polygon."""
    side = np.roll(hull, -1, axis=0) - hull
    offset = points[:, None] - hull
    turns = side[:, 0] * offset[..., 1] - side[:, 1] * offset[..., 0]
    inside: NDArray[np.bool_] = np.all(turns >= 0, axis=1)
    return inside


def soft_encode(
    ab: NDArray[np.floating[Any]], neighbours: int = 5, sigma: float = 5.0
) -> NDArray[np.float32]:
    """Spread colours over their nearest bins (Zhang et al. 2016, section 2.2).

    Parameters
    ----------
    ab : ndarray
        ``(..., 2)``, Lab units.
    neighbours : int
        Bins that take a share: 5 in the paper, 10 in its released code.
    sigma : float
        Width of the Gaussian in Lab units.

    Returns
    -------
    ndarray
        ``(..., 313)`` float32, non-negative, sums to 1.
    """
    bins = gamut_bins()
    squared = _squared_distances(ab.reshape(-1, 2).astype(np.float32), bins)
    nearest = np.argpartition(squared, neighbours - 1, axis=1)[:, :neighbours]
    distances = np.take_along_axis(squared, nearest, axis=1)
    # Relative to the nearest, so that a colour far from every bin does not underflow to 0 / 0.
    weights = np.exp((distances.min(axis=1, keepdims=True) - distances) / (2 * sigma**2))
    encoded = np.zeros_like(squared)
    np.put_along_axis(encoded, nearest, weights / weights.sum(axis=1, keepdims=True), axis=1)
    return encoded.reshape(*ab.shape[:-1], len(bins))


def nearest_bin(ab: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Index ``(...)`` of the bin nearest to each colour ``(..., 2)`` in Lab units."""
    flat = ab.reshape(-1, 2).astype(np.float32)
    # The nearest point of the whole grid is the nearest bin, if it is one.
    a, b = np.rint(flat / GRID).clip(-FAR, FAR).astype(np.intp).T
    nearest: NDArray[np.intp] = _bins_on_the_grid()[a, b]
    outside = nearest < 0
    nearest[outside] = _squared_distances(flat[outside], gamut_bins()).argmin(axis=1)
    return nearest.reshape(ab.shape[:-1])


@cache
def _bins_on_the_grid() -> NDArray[np.intp]:
    """Bins by their place on the grid, counted from neutral (negative ones from the end)."""
    places = np.full((2 * FAR + 1, 2 * FAR + 1), -1)
    a, b = (gamut_bins() / GRID).astype(np.intp).T
    places[a, b] = np.arange(len(a))
    return places


def _squared_distances(ab: Array, bins: Array) -> Array:
    squared: Array = (ab**2).sum(axis=1)[:, None] - 2 * (ab @ bins.T) + (bins**2).sum(axis=1)
    return squared


@dataclass(frozen=True, eq=False)
class Distribution:
    """What a network believes about the colour at every cell of a picture.

    Attributes
    ----------
    logits : ndarray
        ``(N, h, w, Q)`` float32, at temperature 1.
    bins : ndarray
        ``(Q, 2)`` float32, the colour of each class, Lab units.
    cell : tuple of float
        Height and width of a cell in pixels of the picture.
    """

    logits: Array
    bins: Array = field(default_factory=gamut_bins)
    cell: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if self.logits.ndim != 4 or self.logits.shape[-1] != len(self.bins):
            raise ImageValueError(
                f"logits must have the shape (N, h, w, {len(self.bins)}), one class for each bin; "
                f"received {self.logits.shape}"
            )

    def probabilities(self, temperature: float = 1.0) -> Array:
        """``(N, h, w, Q)``, sums to 1: softmax of logits / temperature."""
        check_temperature(temperature)
        return _softmax(self.logits, temperature)

    def mean(self, temperature: float = PUBLISHED_TEMPERATURE) -> Array:
        """The annealed mean ``(N, h, w, 2)`` in Lab units (Zhang et al. 2016, equation 5).

        Parameters
        ----------
        temperature : float
            1 gives the mean: calm and a little gray. Towards 0 it becomes the mode: vivid, with
            spots.
        """
        check_temperature(temperature)
        strips = [_softmax(logits, temperature) @ self.bins for logits in self._strips()]
        return np.concatenate(strips, axis=1)

    def mode(self) -> Array:
        """The most probable bin, ``(N, h, w, 2)`` in Lab units."""
        best: NDArray[np.intp] = self.logits.argmax(axis=-1)
        return self.bins[best]

    def entropy(self) -> Array:
        """Doubt ``(N, h, w)`` in nats, at temperature 1: 0 when decided, at most ln Q."""
        return np.concatenate([_entropy(logits) for logits in self._strips()], axis=1)

    def confidence(self, temperature: float = PUBLISHED_TEMPERATURE, radius: float = 20.0) -> Array:
        """Probability ``(N, h, w)`` that the true colour is like the one shown.

        That is the mass, at temperature 1, of the bins within ``radius`` Lab units of the annealed
        mean: a number that can be checked against photographs whose colour is known.
        """
        shown = self.mean(temperature).reshape(-1, 2)
        near = _squared_distances(shown, self.bins) <= radius**2
        mass: Array = (self._probabilities.reshape(near.shape) * near).sum(axis=1)
        return mass.reshape(self.logits.shape[:3])

    def top(self, k: int, at: tuple[float, float]) -> list[tuple[tuple[float, float], float]]:
        """The k most probable colours at a point of the first picture.

        Parameters
        ----------
        k : int
            How many.
        at : tuple of float
            Row and column in pixels of the picture; outside it, its nearest point counts.

        Returns
        -------
        list
            ``((a, b), probability)``, most probable first; Lab units.
        """
        p = self._at(at)
        return [(self._bin(q), float(p[q])) for q in np.argsort(p)[::-1][:k]]

    def suggest(
        self, k: int, at: tuple[float, float], apart: float = 20.0
    ) -> list[tuple[tuple[float, float], float]]:
        """Up to k colours to choose from at a point of the first picture, no two alike.

        The most probable bins of `top` are neighbours, which nobody can tell apart; here each
        colour stands for those around it.

        Parameters
        ----------
        k : int
            How many.
        at : tuple of float
            Row and column in pixels of the picture; outside it, its nearest point counts.
        apart : float
            Lab units that lie between any two of them at least. Bins that are nearer than that to
            a colour count for it.

        Returns
        -------
        list
            ``((a, b), probability)``, most probable first; Lab units.
        """
        left = self._at(at).copy()
        near = _squared_distances(self.bins, self.bins) < apart**2
        free = np.ones(len(left), bool)
        found: list[tuple[tuple[float, float], float]] = []
        while free.any() and len(found) < k:
            mass = near @ left
            best = int(np.where(free, mass, -1).argmax())
            found.append((self._bin(best), float(mass[best])))
            left[near[best]] = 0
            free &= ~near[best]
        return found

    def _bin(self, q: int) -> tuple[float, float]:
        return float(self.bins[q, 0]), float(self.bins[q, 1])

    def _at(self, point: tuple[float, float]) -> Array:
        """Probabilities ``(Q,)`` at a row and a column of the first picture."""
        row, column = (
            min(max(int((position + 0.5) / cell), 0), cells - 1)
            for position, cell, cells in zip(point, self.cell, self.logits.shape[1:3], strict=True)
        )
        p: Array = self._probabilities[0, row, column]
        return p

    def sample(
        self,
        seed: int,
        coherence: float = 2.0,
        temperature: float = PUBLISHED_TEMPERATURE,
        softness: float = 0.5,
    ) -> Array:
        """Another believable colouring, ``(N, h, w, 2)`` in Lab units.

        Drawn with the Gumbel-max trick: noise is added to the logits, and the most probable class
        then is a draw from the distribution. Noise that is independent at every pixel would give
        confetti; here each class has one smooth Gumbel field over the picture. Cells closer than
        ``coherence`` share their noise, so that what looks alike is drawn alike, while at every
        single cell the draw still follows the distribution at that temperature.

        Parameters
        ----------
        seed : int
            The same seed gives the same draw.
        coherence : float
            Distance over which noise is shared, in short sides of the picture. Less than 1 gives
            one sky several colours.
        temperature : float
            Of the distribution that is drawn from; lower ones draw likelier colours.
        softness : float
            The annealed mean of the perturbed logits, at this temperature, stands in for their
            maximum, which would leave hard seams; towards 0 it is the exact draw.

        Raises
        ------
        OptionError
            When an option is outside its range.
        """
        check_temperature(temperature)
        check_temperature(softness, "softness")
        if not isinstance(seed, Integral) or seed < 0:
            raise OptionError(f"seed must be a whole number, at least 0; received {seed!r}")
        if not 0 <= coherence < math.inf:
            raise OptionError(f"coherence must be a number, at least 0; received {coherence!r}")
        noise = _smooth_gumbel(self.logits.shape, coherence, int(seed))
        return _softmax(_sharpened(self.logits, temperature) + noise, softness) @ self.bins

    def _strips(self) -> Iterator[Array]:
        """Logits of a few rows at a time, so that what is made of them stays in a cache."""
        rows = max(1, STRIP // self.logits[:, 0].size)
        for top in range(0, self.logits.shape[1], rows):
            yield self.logits[:, top : top + rows]

    @cached_property
    def _probabilities(self) -> Array:
        return _softmax(self.logits, 1.0)


def calm(ab: Array, entropy: Array, caution: float) -> Array:
    """Fade chroma where a distribution is undecided.

    Full chroma up to 2.8 nats, falling smoothly to a fifth of it at 4.0 nats when ``caution`` is
    1; in proportion below. Plain backdrops and dark coats sit there, skin and sky do not.

    Parameters
    ----------
    ab : ndarray
        ``(N, h, w, 2)``, Lab units.
    entropy : ndarray
        ``(N, h, w)``, nats (`Distribution.entropy`).
    caution : float
        0 changes nothing, 1 is the full fade.
    """
    doubt = np.clip((entropy - DECIDED) / (UNDECIDED - DECIDED), 0, 1)
    smooth = doubt * doubt * (3 - 2 * doubt)
    share: Array = 1 - np.float32(caution * (1 - FADED)) * smooth
    return ab * share[..., None]


def _entropy(logits: Array) -> Array:
    """The logarithm of Z less the mean logit: cheaper than that of each probability."""
    scaled = _sharpened(logits, 1.0)
    mass = np.exp(scaled)
    total: Array = mass.sum(axis=-1)
    mean: Array = np.einsum("nhwq,nhwq->nhw", mass, scaled) / total
    return np.maximum(np.log(total) - mean, np.float32(0))


def _softmax(logits: Array, temperature: float) -> Array:
    scaled = _sharpened(logits, temperature)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=-1, keepdims=True)
    return scaled


def _sharpened(logits: Array, temperature: float) -> Array:
    """Logits of the same distribution at another temperature, the highest of them 0."""
    sharpness = np.float32(1 / max(temperature, 1e-6))  # finite, however cold
    scaled: Array = (logits - logits.max(axis=-1, keepdims=True)) * sharpness
    return scaled


def _smooth_gumbel(shape: tuple[int, ...], coherence: float, seed: int) -> Array:
    """Gumbel fields ``(N, h, w, Q)``, one a class, smooth over a length, Gumbel at every cell."""
    n, height, width, classes = shape
    step = max(coherence * min(height, width), 1.0)
    knots = (math.ceil(height / step) + 2, math.ceil(width / step) + 2)
    normal = np.random.default_rng(seed).standard_normal((n, *knots, classes), dtype=np.float32)
    for axis, cells in ((1, height), (2, width)):
        normal = _interpolate_keeping_variance(normal, axis, np.arange(cells) / step)
    uniform = np.clip(_normal_cdf(normal), 1e-6, 1 - 1e-6)
    return -np.log(-np.log(uniform))


def _interpolate_keeping_variance(
    values: Array, axis: int, positions: NDArray[np.float64]
) -> Array:
    """Between independent unit normals: weights whose squares sum to 1 keep them unit normal."""
    left = positions.astype(np.intp)
    angle = (positions - left) * (np.pi / 2)
    shape = [1] * values.ndim
    shape[axis] = -1
    cosine, sine = (f(angle).astype(np.float32).reshape(shape) for f in (np.cos, np.sin))
    return cosine * values.take(left, axis) + sine * values.take(left + 1, axis)


def _normal_cdf(z: Array) -> Array:
    """Standard normal distribution function (Abramowitz and Stegun 26.2.17, error 7.5e-8)."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    powers = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)
    tail = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * t * np.polyval(powers[::-1], t)
    return np.where(z > 0, 1 - tail, tail).astype(np.float32)


def check_temperature(temperature: float, name: str = "temperature") -> None:
    """Refuse, with `OptionError`, what is not a positive number."""
    number = isinstance(temperature, Real) and not isinstance(temperature, bool)
    if not number or not 0 < temperature < math.inf:
        raise OptionError(
            f"{name} must be a positive number, 1 for the distribution as it is; received "
            f"{temperature!r}"
        )
