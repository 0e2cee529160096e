"""Keras models, built by name, with their weights.

Weights alone are ever loaded, by name, shape and count, into a network that colorkit's own code
builds: never a saved model, which may bring code.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit import registry
from colorkit.backends.base import is_ab
from colorkit.errors import WeightsError
from colorkit.registry import NetworkSpec
from colorkit.weights import catalog, safetensors
from colorkit.weights.fitting import check_fit

if TYPE_CHECKING:
    import keras

__all__ = ["build", "call", "default_weights", "load_weights"]


def build(name: str, *, weights: str | os.PathLike[str] | None = "default") -> "keras.Model":
    """Build a network.

    Parameters
    ----------
    name : str
        Of a registered network, such as "lite".
    weights : str, path or None
        "default" loads the network's own: those that come with it, or published ones, which are
        fetched once. Else the name of published weights ("eccv16-caffe"), or the path of a
        .safetensors file. None leaves them random, for training from nothing.

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
        When the weights are missing, damaged or of another network, or cannot be fetched.
    """
    spec, make = registry.get_network(name)
    model: keras.Model = make()
    if weights is None:
        return model
    if weights == "default":
        with default_weights(spec) as path:
            load_weights(model, safetensors.read(path), path)
    else:
        if isinstance(weights, str) and not weights.endswith(".safetensors"):
            weights = catalog.converted(weights)
        load_weights(model, safetensors.read(weights), weights)
    return model


def call(model: "keras.Model", inputs: Sequence[Any]) -> dict[str, Any]:
    """What a network answers in inference: ``logits``, ``ab``, or both.

    A single answer is told by its channels: two for each colour of ab, up to eight colours; or one
    for each class.

    Parameters
    ----------
    model : keras.Model
        Of colorkit's signature.
    inputs : sequence of tensor
        Lightness ``(N, h, w, 1)``; for networks that take them also hints ``(N, h, w, 2)`` in Lab
        units and mask ``(N, h, w, 1)``.
    """
    answers = model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)
    if not isinstance(answers, list | tuple):
        return {"ab" if is_ab(answers.shape[-1]) else "logits": answers}
    ab, logits = answers
    return {"ab": ab, "logits": logits}


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
    check_fit(
        tensors,
        {name: tuple(variable.shape) for name, variable in variables.items()},
        f"the weights in {os.fspath(source)!r} do not fit the network {model.name!r}",
    )
    for name, values in tensors.items():
        variables[name].assign(values)


@contextmanager
def default_weights(spec: NetworkSpec) -> Iterator[Path]:
    """The .safetensors file with a network's own weights, fetched where that is needed.

    Raises
    ------
    WeightsError
        When it has none, or they cannot be fetched.
    """
    if spec.weights is None:
        raise WeightsError(
            f"network {spec.name!r} comes without weights; give weights= the path of a "
            f".safetensors file, or None for random ones"
        )
    if not spec.weights.endswith(".safetensors"):
        yield catalog.converted(spec.weights)
        return
    package, _, path = spec.weights.partition(":")
    with as_file(files(package).joinpath(path)) as file:
        yield file
