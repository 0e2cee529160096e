"""The conformance suite for backends: inherit it, say which backend, run pytest."""

import multiprocessing
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from multiprocessing.connection import Connection
from threading import Barrier
from typing import Any, ClassVar
from unittest import SkipTest

import numpy as np
from numpy.typing import NDArray

import colorkit
from colorkit.backends.base import Backend, Prediction, checked
from colorkit.errors import BackendError, ImageValueError
from colorkit.registry import get_backend

__all__ = ["BackendTests"]

Array = NDArray[np.float32]
THREADS = 4


class BackendTests:
    """What every backend must do.

    Attributes
    ----------
    backend_name : str
        The name under which the backend is registered. For one without a name, override
        `make_backend` instead.
    fork_seconds : float
        How long a forked child may take for one small picture.

    Examples
    --------
    >>> from colorkit.testing import BackendTests
    >>> class TestSepia(BackendTests):
    ...     backend_name = "sepia"
    """

    backend_name: ClassVar[str] = ""
    fork_seconds: ClassVar[float] = 60.0

    def make_backend(self) -> Any:
        """Return the backend's name, or a backend, a class or a function; called once."""
        assert self.backend_name, "set backend_name, or override make_backend"
        return self.backend_name

    @classmethod
    @cache
    def _loaded(cls) -> tuple[str, Backend]:
        return get_backend(cls().make_backend())

    @property
    def _backend(self) -> Backend:
        return self._loaded()[1]

    def _predict(self, lightness: Array) -> Prediction:
        name, backend = self._loaded()
        return checked(backend.predict(lightness), lightness, name)

    def _noise(self, n: int, rows: int, columns: int) -> Array:
        """Random lightness, its sides given in strides."""
        stride = self._backend.stride
        rng = np.random.default_rng(rows * 100 + columns)
        return rng.uniform(0, 100, (n, rows * stride, columns * stride, 1)).astype(np.float32)

    def test_describes_itself(self) -> None:
        """A backend says its stride, its size and whether it takes hints."""
        backend = self._backend
        assert isinstance(backend.accepts_hints, bool), "accepts_hints is True or False"
        assert backend.stride <= backend.size, "a picture of that size has at least one stride"

    def test_answers_in_float32(self) -> None:
        """All maps are float32 arrays, so that none doubles the memory of a picture."""
        for values in _maps(self._backend.predict(self._noise(1, 2, 2))):
            assert isinstance(values, np.ndarray), f"a map is a {type(values).__name__}, no array"
            assert values.dtype == np.float32, f"a map is {values.dtype}, not float32"

    def test_answers_to_the_smallest_input(self) -> None:
        """One stride by one stride is enough."""
        self._predict(self._noise(1, 1, 1))

    def test_answers_to_any_multiple_of_its_stride(self) -> None:
        """Sides are any multiples of the stride: odd ones, and long pictures either way."""
        for rows, columns in ((3, 5), (1, 7), (7, 1)):
            self._predict(self._noise(1, rows, columns))

    def test_answers_to_black_white_and_noise(self) -> None:
        """Extreme pictures get finite colours."""
        noise = self._noise(1, 3, 2)
        for lightness in (np.zeros_like(noise), np.full_like(noise, 100), noise):
            self._predict(lightness)

    def test_answers_to_a_batch_as_to_each_picture(self) -> None:
        """A picture's colours do not depend on its neighbours in the batch."""
        pictures = self._noise(3, 2, 3)
        together = _maps(self._predict(pictures))
        for i in range(len(pictures)):
            for whole, single in zip(
                together, _maps(self._predict(pictures[i : i + 1])), strict=True
            ):
                np.testing.assert_allclose(
                    whole[i], single[0], rtol=1e-3, atol=0.02, err_msg=f"picture {i} of a batch"
                )

    def test_answers_the_same_to_the_same(self) -> None:
        """The same input gives the same answer, bit for bit, whatever came between."""
        lightness = self._noise(1, 2, 2)
        first = [values.copy() for values in _maps(self._predict(lightness))]
        self._predict(self._noise(1, 1, 3))
        _assert_same(_maps(self._predict(lightness)), first, "the second answer")

    def test_leaves_its_input_alone(self) -> None:
        """The lightness that it is given is not written to."""
        lightness = self._noise(1, 2, 2)
        before = lightness.copy()
        self._predict(lightness)
        np.testing.assert_array_equal(lightness, before, err_msg="the input was changed")

    def test_answers_several_threads_as_one(self) -> None:
        """Threads that ask at once get what they would get one after another."""
        pictures = [picture[None] for picture in self._noise(THREADS, 2, 3)]
        alone = [_maps(self._predict(lightness)) for lightness in pictures]
        start = Barrier(THREADS)

        def work(lightness: Array) -> list[Array]:
            start.wait()
            return _maps(self._predict(lightness))

        with ThreadPoolExecutor(THREADS) as pool:
            at_once = list(pool.map(work, pictures))
        for threaded, serial in zip(at_once, alone, strict=True):
            _assert_same(threaded, serial, "the answer in a thread")

    def test_colours_one_pixel(self) -> None:
        """A picture of one pixel is coloured."""
        coloured = colorkit.Colorizer(self._backend).colorize(np.full((1, 1), 99, np.uint8))
        assert coloured.shape == (1, 1, 3), f"one pixel became {coloured.shape}"

    def test_colours_odd_sizes(self) -> None:
        """A picture whose sides fit no stride keeps its size and dtype."""
        coloured = colorkit.Colorizer(self._backend).colorize(_picture())
        assert coloured.shape == (*_picture().shape, 3), f"37 x 53 pixels became {coloured.shape}"
        assert coloured.dtype == np.uint8, f"uint8 became {coloured.dtype}"

    def test_never_sees_nan(self) -> None:
        """A picture with NaN is refused before the backend is asked."""
        try:
            colorkit.Colorizer(self._backend).colorize(np.full((8, 8), np.nan, np.float32))
        except ImageValueError:
            return
        raise AssertionError("a picture of NaN was coloured")

    def test_travels_as_a_recipe(self) -> None:
        """A pickled `colorkit.Colorizer` colours the same where it arrives."""
        recipe = colorkit.Colorizer(self.make_backend())
        here = recipe.colorize(_picture())
        try:
            luggage = pickle.dumps(recipe)
        except Exception as error:
            raise AssertionError(
                f"the backend cannot be pickled: give it a name, or make it picklable ({error})"
            ) from error
        there = pickle.loads(luggage).colorize(_picture())  # noqa: S301  # our own
        np.testing.assert_array_equal(there, here, err_msg="the colours after pickling")

    def test_survives_a_fork(self) -> None:
        """A forked child colours the same with a backend that its parent has used.

        A backend that cannot says so with `BackendError`; the check is then skipped.
        """
        if "fork" not in multiprocessing.get_all_start_methods():
            raise SkipTest("this system has no fork")
        backend = self._backend
        colorizer = colorkit.Colorizer(backend)
        parent = colorizer.colorize(_picture())
        lightness = self._noise(1, 1, 1)

        def work() -> Any:
            try:
                backend.predict(lightness)
            except BackendError as refusal:
                return str(refusal)
            return colorizer.colorize(_picture())

        child = _in_forked_child(work, self.fork_seconds)
        if isinstance(child, str):
            raise SkipTest(f"the backend refuses to work in a forked child: {child}")
        np.testing.assert_array_equal(child, parent, err_msg="the colours in a forked child")


