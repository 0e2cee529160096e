"""Networks in TFLite files, run by LiteRT."""

import hashlib
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.backends.base import HintMap, Prediction, no_hints, prediction
from colorkit.backends.files import Room, answers, read
from colorkit.backends.metadata import read_metadata, signature_names
from colorkit.backends.screening import screen
from colorkit.errors import BackendError
from colorkit.strips import thread_count

Array = NDArray[np.float32]
Runner = Any  # LiteRT's SignatureRunner, which carries no types

MAX_INTERPRETERS = 4
"""That many run at once; further callers wait."""

MAX_KEPT_PIXELS = 2**20
"""An interpreter never gives memory back: one that has seen a larger input is dropped."""


class LiteRTBackend:
    """A network in a TFLite file that `colorkit.export_tflite` made.

    Interpreters are pooled: each serves one thread at a time, and a forked child makes its own.
    It takes hints where the network does.
    """

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
        if self.metadata.interface != "lightness":
            raise BackendError(
                f"{source!r} takes whole pictures and does all that colorkit does itself, at its "
                f"own size (interface {self.metadata.interface!r}); a backend takes lightness: "
                f"export one with interface='lightness', or run the file with LiteRT alone"
            )
        self.stride = self.metadata.stride
        self.size = self.metadata.size
        # Files of earlier versions do not say.
        self._bins = np.array(self.metadata.bins, np.float32) if self.metadata.bins else None
        self._model = model
        self._pools = {
            room: _Pool(model, source, thread_count(threads), name)
            for name, room in signature_names(self.metadata).items()
        }
        with next(iter(self._pools.values())).runner(()) as run:
            takes, gives = set(run.get_input_details()), set(run.get_output_details())
            if not takes - {"hints", "mask"} == {"lightness"} or not gives <= {"logits", "ab"}:
                raise BackendError(
                    f"{source!r} takes {sorted(takes)} and gives {sorted(gives)}; a network takes "
                    f"lightness, perhaps hints and mask, and gives logits, ab, or both"
                )
            self.accepts_hints = "hints" in takes
        if None not in self._pools:  # a file that LiteRT refuses is found out now
            self.predict(np.zeros((1, self.stride, self.stride, 1), np.float32))

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
        model = read(path)
        read_metadata(model, path)  # first: what is no TFLite file is called so
        screen(model, path)
        return cls(model, os.fspath(path), threads=threads)

    @cached_property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self._model).hexdigest()

    def predict(self, lightness: Array, hints: HintMap | None = None) -> Prediction:
        """Colour for lightness ``(N, h, w, 1)`` float32 in 0..100."""
        inputs = {"lightness": lightness}
        if self.accepts_hints:
            given = hints or no_hints(lightness)
            inputs |= {"hints": given.ab, "mask": given.mask}
        room = self._room(lightness)
        with self._pools[room].runner(lightness.shape[:3]) as run:
            maps = answers(lambda maps: dict(run(**maps)), inputs, room)
        return prediction(**maps, bins=self._bins)

    def _room(self, lightness: Array) -> Room:
        """Of the sizes that the file is bound to, the one in which the picture is largest."""
        _, height, width, _ = lightness.shape
        return max(
            self._pools, key=lambda room: min(room[0] / height, room[1] / width) if room else 0
        )


class Lite(LiteRTBackend):
    """The embedded network."""

    def __init__(self, *, threads: int | None = None) -> None:
        model = files("colorkit").joinpath("models/lite.tflite").read_bytes()
        super().__init__(model, "lite.tflite", threads=threads)

    def __reduce__(self) -> tuple[type["Lite"], tuple[()]]:
        return (Lite, ())


class _Pool:
    """Interpreters of one signature of a file, lent to one thread at a time."""

    def __init__(self, model: bytes, source: str, threads: int, signature: str) -> None:
        self._model = model
        self._source = source
        self._threads = threads
        self._signature = signature
        self._start_anew()
        _POOLS.add(self)

    def _start_anew(self) -> None:
        self._idle: list[tuple[tuple[int, ...], Runner]] = []
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(MAX_INTERPRETERS)

    @contextmanager
    def runner(self, shape: tuple[int, ...]) -> Iterator[Runner]:
        """What runs the signature; if possible, one that had inputs of ``shape`` before."""
        with self._free:
            run = self._take(shape) or self.make()
            with self._explained():
                yield run
            # One that failed is not put back: its state is unknown.
            if np.prod(shape) <= MAX_KEPT_PIXELS:
                with self._lock:
                    self._idle.append((shape, run))

    def _take(self, shape: tuple[int, ...]) -> Runner | None:
        with self._lock:
            same = [i for i, (known, _) in enumerate(self._idle) if known == shape]
            return self._idle.pop(same[0] if same else -1)[1] if self._idle else None

    def make(self) -> Runner:
        """A new one."""
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise BackendError(
                "this backend runs on LiteRT, which is not installed: pip install ai-edge-litert "
                "(there are wheels for Linux, Windows and Apple silicon, Python 3.11 to 3.14)"
            ) from error
        with self._explained():
            interpreter = Interpreter(model_content=self._model, num_threads=self._threads)
            return interpreter.get_signature_runner(self._signature)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, RuntimeError, ValueError) as error:
            raise BackendError(f"LiteRT cannot run {self._source!r}: {error}") from error


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
