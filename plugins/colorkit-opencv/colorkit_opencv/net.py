"""A net of cv2.dnn, asked by one thread at a time."""

import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import BackendError

Maps = dict[str, NDArray[np.float32]]


def opencv() -> Any:
    """The module cv2.

    Raises
    ------
    BackendError
        When it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise BackendError(
            "this backend runs on OpenCV, which is not installed: "
            "pip install opencv-python-headless"
        ) from error
    return cv2


class Net:
    """A net that keeps its inputs and answers inside, so that callers take turns.

    It computes on as many threads as ``cv2.setNumThreads`` says. A forked child makes its own.

    Parameters
    ----------
    make : callable
        Takes the module cv2 and returns a ``cv2.dnn.Net``.
    source : str
        Its name, for messages.

    Raises
    ------
    BackendError
        When OpenCV is not installed, or cannot make it.
    """

    def __init__(self, make: Callable[[Any], Any], source: str) -> None:
        self._make = make
        self._source = source
        self.start_anew()
        NETS.add(self)
        with self._lent() as net:
            self.outputs: Sequence[str] = net.getUnconnectedOutLayersNames()

    def start_anew(self) -> None:
        """Forget the net and who has it."""
        self._net: Any = None
        self._turn = threading.Lock()

    def run(self, inputs: Maps, outputs: Sequence[str]) -> list[NDArray[np.float32]]:
        """Ask it.

        Parameters
        ----------
        inputs : dict
            Arrays of four axes, by name.
        outputs : sequence of str
            Names of the answers that are wanted; `outputs` has all.

        Raises
        ------
        BackendError
            When OpenCV fails.
        """
        with self._lent() as net:
            for name, values in inputs.items():
                net.setInput(np.ascontiguousarray(values), name)
            return list(net.forward(outputs))

    @contextmanager
    def _lent(self) -> Iterator[Any]:
        cv2 = opencv()
        with self._turn:
            try:
                if self._net is None:
                    self._net = self._make(cv2)
                yield self._net
            except cv2.error as error:
                reason = str(error).strip().splitlines()[0]
                raise BackendError(
                    f"OpenCV {cv2.__version__} cannot run {self._source!r}: {reason}"
                ) from error


NETS: "weakref.WeakSet[Net]" = weakref.WeakSet()


def _start_anew_after_fork() -> None:
    for net in list(NETS):
        net.start_anew()


if hasattr(os, "register_at_fork"):  # a child may be born while somebody has the net
    os.register_at_fork(after_in_child=_start_anew_after_fork)
