"""The network that is exported, and the checks before the work."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from colorkit import registry
from colorkit.atomic import write_atomically
from colorkit.backends.base import MAX_COLOURS, is_ab
from colorkit.bins import gamut_bins, grid_bins
from colorkit.errors import ExportError
from colorkit.specs import is_installed

if TYPE_CHECKING:
    import keras

Weights = str | os.PathLike[str] | None

INPUTS = ("lightness", "hints", "mask")
"""Of the signature, in the order of the model's; a network without hints has the first alone."""

SIZE, STRIDE = 256, 32
"""Of a model that is not registered as a network."""

UNKNOWN = "NOASSERTION"
"""The licence of weights of which none is known."""

_ID = r"\(*[\w.:+-]+\)*"
_SPDX = re.compile(rf"{_ID}( (AND|OR|WITH) {_ID})*")


class WeightsForm(TypedDict, total=False):
    """Options of exporting that say which weights a network has, and whose."""

    weights: Weights
    license: str | None


@dataclass(frozen=True)
class Source:
    """A network, and what is known about it.

    Attributes
    ----------
    model : keras.Model
        With its weights.
    size, stride, license
        As of a `NetworkSpec`.
    weights_sha256 : str
        Of the file that the weights were read from; empty when they came from memory.
    bins : tuple of tuple of float
        The colour of each class of its logits; none where it gives ab alone.
    """

    model: "keras.Model"
    size: int
    stride: int
    license: str
    weights_sha256: str
    bins: tuple[tuple[float, float], ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Their names, in the order of the model's."""
        return INPUTS[: len(self.model.inputs)]

    @property
    def gives_ab(self) -> bool:
        """Whether it has ab of its own, perhaps besides logits."""
        return not self.bins or len(self.model.outputs) > 1


def source(
    network: "str | keras.Model", weights: Weights = "default", license: str | None = None
) -> Source:
    """Build a network with its weights, or take the one that is given.

    Raises
    ------
    ExportError
        When it is neither a name nor a functional model of colorkit's signature, or the licence is
        no SPDX expression.
    """
    import keras

    if license is not None and not _SPDX.fullmatch(license):
        raise ExportError(
            f"license must be an SPDX expression, such as 'CC-BY-4.0' or 'MIT AND Apache-2.0'; "
            f"received {license!r}"
        )
    if isinstance(network, str):
        return _registered(network, weights, license)
    if not isinstance(network, keras.Model):
        raise ExportError(f"network must be a name or a keras.Model; received {network!r}")
    if weights != "default":
        raise ExportError(
            f"weights= goes with the name of a network; a keras.Model has its own; "
            f"received {weights!r}"
        )
    known = registry.networks().get(network.name)
    size, stride = (known.size, known.stride) if known else (SIZE, STRIDE)
    bins = _bins(network, known.load_bins() if known else None)
    return Source(network, size, stride, license or UNKNOWN, weights_sha256="", bins=bins)


def sample_sizes(origin: Source) -> list[tuple[int, int]]:
    """One square, one not, so that a file of any size has to show it."""
    return [(origin.size, origin.size), (4 * origin.stride, 6 * origin.stride)]


def _registered(name: str, weights: Weights, license: str | None) -> Source:
    from colorkit.networks import build

    spec, _ = registry.get_network(name)
    model = build(name, weights=weights)
    known, file = _origin(spec, weights)
    sha256 = hashlib.sha256(file).hexdigest() if file else ""
    bins = _bins(model, spec.load_bins())
    return Source(model, spec.size, spec.stride, license or known or UNKNOWN, sha256, bins)


def _origin(spec: registry.NetworkSpec, weights: Weights) -> tuple[str, bytes]:
    """The licence of weights, if it is known, and the file that they were read from."""
    from colorkit.networks import default_weights
    from colorkit.weights import catalog

    if weights is None:
        return "", b""
    if weights == "default":
        with default_weights(spec) as file:
            return spec.license, file.read_bytes()
    if isinstance(weights, str) and not weights.endswith(".safetensors"):
        return registry.get_weights(weights).license, catalog.converted(weights).read_bytes()
    return "", Path(weights).read_bytes()


def _bins(
    model: "keras.Model", known: NDArray[np.float32] | None
) -> tuple[tuple[float, float], ...]:
    """The colour of each class of a model's logits; none where it gives ab alone."""
    takes = [it.shape[-1] for it in getattr(model, "inputs", None) or []]
    gives = [it.shape[-1] for it in getattr(model, "outputs", None) or []]
    choices = [known] if known is not None else [gamut_bins(), grid_bins()]
    bins = next((bins for bins in choices if gives in ([len(bins)], [2, len(bins)])), None)
    gives_ab = len(gives) == 1 and is_ab(gives[0])
    if takes not in ([1], [1, 2, 1]) or (bins is None and not gives_ab):
        counts = " or ".join(str(len(bins)) for bins in choices)
        raise ExportError(
            f"network must be a functional model from lightness (N, h, w, 1), perhaps with hints "
            f"(N, h, w, 2) and mask (N, h, w, 1), to logits (N, h/k, w/k, {counts}), to ab "
            f"(N, h/k, w/k, 2), to ab of up to {MAX_COLOURS} colours, or to ab of one and logits; "
            f"received {model.name!r} with {takes} channels in and {gives} out"
        )
    return () if bins is None else tuple((float(a), float(b)) for a, b in bins)


def check_path(path: Path, suffix: str) -> None:
    """Refuse a file that could not be put there, before the work is done."""
    if path.suffix.lower() != suffix:
        raise ExportError(f"the file's name must end in {suffix}; received {os.fspath(path)!r}")
    if not path.parent.is_dir():
        raise ExportError(f"there is no folder {os.fspath(path.parent)!r}; make it first")


def check_packages(wanted: Mapping[str, str], format: str, extra: str) -> None:
    """Name what is not installed, and refuse Keras on another backend than TensorFlow.

    Parameters
    ----------
    wanted : mapping
        Modules, with the packages that have them.
    format, extra : str
        What they are for, and the extra that installs them.
    """
    wanted = {"keras": "keras", "tensorflow": "tensorflow", **wanted}
    missing = [package for module, package in wanted.items() if not is_installed(module)]
    if missing:
        raise ExportError(
            f"export to {format} needs {', '.join(missing)}: pip install 'colorkit[{extra}]'"
        )
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"export to {format} needs Keras to run on TensorFlow, and here it runs on "
            f"{keras.backend.backend()!r}; set the environment variable KERAS_BACKEND=tensorflow "
            f"before Python starts (weights may come from any Keras backend)"
        )


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ExportError(f"cannot write {os.fspath(path)!r}: {error}") from error