def _picture() -> NDArray[np.uint8]:
    """A gray picture of odd size: a slope with noise on it."""
    slope = np.add.outer(np.arange(37), np.arange(53)) * 2
    return (slope + np.random.default_rng(7).integers(0, 60, slope.shape)).astype(np.uint8)


def _maps(prediction: Prediction) -> list[Array]:
    believed = prediction.distribution
    logits = None if believed is None else believed.logits
    return [m for m in (prediction.ab, logits, *prediction.alternatives) if m is not None]


def _assert_same(found: list[Array], expected: list[Array], what: str) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=f"{what} differs")


def _in_forked_child(work: Callable[[], Any], seconds: float) -> Any:
    """Return what ``work`` returns in a forked child."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sender, work), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads beside a fork are the point
        child.start()
    sender.close()  # else a child that dies is waited for
    try:
        assert receiver.poll(seconds), f"a forked child gave no answer within {seconds} seconds"
        failure, value = receiver.recv()
    except EOFError as closed:
        raise AssertionError("a forked child died") from closed
    finally:
        child.kill()
        child.join()
        receiver.close()
    assert failure is None, f"a forked child failed: {failure}"
    return value


def _send(sender: Connection, work: Callable[[], Any]) -> None:
    try:
        sender.send((None, work()))
    except Exception as error:
        sender.send((repr(error), None))
