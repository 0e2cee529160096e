"""Photographs seen twice: by a Keras network, and by the file that was made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorkit import lab, pixels
from colorkit.backends.base import prediction
from colorkit.backends.metadata import Metadata
from colorkit.bins import PUBLISHED_TEMPERATURE, Distribution
from colorkit.colorizer import Colorizer
from colorkit.export.pictures import Picture, network_inputs
from colorkit.networks import call
from colorkit.pixels import has_colour
from colorkit.resize import resample

if TYPE_CHECKING:
    import keras

Array = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]
Network = Callable[[Arrays], Arrays]
"""From inputs by name to answers by name: ``logits``, ``ab``, or both; or ``colour``."""


@dataclass(frozen=True, eq=False)
class View:
    """One photograph, by the network and by its file.

    Attributes
    ----------
    lightness : ndarray
        ``(h, w)``, L*. Of a network that gives several colours, all stand one below another, here
        and in the next.
    wanted, found, truth : ndarray
        ``(h, w, 2)`` in Lab units: by the network, by the file, and in the photograph.
    has_colour : bool
        Whether it has any.
    logits : tuple of float or None
        Mean and largest |delta| of logits, where the file gives them.
    levels : ndarray or None
        ``(h, w)``, the largest |delta| of the channels, of a file that takes pictures.
    max_lightness : float
        The largest |delta| between what such a file is given and what it gives.
    """

    lightness: Array
    wanted: Array
    found: Array
    truth: Array
    has_colour: bool
    logits: tuple[float, float] | None = None
    levels: NDArray[np.int16] | None = None
    max_lightness: float = 0.0


def by_keras(network: "keras.Model", metadata: Metadata, picture: Picture) -> Arrays:
    """What a network's file should answer: its logits or ab, or the colours of a picture."""
    inputs = network_inputs(picture, metadata)
    if metadata.interface == "lightness":
        answers = call(network, [inputs[name] for name in metadata.ranges])
        return {name: answer.numpy() for name, answer in answers.items()}
    from colorkit.backends.keras import KerasBackend

    bins = np.array(metadata.bins, np.float32)
    backend = KerasBackend(network, metadata.size, metadata.stride, bins)
    recipe = Colorizer(
        backend, temperature=metadata.temperature, caution=metadata.caution, size=metadata.size
    )
    return {"colour": recipe.colorize(inputs["image"][0])[None]}


def at_maps(wanted: Arrays, file: Network, metadata: Metadata, picture: Picture) -> View:
    """Compare logits or ab, as they come out."""
    found = file(network_inputs(picture, metadata))
    temperature = metadata.temperature or PUBLISHED_TEMPERATURE
    ab = colours(wanted, metadata, temperature)
    true = resample(lab.rgb_to_lab(picture / np.float32(255)), ab.shape[1:3])
    true = np.concatenate([true] * len(ab))
    return View(
        true[..., 0],
        np.concatenate(ab),
        np.concatenate(colours(found, metadata, temperature)),
        true[..., 1:],
        has_colour(picture),
        logits=_off(found["logits"], wanted["logits"]) if "logits" in found else None,
    )


def _off(found: Array, wanted: Array) -> tuple[float, float]:
    off = np.abs(found - wanted)
    return float(off.mean()), float(off.max())


def at_pictures(wanted: Arrays, file: Network, metadata: Metadata, picture: Picture) -> View:
    """Compare whole pictures: the file's with those of `colorkit.colorize`."""
    inputs = network_inputs(picture, metadata)
    sides = wanted["colour"][0], file(inputs)["colour"][0]
    expected, found = (lab.rgb_to_lab(side / np.float32(255)) for side in sides)
    true = lab.rgb_to_lab(picture / np.float32(255))
    given = pixels.split(inputs["image"][0]).lightness
    return View(
        given,
        expected[..., 1:],
        found[..., 1:],
        true[..., 1:],
        has_colour(picture),
        levels=np.abs(sides[0].astype(np.int16) - sides[1]).max(axis=-1),
        max_lightness=float(np.abs(found[..., 0] - given).max()),
    )


def colours(answer: Arrays, metadata: Metadata, temperature: float) -> Array:
    """What ab ``(d, h, w, 2)`` of d colours a network's answer means."""
    if "ab" in answer:
        given = prediction(ab=answer["ab"])
        return np.concatenate([given.ab, *given.alternatives])
    return Distribution(answer["logits"], np.array(metadata.bins, np.float32)).mean(temperature)
