"""Networks in ONNX files, run by ONNX Runtime."""

import os
import threading
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import BackendError
from colorkit.backends.onnx import OnnxNetwork

Maps = dict[str, NDArray[np.float32]]


class OnnxBackend(OnnxNetwork):
    """A network in a file that `colorkit.export_onnx` made, run by ONNX Runtime on the CPU.

    One session serves all threads; a forked child makes its own.

    Parameters
    ----------
    path : str or path
        The file.
    threads : int, optional
        For one prediction; as many as there are cores by default.

    Raises
    ------
    BackendError
        When the file cannot be read, keeps numbers elsewhere, was not exported by colorkit, or
        ONNX Runtime refuses it.

    Examples
    --------
    >>> import colorkit
    >>> from colorkit_onnx import OnnxBackend
    >>> colour = colorkit.colorize(gray, OnnxBackend("lite.onnx"))  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int | None = None) -> None:
        super().__init__(path, threads=threads)
        self._start_anew()
        _BACKENDS.add(self)
        self._names = [output.name for output in self._alive().get_outputs()]

    def run(self, inputs: Maps) -> Maps:
        """Ask the network; see `colorkit.backends.onnx.OnnxNetwork.run`."""
        session = self._alive()
        try:
            return dict(zip(self._names, session.run(self._names, inputs), strict=True))
        except Exception as error:  # its exceptions share no other base
            raise self._failure(error) from error

    def _start_anew(self) -> None:
        self._session: Any = None
        self._lock = threading.Lock()

    def _alive(self) -> Any:
        """The session of this process."""
        with self._lock:
            if self._session is None:
                self._session = self._make()
            return self._session

    def _make(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 4  # what goes wrong is raised as well
        # Threads that wait by spinning take the cores from all else that works.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(
                self.model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no other base
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> BackendError:
        return BackendError(f"ONNX Runtime cannot run {self.path!r}: {error}")


_BACKENDS: "weakref.WeakSet[OnnxBackend]" = weakref.WeakSet()
_INHERITED: list[Any] = []
"""A parent's sessions in a forked child: their threads are gone, so that not even taking them apart
is safe."""


def _start_anew_after_fork() -> None:
    for backend in list(_BACKENDS):
        _INHERITED.append(backend._session)
        backend._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)
