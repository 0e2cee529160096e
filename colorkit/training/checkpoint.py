"""All that a run needs to go on as if it had never stopped, in one file."""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.training.learner import Learner
from colorkit.weights import safetensors
from colorkit.weights.fitting import check_fit

Array = NDArray[np.float32]


@dataclass
class Average:
    """A running average of the weights that learn.

    Attributes
    ----------
    momentum : float
        Reached slowly: at step t at most (1 + t) / (10 + t), so that where the run began is soon
        forgotten.
    values : dict
        By path.
    """

    momentum: float
    values: dict[str, Array] = field(default_factory=dict)

    def update(self, variables: list[Any], step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        new = np.float32(1 - min(self.momentum, step / (9 + step)))
        for variable in variables:
            value = np.asarray(variable)
            average = self.values.setdefault(variable.path, value.copy())
            average += new * (value - average)


def weights(learner: Learner, average: Average) -> dict[str, Array]:
    """The result of a run: averages, and the weights themselves where nothing is learned."""
    now = _numbers(learner.network.weights)
    return {path: average.values.get(path, value) for path, value in now.items()}


def save(path: str | os.PathLike[str], learner: Learner, average: Average, minutes: float) -> None:
    """Keep the state of a run; a file that was there stays whole until this one is."""
    tensors: dict[str, Array] = {
        "minutes": np.array([minutes], np.float32),
        **{f"network/{k}": v for k, v in _numbers(learner.network.weights).items()},
        **{f"optimizer/{k}": v for k, v in _numbers(learner.optimizer.variables).items()},
        **{f"average/{k}": v for k, v in average.values.items()},
    }
    safetensors.write(path, tensors)


def restore(path: str | os.PathLike[str], learner: Learner, average: Average) -> float:
    """Take up a state that was kept, and return the minutes that it took.

    Raises
    ------
    WeightsError
        When the file cannot be read, or is of another network or recipe.
    """
    tensors = safetensors.read(path)
    groups = {"network": learner.network.weights, "optimizer": learner.optimizer.variables}
    variables = {f"{group}/{v.path}": v for group, vs in groups.items() for v in vs}
    shapes = {name: tuple(v.shape) for name, v in variables.items()}
    averaged = {f"average/{v.path}": tuple(v.shape) for v in learner.network.trainable_variables}
    check_fit(
        tensors,
        shapes | {"minutes": (1,)},
        f"the checkpoint {os.fspath(path)!r} is not of this recipe",
        averaged,
    )
    for name, variable in variables.items():
        variable.assign(tensors[name].astype(variable.dtype))
    average.values = {
        name.removeprefix("average/"): tensors[name].copy() for name in averaged if name in tensors
    }
    return float(tensors["minutes"][0])


def _numbers(variables: list[Any]) -> dict[str, Array]:
    return {v.path: np.asarray(v, np.float32) for v in variables}
