"""Networks in TFLite files, run by LiteRT."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.backends.base import HintMap, Prediction
from colorkit.backends.metadata import read_metadata
from colorkit.bins import Distribution
from colorkit.errors import BackendError
from colorkit.resize import fit, resample
from colorkit.strips import thread_count

Array = NDArray[np.float32]

MAX_FILE_BYTES = 2**30
MAX_INTERPRETERS = 4
"""That many run at once; further callers wait."""

MAX_KEPT_PIXELS = 2**20
"""An interpreter never gives memory back: one that has seen a larger input is dropped."""


class LiteRTBackend:
    """A network in a TFLite file that `colorkit.export_tflite` made.

    Interpreters are pooled: each serves one thread at a time, and a forked child makes its own.
    """

    accepts_hints = False

    def __init__(self, model: bytes, source: str, *, threads: int | None = None) -> None:
        """Load the network.

        Parameters
        ----------
        model : bytes
            The TFLite file.
        source : str
            Its name, for messages.
        threads : int, optional
            For one prediction; as many as there are cores by default.

        Raises
        ------
        BackendError
            When LiteRT is not installed, or the file is not one that colorkit exported.
        """
        self.metadata = read_metadata(model, source)
        self.stride = self.metadata.stride
        self.size = self.metadata.size
        self._pool = _Pool(model, source, thread_count(threads))
        with self._pool.interpreter((1, self.stride, self.stride)):
            pass  # a file that LiteRT refuses is found out now

    @classmethod
    def from_file(
        cls, path: str | os.PathLike[str], *, threads: int | None = None
    ) -> "LiteRTBackend":
        """The backend of a ``.tflite`` file.

        Raises
        ------
        BackendError
            When it cannot be read, or is not a file that colorkit exported.
        """
        try:
            size = os.stat(path).st_size
            if size > MAX_FILE_BYTES:
                raise BackendError(
                    f"{os.fspath(path)!r} has {size} bytes; networks of at most {MAX_FILE_BYTES} "
                    f"are loaded"
                )
            model = Path(path).read_bytes()
        except OSError as error:
            raise BackendError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error
        return cls(model, os.fspath(path), threads=threads)

    def predict(self, lightness: Array, hints: HintMap | None = None) -> Prediction:
        """Colour for lightness ``(N, h, w, 1)`` float32 in 0..100."""
        with self._pool.interpreter(lightness.shape[:3]) as interpreter:
            values = _run(interpreter, lightness)
        if self.metadata.output == "ab":
            return Prediction(ab=values)
        return Prediction(distribution=Distribution(values))


class Lite(LiteRTBackend):
    """The embedded network."""

    def __init__(self, *, threads: int | None = None) -> None:
        model = files("colorkit").joinpath("models/lite.tflite").read_bytes()
        super().__init__(model, "lite.tflite", threads=threads)

    def __reduce__(self) -> tuple[type["Lite"], tuple[()]]:
        return (Lite, ())


def _run(interpreter: Any, lightness: Array) -> Array:
    """The network's answer to ``(N, h, w, 1)``, at any integer fraction of that size."""
    [details] = interpreter.get_input_details()
    if -1 in details["shape_signature"]:
        return _invoke(interpreter, lightness)
    return np.concatenate([_run_fitted(interpreter, picture) for picture in lightness])


def _run_fitted(interpreter: Any, picture: Array) -> Array:
    """A file of one size sees the whole picture, shrunk to fit into it, never squashed."""
    [details] = interpreter.get_input_details()
    room = details["shape"][1:3]
    small, network = fit(picture[..., 0], (int(room[0]), int(room[1])))
    [values] = _invoke(interpreter, small[None, :, :, None])
    factor = room[0] // values.shape[0]
    seen = values[: -(-network[0] // factor), : -(-network[1] // factor)]
    grid = (picture.shape[0] // factor, picture.shape[1] // factor)
    return resample(seen, grid)[None]


def _invoke(interpreter: Any, lightness: Array) -> Array:
    [input_details], [output_details] = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    interpreter.set_tensor(input_details["index"], np.ascontiguousarray(lightness))
    interpreter.invoke()
    values: Array = interpreter.get_tensor(output_details["index"])
    return values


class _Pool:
    """Interpreters of one file, lent to one thread at a time."""

    def __init__(self, model: bytes, source: str, threads: int) -> None:
        self._model = model
        self._source = source
        self._threads = threads
        self._start_anew()
        _POOLS.add(self)

    def _start_anew(self) -> None:
        self._idle: list[tuple[tuple[int, ...], Any]] = []
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(MAX_INTERPRETERS)

    @contextmanager
    def interpreter(self, shape: tuple[int, ...]) -> Iterator[Any]:
        """An interpreter that is ready for inputs of ``shape`` ``(N, h, w)``."""
        with self._free:
            interpreter = self._take(shape)
            yield interpreter
            # One that failed is not put back: its state is unknown.
            if np.prod(shape) <= MAX_KEPT_PIXELS:
                with self._lock:
                    self._idle.append((shape, interpreter))

    def _take(self, shape: tuple[int, ...]) -> Any:
        with self._lock:
            same = [i for i, (known, _) in enumerate(self._idle) if known == shape]
            known, interpreter = (
                self._idle.pop(same[0] if same else -1) if self._idle else ((), None)
            )
        interpreter = interpreter or self._make()
        if known != shape:
            with self._explained():
                _allocate(interpreter, shape)
        return interpreter

    def _make(self) -> Any:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise BackendError(
                "this backend runs on LiteRT, which is not installed: pip install ai-edge-litert "
                "(there are wheels for Linux, Windows and Apple silicon, Python 3.11 to 3.14)"
            ) from error
        with self._explained():
            return Interpreter(model_content=self._model, num_threads=self._threads)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"LiteRT cannot run {self._source!r}: {error}") from error


def _allocate(interpreter: Any, shape: tuple[int, ...]) -> None:
    [details] = interpreter.get_input_details()
    if -1 in details["shape_signature"]:
        interpreter.resize_tensor_input(details["index"], [*shape, 1], strict=True)
    interpreter.allocate_tensors()


_POOLS: "weakref.WeakSet[_Pool]" = weakref.WeakSet()
_INHERITED: list[Any] = []
"""A parent's interpreters in a forked child: their threads are gone, so that not even taking them
apart is safe."""


def _start_anew_after_fork() -> None:
    for pool in list(_POOLS):
        _INHERITED.extend(pool._idle)
        pool._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)
