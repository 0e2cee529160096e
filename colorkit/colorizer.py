"""The way of a picture: gray in, colours of the same lightness out."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from numbers import Integral, Real
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit import pixels, registry
from colorkit.ahead import map_ahead
from colorkit.backends.base import Backend, HintMap, Prediction, checked
from colorkit.bins import PUBLISHED_TEMPERATURE, Distribution, calm, check_temperature
from colorkit.errors import BackendError, OptionError
from colorkit.hints import Hint, hint_map
from colorkit.pixels import finish
from colorkit.resize import Enlarged, Frame, Upsampling, resample, shrink
from colorkit.spread import spread
from colorkit.strips import thread_count

if TYPE_CHECKING:
    from colorkit.provenance import Note

Array = NDArray[np.float32]
BackendLike = str | Backend | Callable[[Array], Array]
Hints = Sequence[Hint] | None

DEFAULT_BACKEND = "colorkit:lite"  # an installed plugin may claim "lite" too
DEFAULT_CAUTION = 0.5
MAX_SIZE = 1024
LOOK_AHEAD = 2
"""Images that `Colorizer.map` works on beyond the one it hands out next."""


def colorize(
    image: Any,
    backend: BackendLike | None = None,
    *,
    temperature: float | None = None,
    saturation: float = 1.0,
    caution: float | None = None,
    size: int | None = None,
    hints: Hints = None,
    strict: bool = False,
) -> Any:
    """Colour a black-and-white image; the lightness of every pixel stays.

    Parameters
    ----------
    image : array_like or PIL.Image.Image
        ``(H, W)`` or ``(H, W, 1)`` gray, ``(H, W, 2)`` gray and alpha, ``(H, W, 3)`` RGB,
        ``(H, W, 4)`` RGB and alpha; bool, uint8, uint16, or floats in [0, 1]. Colours that are
        already there are replaced.
    backend : str, Backend or callable, optional
        A name (``colorkit backends`` lists them), the path of a ``.tflite`` file or of a run's
        weights, a backend, or a function from lightness to ab. By default the embedded network.
    temperature : float, optional
        Of the annealed mean: 1 is calm, towards 0 vivid with spots. By default the published
        0.38.
    saturation : float
        Factor on chroma; 0 is gray.
    caution : float, optional
        How far chroma fades where the network is undecided: 0 (vivid) to 1 (safe).
    size : int, optional
        Short side of what the network sees, in pixels, at most 1024. By default the backend's.
    hints : sequence of Hint, optional
        Colours at points. A backend that takes none has them spread along the edges of lightness;
        far from them its own colours stay. Saturation and caution leave colours of hints alone.
    strict : bool
        Refuse hints that the backend itself does not take.

    Returns
    -------
    ndarray or PIL.Image.Image
        ``(H, W, 3)``, or ``(H, W, 4)`` where alpha came in; the dtype of ``image`` (uint8 for
        bool). A Pillow image for a Pillow image.

    Raises
    ------
    ImageError
        When the image cannot be taken: it is a TypeError or a ValueError too.
    OptionError
        When an option is outside its range.
    BackendError
        When the backend is unknown, fails, or cannot honour an option.
    HintError
        When a hint lies outside the image.

    Examples
    --------
    >>> import numpy as np
    >>> import colorkit
    >>> gray = np.linspace(0, 255, 64 * 48).reshape(48, 64).astype(np.uint8)
    >>> colorkit.colorize(gray).shape
    (48, 64, 3)
    """
    recipe = Colorizer(
        backend, temperature=temperature, saturation=saturation, caution=caution, size=size
    )
    return recipe.colorize(image, hints=hints, strict=strict)


@dataclass(frozen=True)
class Colorizer:
    """A recipe for colours, with its backend loaded once for many images.

    Equal recipes compare equal; pickled, only the recipe travels. Safe to use from several
    threads at once.

    Parameters
    ----------
    backend, temperature, saturation, caution, size
        As for `colorize`.
    upsampling : {"guided", "bilinear"}
        How ab grows to picture size: along the edges of L*, or blind to them.
    threads : int, optional
        For one image; as many as there are cores by default.

    Raises
    ------
    OptionError
        When an option is outside its range.
    """

    backend: BackendLike | None = None
    _: KW_ONLY
    temperature: float | None = None
    saturation: float = 1.0
    caution: float | None = None
    size: int | None = None
    upsampling: Upsampling = "guided"
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.temperature is not None:
            check_temperature(self.temperature)
        _check_range("saturation", self.saturation, 0, 10)
        if self.caution is not None:
            _check_range("caution", self.caution, 0, 1)
        if self.size is not None:
            _check_range("size", self.size, 1, MAX_SIZE, whole=True)
        if self.upsampling not in ("guided", "bilinear"):
            raise OptionError(
                f"upsampling must be 'guided' or 'bilinear'; received {self.upsampling!r}"
            )
        thread_count(self.threads)

    def __repr__(self) -> str:
        options = (f"{name}={value!r}" for name, value in self._options().items())
        return f"Colorizer({', '.join(options)})"

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def _options(self) -> dict[str, Any]:
        """Those that are not the default."""
        given = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}
        return {name: value for name, (value, default) in given.items() if value != default}

    def load(self) -> "Colorizer":
        """Load the backend now instead of at the first image; returns the recipe itself.

        Raises
        ------
        BackendError
            When it is unknown, or something that it needs is not installed.
        """
        _ = self._loaded
        return self

    def colorize(self, image: Any, *, hints: Hints = None, strict: bool = False) -> Any:
        """Colour one image; see `colorkit.colorize`."""
        picture = pixels.split(image, self._threads)
        name, backend = self._loaded
        if hints and strict and not backend.accepts_hints:
            raise BackendError(
                f"backend {name!r} takes no hints; without strict=True their colours are spread "
                f"along the edges of lightness"
            )
        layers = self._layers(picture.lightness, picture.lightness.shape, hints)
        return finish(picture, layers, self._threads)

    def map(self, images: Iterable[Any]) -> Iterator[Any]:
        """Colour images one after another.

        At most three are in memory at once: one that is handed out, and two that are being worked
        on meanwhile. The first error is raised in its place.

        Parameters
        ----------
        images : iterable
            As for `colorize`; may be endless.

        Yields
        ------
        ndarray or PIL.Image.Image
            In the order of ``images``.
        """
        return map_ahead(self.colorize, images, threads=LOOK_AHEAD, buffersize=LOOK_AHEAD)

    def variants(self, image: Any, n: int = 4, seed: int = 0) -> list[Any]:
        """Several believable colourings of one image.

        Parameters
        ----------
        image : array_like or PIL.Image.Image
            As for `colorize`.
        n : int
            How many.
        seed : int
            The same seed gives the same colours; variant i does not depend on ``n``.

        Returns
        -------
        list
            Each as from `colorize`. Samples of the distribution that are coherent in space
            (`Distribution.sample`), or the backend's answer and its alternatives, best first; these
            may be fewer than ``n``.

        Raises
        ------
        BackendError
            When the backend gives one answer only.
        """
        _check_range("n", n, 1, 1000, whole=True)
        picture = pixels.split(image, self._threads)
        small, frame = self._shrink(picture.lightness)
        colours = self._alternatives(self._predict(small), n, seed)
        layers = (self._enlarged(ab, small, frame) for ab in colours)
        return [finish(picture, [layer], self._threads) for layer in layers]

    def ab(self, image: Any) -> Array:
        """The colours alone, ``(H, W, 2)`` float32 in Lab units, before the gamut limits them."""
        lightness = pixels.split(image, self._threads).lightness
        return self.paint(lightness, lightness)

    def paint(
        self, lightness: Array, guide: Array, *, hints: Hints = None, arrived: HintMap | None = None
    ) -> Array:
        """The colours alone, for a picture that is lightness already, at a size of its own.

        Parameters
        ----------
        lightness : ndarray
            ``(H, W)`` float32, L* in 0..100.
        guide : ndarray
            The same at the size that is wanted, ``(h, w)``.
        hints : sequence of Hint, optional
            As for `colorize`, in pixels of ``lightness``.
        arrived : HintMap, optional
            Colours that have come from the frame before, and how far they count (0..1), over the
            whole picture at any size; for a backend that refines.

        Returns
        -------
        ndarray
            ``(h, w, 2)`` float32 in Lab units, before the gamut limits them.
        """
        ab = np.zeros((*guide.shape, 2), np.float32)
        for layer in self._layers(lightness, guide.shape, hints, arrived):
            ab += np.stack(layer.rows(0, guide), axis=-1)
        return ab

    def distribution(self, image: Any) -> Distribution:
        """What the backend believes about the colours of an image.

        Raises
        ------
        BackendError
            When the backend gives no distribution.
        """
        small, frame = self._shrink(pixels.split(image, self._threads).lightness)
        believed = self._believed(small)
        grid = believed.logits.shape[1:3]
        rows, columns = frame.cells(grid)
        logits = believed.logits[:, :rows, :columns]
        return Distribution(logits, believed.bins, frame.cell(grid))

    def uncertainty(self, image: Any) -> Array:
        """Doubt in the colours of an image, ``(H, W)`` float32 in 0..1.

        That is the probability, by the distribution, that the true colour is unlike its annealed
        mean, more than 20 Lab units away (`Distribution.confidence`).

        Raises
        ------
        BackendError
            When the backend gives no distribution.
        """
        picture = pixels.split(image, self._threads)
        small, frame = self._shrink(picture.lightness)
        doubt = 1 - self._believed(small).confidence(self._temperature)
        planes = np.stack([doubt[0], doubt[0]], axis=-1)
        rows = Enlarged(planes, small[0, ..., 0], frame, "bilinear").rows(0, picture.lightness)
        return np.clip(rows[0], 0, 1)

    def note(
        self, *, hints: int | None = None, variant: int | None = None, seed: int | None = None
    ) -> "Note":
        """What is to be said of a picture that this recipe colours.

        Parameters
        ----------
        hints, variant, seed : int, optional
            As in `colorkit.provenance.Note`.

        Returns
        -------
        Note
            For `colorkit.provenance.add_to_xmp`.
        """
        from colorkit.provenance import Note, source_date  # XML is slow to import

        name, backend = self._loaded
        options = {k: v for k, v in self._options().items() if k not in ("backend", "threads")}
        return Note(
            os.path.basename(name),
            getattr(backend, "sha256", None),
            date=source_date(),
            hints=hints,
            variant=variant,
            seed=seed,
            **options,
        )

    @property
    def refines(self) -> bool:
        """Whether the backend settles colours itself that arrive from the frame before."""
        return getattr(self._loaded[1], "refines", False)

    @property
    def _threads(self) -> int:
        return thread_count(self.threads)

    @property
    def _loaded(self) -> tuple[str, Backend]:
        """The backend's name and the backend, loaded at first use."""
        if "_backend" not in self.__dict__:
            with _loading:
                if "_backend" not in self.__dict__:
                    backend = DEFAULT_BACKEND if self.backend is None else self.backend
                    self.__dict__["_backend"] = registry.get_backend(backend, threads=self.threads)
        loaded: tuple[str, Backend] = self.__dict__["_backend"]
        return loaded

    def _layers(
        self, lightness: Array, shape: tuple[int, ...], hints: Hints, arrived: HintMap | None = None
    ) -> list[Enlarged]:
        """Colours at a shape, whose sum is what a person sees."""
        small, frame = self._shrink(lightness)
        given = hint_map(hints, frame) if hints else None
        prediction = self._predict(small, self._told(given, arrived, frame))
        ab = self._decide(prediction)
        frame = replace(frame, picture=(shape[0], shape[1]))
        layers = [self._enlarged(ab, small, frame)]
        if given is not None:
            change = self._change(prediction, ab, given, small)
            # Fine enough to follow edges as it is, and a filter would wash out dots.
            layers.append(Enlarged(change, small[0, ..., 0], frame, "bilinear"))
        return layers

    def _shrink(self, lightness: Array) -> tuple[Array, Frame]:
        _, backend = self._loaded
        return shrink(lightness, self.size or backend.size, backend.stride)

    def _told(self, given: HintMap | None, arrived: HintMap | None, frame: Frame) -> HintMap | None:
        """What the backend hears of colours: a person's, over those that have arrived."""
        if not self._loaded[1].accepts_hints:
            given = None
        if arrived is None:
            return given
        ab, mask = (frame.seen(values[0])[None] for values in (arrived.ab, arrived.mask))
        ab = ab / np.float32(self.saturation or 1)  # else it would be applied at every key again
        if given is not None:
            ab, mask = np.where(given.mask > 0, given.ab, ab), np.maximum(given.mask, mask)
        return HintMap(ab, mask)

    def _predict(self, small: Array, hints: HintMap | None = None) -> Prediction:
        name, backend = self._loaded
        return checked(backend.predict(small, hints), small, name)

    def _believed(self, small: Array) -> Distribution:
        believed = self._predict(small).distribution
        if believed is None:
            raise BackendError(f"backend {self._loaded[0]!r} gives no distribution, only colours")
        return believed

    def _change(self, prediction: Prediction, ab: Array, hints: HintMap, small: Array) -> Array:
        """What a person's colours change in ``ab``: ``(h', w', 2)``, at network size or below.

        A backend that takes hints has painted with them already: what saturation and caution have
        done to that is taken back near them.
        """
        colours, weight = spread(hints, small)
        grid = (weight.shape[0], weight.shape[1])
        if self._loaded[1].accepts_hints:
            wanted = self._at_network_size(self._chosen(prediction) - ab, small)
            return weight * resample(wanted, grid)
        return weight * (colours - resample(self._at_network_size(ab, small), grid))

    def _at_network_size(self, ab: Array, small: Array) -> Array:
        size = (small.shape[1], small.shape[2])
        enlarged = self._enlarged(ab, small, Frame(size, size, size))
        return np.stack(enlarged.rows(0, small[0, ..., 0]), axis=-1)

    def _decide(self, prediction: Prediction) -> Array:
        """One map ``(1, h', w', 2)`` of ab out of all that was predicted."""
        believed = prediction.distribution
        if self._is_own(prediction) and self.caution is None:
            believed = None  # ab that a backend gives itself is not ours to fade unasked
        return self._with_chroma(self._chosen(prediction), believed)

    def _chosen(self, prediction: Prediction) -> Array:
        """That map, its chroma as the backend means it."""
        believed = prediction.distribution
        if believed is None:
            self._refuse_without_distribution("temperature", self.temperature)
            self._refuse_without_distribution("caution", self.caution)
        if prediction.ab is not None and self._is_own(prediction):
            return prediction.ab
        assert believed is not None  # `checked` saw to it
        return believed.mean(self._temperature)

    def _is_own(self, prediction: Prediction) -> bool:
        """Whether the backend's own ab is what counts: until a temperature is asked for."""
        return prediction.ab is not None and self.temperature is None

    def _alternatives(self, prediction: Prediction, n: int, seed: int) -> list[Array]:
        believed = prediction.distribution
        if believed is not None:
            draws = (believed.sample(seed + i, temperature=self._temperature) for i in range(n))
            return [self._with_chroma(ab, believed) for ab in draws]
        if prediction.ab is not None and prediction.alternatives:
            answers = (prediction.ab, *prediction.alternatives)
            return [self._with_chroma(ab, None) for ab in answers[:n]]
        raise BackendError(
            f"backend {self._loaded[0]!r} gives one answer only: neither a distribution to draw "
            f"variants from nor alternatives"
        )

    def _with_chroma(self, ab: Array, believed: Distribution | None) -> Array:
        caution = DEFAULT_CAUTION if self.caution is None else self.caution
        if believed is not None and caution:
            doubt = resample(believed.entropy()[0], (ab.shape[1], ab.shape[2]))
            ab = calm(ab, doubt[None], caution)
        return ab * np.float32(self.saturation)

    @property
    def _temperature(self) -> float:
        return PUBLISHED_TEMPERATURE if self.temperature is None else self.temperature

    def _refuse_without_distribution(self, option: str, value: float | None) -> None:
        if value is not None:
            raise BackendError(
                f"backend {self._loaded[0]!r} gives colours without a distribution, so that "
                f"{option}={value!r} cannot be honoured; leave {option} out"
            )

    def _enlarged(self, ab: Array, small: Array, frame: Frame) -> Enlarged:
        return Enlarged(ab[0], small[0, ..., 0], frame, self.upsampling)


def _check_range(
    name: str, value: float, lowest: float, highest: float, *, whole: bool = False
) -> None:
    kind = Integral if whole else Real
    if isinstance(value, bool) or not isinstance(value, kind) or not lowest <= value <= highest:
        number = "a whole number" if whole else "a number"
        raise OptionError(f"{name} must be {number} in {lowest}..{highest}; received {value!r}")


def _free_the_lock() -> None:
    global _loading
    _loading = RLock()


_loading = RLock()
if hasattr(os, "register_at_fork"):  # a forked child may be born while it is held
    os.register_at_fork(after_in_child=_free_the_lock)
