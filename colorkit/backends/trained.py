"""Networks as `colorkit train` leaves them."""

import hashlib
import os
from pathlib import Path

from colorkit import registry
from colorkit.backends.base import Backend


def from_run(weights: str | os.PathLike[str]) -> Backend:
    """The backend of weights in the folder of a run, whose recipe says what network they are of.

    Raises
    ------
    OptionError
        When there is no recipe beside them.
    BackendError
        When Keras is not installed.
    WeightsError
        When the weights cannot be read, or are not of that recipe.
    """
    from colorkit.training.recipe import RECIPE, Recipe

    recipe = Recipe.read(Path(weights).parent / RECIPE)
    spec, _ = registry.get_network(recipe.network)  # first: it says so where Keras is missing
    from colorkit.backends.keras import KerasBackend
    from colorkit.training.start import trained

    network = trained(recipe, weights)
    sha256 = hashlib.sha256(Path(weights).read_bytes()).hexdigest()
    return KerasBackend(network, spec.size, spec.stride, spec.load_bins(), sha256)
