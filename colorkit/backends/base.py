"""The contract of a backend: lightness in, ab or a distribution out; nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from colorkit.bins import Distribution, gamut_bins, grid_bins
from colorkit.errors import BackendError

Array = NDArray[np.float32]

MAX_AB = 1000.0
"""Where ab is no colour any more, however vivid, but a wrong unit or a fault."""

MAX_COLOURS = 8
"""That a network may give for one picture; more channels are classes."""


@dataclass(frozen=True, eq=False)
class HintMap:
    """Colours that a person gave, or that have arrived from the frame before, at network size.

    Attributes
    ----------
    ab : ndarray
        ``(N, h, w, 2)`` float32, Lab units; of a person's, 0 where no hint is.
    mask : ndarray
        ``(N, h, w, 1)`` float32: 1 where a hint is, else 0; of colours that have arrived, how far
        they count, in 0..1.
    """

    ab: Array
    mask: Array


@dataclass(frozen=True, eq=False)
class Prediction:
    """A backend's answer, at any integer fraction of its input's size.

    Attributes
    ----------
    ab : ndarray, optional
        ``(N, h', w', 2)`` float32, Lab units. May be left out where a distribution is given.
    distribution : Distribution, optional
        Logits on bins.
    alternatives : tuple of ndarray
        Further ab maps, best first.
    """

    ab: Array | None = None
    distribution: Distribution | None = None
    alternatives: tuple[Array, ...] = ()


def no_hints(lightness: Array) -> HintMap:
    """What a network that takes hints is given where a person gave none."""
    n, height, width, _ = lightness.shape
    return HintMap(
        np.zeros((n, height, width, 2), np.float32), np.zeros((n, height, width, 1), np.float32)
    )


def is_ab(channels: int) -> bool:
    """Whether an answer of so many channels is ab: of one colour, or of several, best first."""
    return channels in range(2, 2 * MAX_COLOURS + 1, 2)


def prediction(
    logits: Array | None = None, ab: Array | None = None, *, bins: Array | None = None
) -> Prediction:
    """A network's answers as a prediction.

    Parameters
    ----------
    logits : ndarray, optional
        ``(N, h, w, Q)``.
    ab : ndarray, optional
        ``(N, h, w, 2 d)``: the ab of d colours, best first.
    bins : ndarray, optional
        ``(Q, 2)``, what logits stand for; else the number of classes tells.

    Raises
    ------
    BackendError
        When it does not, or ab has an odd number of channels, or too many.
    """
    believed = None if logits is None else Distribution(logits, _bins(logits, bins))
    if ab is None:
        return Prediction(distribution=believed)
    if not is_ab(ab.shape[-1]):
        raise BackendError(
            f"a network answers with ab of {ab.shape[-1]} channels; it must have two for each "
            f"colour, of at most {MAX_COLOURS} colours"
        )
    best, *others = np.split(ab, ab.shape[-1] // 2, axis=-1)
    return Prediction(best, believed, tuple(others))


def _bins(logits: Array, given: Array | None) -> Array:
    if given is not None:
        return given
    known = {len(bins): bins for bins in (gamut_bins(), grid_bins())}
    if logits.shape[-1] not in known:
        raise BackendError(
            f"a network answers with {logits.shape[-1]} classes; bins are known for "
            f"{' and '.join(map(str, known))}, and ab has two channels for each colour"
        )
    return known[logits.shape[-1]]


@runtime_checkable
class Backend(Protocol):
    """What a backend has to offer.

    It may be asked from several threads at once. A class that takes a keyword ``threads`` is
    called with the number of threads that the user asked for (or None), any other without
    arguments.

    One that is made of a file may give its SHA-256 as ``sha256``, for the note in its pictures.

    One may say ``refines = True``: on film it then settles colours itself. At a key frame it is
    given, as hints, what has arrived along the motion from the key before, with steadiness times
    trust in that motion as mask; its answer stands, where any other's is blended with what has
    arrived. Where nothing can have arrived (the first frame of a shot, a frame that a person has
    corrected, a single picture) it is given none. Its `accepts_hints` is about a person's hints
    alone.
    """

    @property
    def stride(self) -> int:
        """Sides of the input are multiples of this."""
        ...

    @property
    def size(self) -> int:
        """Preferred short side of the input, in pixels."""
        ...

    @property
    def accepts_hints(self) -> bool:
        """Whether `predict` honours a person's hints."""
        ...

    def predict(self, lightness: Array, hints: HintMap | None = None) -> Prediction:
        """Colour for lightness ``(N, h, w, 1)`` float32 in 0..100."""
        ...


