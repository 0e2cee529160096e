"""How `fav` learns: from pairs of frames, f and g at once."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from colorkit.training.learner import Learner
from colorkit_zoo.fav import losses
from colorkit_zoo.fav.networks import f_and_g

Tensor = Any  # of the backend of Keras

WEIGHTS = {"ranked": 1.0, "bilateral": 0.1, "temporal": 0.6, "refinement": 1.0}
"""Of the terms of the loss.

The paper's 5 for the temporal term is for R, G and B in 0..1. A Lab unit of a or b changes these by
0.006 in the mean, the 20 units that count as 1 here by 0.12: 5 becomes 0.6.
"""


class FavLearner(Learner):
    """The network `fav`, which learns from pairs of frames.

    Parameters
    ----------
    network, bins, regress, body
        As of every `Learner`; ``bins`` and ``regress`` have no part in this one's loss.
    """

    pairs = True

    def __init__(
        self, network: keras.Model, bins: NDArray[np.float32], regress: float, body: keras.Model
    ) -> None:
        super().__init__(network, bins, regress, body)
        self.colour, self.refine = f_and_g(network)
        self.terms = {name: keras.metrics.Mean(name=name) for name in WEIGHTS}

    def call(self, inputs: list[Tensor], training: bool | None = None) -> Tensor:
        """The four colourings of each frame."""
        return self.colour(inputs[0], training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: None = None,
        training: bool = True,
    ) -> Tensor:
        """The loss of a step; in ``y`` are also the first frames' cells that arrive, and trust."""
        colourings, trust = ops.cast(y_pred, "float32"), y["trust"][..., None]
        lightness, truth = x[0], y["ab"]
        pairs = ops.shape(trust)[0]
        before, first = colourings[:pairs, ..., :2], colourings[pairs:, ..., :2]
        arrived = losses.carried(before, y["origin"])
        terms = {
            "ranked": losses.ranked(losses.distances(colourings, truth)),
            "bilateral": losses.bilateral(colourings, lightness, truth),
            "temporal": losses.temporal(arrived, first, trust),
            "refinement": self._refinement(lightness[pairs:], first, arrived, trust, truth[pairs:]),
        }
        for name, value in terms.items():
            self.terms[name].update_state(value)
        return sum(WEIGHTS[name] * value for name, value in terms.items())

    def _refinement(
        self, lightness: Tensor, first: Tensor, arrived: Tensor, trust: Tensor, truth: Tensor
    ) -> Tensor:
        """What g has to learn, from colours that f gives and does not learn from here."""
        first = ops.stop_gradient(first)
        arrived = ops.stop_gradient(arrived) * ops.cast(trust > 0, first.dtype)
        answers = self.refine([lightness, first, arrived, trust], training=True)
        refined, doubtful = (ops.cast(answer, "float32") for answer in answers)
        return losses.refinement(refined, truth, arrived, first, doubtful)
