"""Networks in ONNX files that colorkit exported: read and checked here, run by a subclass."""

import hashlib
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.backends.base import HintMap, Prediction, no_hints, prediction
from colorkit.backends.files import Maps, answers, read
from colorkit.backends.onnx_metadata import read_metadata
from colorkit.errors import warn
from colorkit.specs import BackendSpec
from colorkit.strips import thread_count

Array = NDArray[np.float32]

ENVIRONMENT = "COLORKIT_ONNX"


class OnnxNetwork(ABC):
    """A network in an ONNX file that `colorkit.export_onnx` made; a subclass says what runs it.

    It is a backend: pickled, it is its path.

    Parameters
    ----------
    path : str or path
        The file. All of it is read now; nothing beside it is.
    threads : int, optional
        For one prediction; as many as there are cores by default.

    Attributes
    ----------
    model : bytes
        The file.
    metadata : Metadata
        What it says of itself.
    stride, size, accepts_hints
        As in every backend.

    Raises
    ------
    BackendError
        When the file cannot be read, keeps numbers elsewhere, or was not exported by colorkit.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int | None = None) -> None:
        self.path = os.fspath(path)
        self.threads = thread_count(threads)
        self.model = read(self.path)
        self.metadata = read_metadata(self.model, self.path)
        self.stride = self.metadata.stride
        self.size = self.metadata.size
        self.accepts_hints = "hints" in self.metadata.ranges

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (type(self), self.path, self.threads)

    @cached_property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.model).hexdigest()

    @abstractmethod
    def run(self, inputs: Maps) -> Maps:
        """Ask the network; may be called from several threads at once.

        Parameters
        ----------
        inputs : dict
            ``lightness`` ``(N, h, w, 1)`` float32 in 0..100, and where the network takes hints,
            ``hints`` ``(N, h, w, 2)`` in Lab units and ``mask`` ``(N, h, w, 1)``. In a file that is
            bound to a size, N is 1 and the size is that.

        Returns
        -------
        dict
            ``logits``, ``ab`` (two channels for each colour, best first) or both, channels last,
            float32.
        """

    def predict(self, lightness: Array, hints: HintMap | None = None) -> Prediction:
        """Colour for lightness ``(N, h, w, 1)`` float32 in 0..100."""
        inputs = {"lightness": lightness}
        if self.accepts_hints:
            given = hints or no_hints(lightness)
            inputs |= {"hints": given.ab, "mask": given.mask}
        maps = answers(self.run, inputs, next(iter(self.metadata.sizes), None))
        bins = np.array(self.metadata.bins, np.float32)
        return prediction(maps.get("logits"), maps.get("ab"), bins=bins)


def specs(runtime: type[OnnxNetwork], ending: str, **about: Any) -> Iterator[BackendSpec]:
    """Backends for the files that the environment variable COLORKIT_ONNX names.

    Parameters
    ----------
    runtime : class
        What runs them.
    ending : str
        Of their names: ``lite.onnx`` becomes the backend ``lite-`` and this.
    **about
        ``requires``, ``install`` and so on, as in `BackendSpec`.

    Yields
    ------
    BackendSpec
        For each file, and each ``.onnx`` file of each folder, in that list. No file is read.

    Warns
    -----
    ColorkitWarning
        A file's name gives no name for a backend, or one that another file has given.
    """
    known: dict[str, Path] = {}
    for path in dict.fromkeys(_listed()):
        name = re.sub(r"[^A-Za-z0-9._-]", "-", path.stem).lstrip("._-")
        if not name or known.setdefault(name, path) is not path:
            warn(f"{str(path)!r} of {ENVIRONMENT} has no name that is free; give it another")
            continue
        bound = type(name, (runtime,), {"__init__": _bound_to(runtime, path)})
        summary = f"{path.name}, run by {runtime.__name__}"
        yield BackendSpec(f"{name}-{ending}", bound, summary=summary, **about)


def _listed() -> Iterator[Path]:
    for item in filter(None, os.environ.get(ENVIRONMENT, "").split(os.pathsep)):
        path = Path(item).absolute()
        yield from sorted(path.glob("*.onnx")) if path.is_dir() else [path]


def _bound_to(runtime: type[OnnxNetwork], path: Path) -> Any:
    def __init__(self: OnnxNetwork, *, threads: int | None = None) -> None:  # noqa: N807
        runtime.__init__(self, path, threads=threads)

    return __init__


def _made(runtime: type[OnnxNetwork], path: str, threads: int) -> OnnxNetwork:
    return runtime(path, threads=threads)