@dataclass(frozen=True)
class FunctionBackend:
    """A plain function ``f(lightness) -> ab`` as a backend.

    ``lightness`` is ``(N, h, w, 1)`` float32 in 0..100; ``ab`` ``(N, h', w', 2)`` in Lab units, at
    any integer fraction of that size.
    """

    function: Callable[[Array], Array]
    stride: int = 8
    size: int = 256
    accepts_hints: bool = False

    def predict(
        self,
        lightness: Array,
        hints: HintMap | None = None,  # none are accepted
    ) -> Prediction:
        """Colour for lightness ``(N, h, w, 1)`` float32 in 0..100."""
        return Prediction(ab=self.function(lightness))


def as_backend(obj: object, *, threads: int | None = None) -> Backend:
    """Make a backend of an object.

    Parameters
    ----------
    obj : Backend, callable or class
        A backend is returned as it is, a function ``f(lightness) -> ab`` is wrapped, a class is
        called: with ``threads=`` if it takes that, else without arguments.
    threads : int, optional
        For a class that takes it.

    Raises
    ------
    BackendError
        When it is none of these, or its stride or size is not a number of pixels.
    """
    if isinstance(obj, type):
        takes_threads = "threads" in signature(obj).parameters
        obj = obj(threads=threads) if takes_threads else obj()
    elif callable(obj) and not isinstance(obj, Backend):
        obj = FunctionBackend(obj)
    if not isinstance(obj, Backend):
        raise BackendError(
            f"{obj!r} is no backend: that has stride, size, accepts_hints and predict, or is a "
            f"function from lightness to ab"
        )
    for what in ("stride", "size"):
        value = getattr(obj, what)
        if not isinstance(value, int) or value < 1:
            raise BackendError(
                f"{what} of backend {obj!r} must be a positive whole number of pixels; "
                f"received {value!r}"
            )
    return obj


def checked(prediction: object, lightness: Array, name: str) -> Prediction:
    """Return a backend's answer, its maps as float32, if it can be used.

    Raises
    ------
    BackendError
        When something is of the wrong type, of a shape that does not fit ``lightness``, not
        finite, or far outside the Lab plane. It names the backend.
    """
    if not isinstance(prediction, Prediction):
        raise BackendError(
            f"backend {name!r} must answer with a colorkit.Prediction; "
            f"received {type(prediction).__name__}"
        )
    distribution = prediction.distribution
    if prediction.ab is None and distribution is None:
        raise BackendError(f"backend {name!r} answered with neither ab nor a distribution")
    if distribution is not None:
        _check_distribution(distribution, lightness, name)
    colours = [_as_colour(ab, lightness, name) for ab in (prediction.ab, *prediction.alternatives)]
    return Prediction(colours[0], distribution, tuple(ab for ab in colours[1:] if ab is not None))


def _check_distribution(distribution: object, lightness: Array, name: str) -> None:
    if not isinstance(distribution, Distribution):
        raise BackendError(
            f"backend {name!r} must give its distribution as a colorkit.Distribution; "
            f"received {type(distribution).__name__}"
        )
    bins = distribution.bins
    if bins.ndim != 2 or bins.shape[1] != 2:
        raise BackendError(
            f"backend {name!r} answered with bins of shape {bins.shape}; it must be (Q, 2)"
        )
    _check_range(bins, "bins", name)
    _check_map(distribution.logits, len(bins), "logits", lightness, name)


def _as_colour(ab: object, lightness: Array, name: str) -> Array | None:
    if ab is None:
        return None
    try:
        with np.errstate(over="ignore"):  # becomes infinite, which is refused
            array = np.asarray(ab, np.float32)
    except (TypeError, ValueError) as error:
        raise BackendError(
            f"backend {name!r} answered with ab that is no array of numbers: {error}"
        ) from error
    _check_map(array, 2, "ab", lightness, name)
    _check_range(array, "ab", name)
    return array


def _check_map(values: Array, channels: int, what: str, lightness: Array, name: str) -> None:
    n, height, width = lightness.shape[:3]
    fits = (
        values.ndim == 4
        and values.shape[0] == n
        and values.shape[3] == channels
        and 0 not in values.shape
        and height % values.shape[1] == 0
        and height * values.shape[2] == width * values.shape[1]
    )
    if not fits:
        raise BackendError(
            f"backend {name!r} answered with {what} of shape {values.shape}; for lightness of "
            f"shape {lightness.shape} it must be ({n}, {height}/k, {width}/k, {channels}) with a "
            f"whole k"
        )
    if not np.isfinite(values).all():
        raise BackendError(f"backend {name!r} answered with {what} that are NaN or infinite")


def _check_range(values: Array, what: str, name: str) -> None:
    largest = np.abs(values).max()
    if not largest <= MAX_AB:
        raise BackendError(
            f"backend {name!r} answered with {what} of up to {largest:g}; these are Lab units, "
            f"within -128..128"
        )
