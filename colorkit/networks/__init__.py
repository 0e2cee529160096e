"""Keras models, built by name, with their weights.

Weights alone are ever loaded, by name, shape and count, into a network that colorkit's own code
builds: never a saved model, which may bring code.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit import registry
from colorkit.errors import WeightsError
from colorkit.registry import NetworkSpec
from colorkit.weights import safetensors

if TYPE_CHECKING:
    import keras

__all__ = ["build", "load_weights", "packaged_weights"]

SHOWN = 5
"""Differences that a message names before it counts the rest."""


def build(name: str, *, weights: str | os.PathLike[str] | None = "default") -> "keras.Model":
    """Build a network.

    Parameters
    ----------
    name : str
        Of a registered network, such as "lite".
    weights : str, path or None
        "default" loads the weights that come with the network, a path those of a .safetensors
        file. None leaves them random, for training from nothing.

    Returns
    -------
    keras.Model
        Lightness ``(N, H, W, 1)`` in 0..100 to logits on the 313 ab bins.

    Raises
    ------
    UnknownNameError
        When no network of that name is registered.
    BackendError
        When Keras is not installed.
    WeightsError
        When the weights are missing, damaged or of another network.
    """
    spec, make = registry.get_network(name)
    model: keras.Model = make()
    if weights is None:
        return model
    if weights == "default":
        with packaged_weights(spec) as path:
            load_weights(model, safetensors.read(path), path)
    else:
        load_weights(model, safetensors.read(weights), weights)
    return model


def load_weights(
    model: "keras.Model",
    tensors: Mapping[str, NDArray[np.floating[Any]]],
    source: str | os.PathLike[str],
) -> None:
    """Give a model its weights: all of them, or none when anything does not fit.

    Parameters
    ----------
    model : keras.Model
        Its weights are named by their paths, such as ``stem/kernel``.
    tensors : mapping
        Names to arrays.
    source : str or path
        Where they come from, for messages.

    Raises
    ------
    WeightsError
        With the first differences in names and shapes.
    """
    variables = {variable.path: variable for variable in model.weights}
    differences = list(_differences({k: tuple(v.shape) for k, v in variables.items()}, tensors))
    if differences:
        more = len(differences) - SHOWN
        raise WeightsError(
            f"the weights in {os.fspath(source)!r} do not fit the network {model.name!r}: "
            f"{'; '.join(differences[:SHOWN])}{f'; and {more} more' if more > 0 else ''}"
        )
    for name, values in tensors.items():
        variables[name].assign(values)


def _differences(
    shapes: Mapping[str, tuple[int, ...]], tensors: Mapping[str, NDArray[np.floating[Any]]]
) -> Iterator[str]:
    for name, shape in shapes.items():
        if name not in tensors:
            yield f"{name!r} is missing"
        elif tensors[name].shape != shape:
            yield f"{name!r} has shape {tensors[name].shape}, not {shape}"
    yield from (f"{name!r} is unknown" for name in tensors if name not in shapes)


@contextmanager
def packaged_weights(spec: NetworkSpec) -> Iterator[Path]:
    """The file of weights that comes with a network.

    Raises
    ------
    WeightsError
        When it has none.
    """
    if spec.weights is None:
        raise WeightsError(
            f"network {spec.name!r} comes without weights; give weights= the path of a "
            f".safetensors file, or None for random ones"
        )
    package, _, path = spec.weights.partition(":")
    with as_file(files(package).joinpath(path)) as file:
        yield file
